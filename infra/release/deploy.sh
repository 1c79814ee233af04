#!/usr/bin/env bash
# A deployment: what CloudFormation holds, and then the new code through the same machine as a release: probe, a tenth
# of the requests, all of them, or back. One at a time with releases and rollbacks, by the lock of the stage.
#
#   infra/release/deploy.sh STAGE [-c name=value ...]
#
# APPROVAL=never: nobody is asked about rights. CONFIRM=yes: nor about what the stage has and its settings have not.
# NOW=1: at once to all requests, even while an alarm is up, as when the new code is to end it.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. infra/release/deployment.sh "$@"
owner="deploy-$(id -un)-$(date +%s)-$$"
holds=no
# Of CloudFormation, which an interrupted script does not stop.
under_way=no

leave() {
    local code=$?
    [ "$holds" = yes ] || return 0
    if [ "$under_way" = yes ] && [ "$code" -gt 128 ]; then
        echo "CloudFormation goes on. The stage stays locked; once it is done: make unlock STAGE=$STAGE" >&2
    else
        steps unlock --owner "$owner"
    fi
}
trap leave EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

if ! not_deployed; then
    steps guard "${@:2}"
    # A stage that was deployed before there was a lock gets one now.
    table="$(output ReleaseTable)"
    if [ -n "$table" ] && [ "$table" != None ]; then
        steps lock --owner "$owner"
        holds=yes
    fi
fi
infra/release/fetch.sh "$@"
under_way=yes
infra/node_modules/.bin/cdk deploy --all --require-approval "${APPROVAL:-broadening}" -c "stage=$STAGE" "${@:2}"
under_way=no

function="$(job FUNCTION)"
if [ -z "$function" ] || [ "$function" = None ]; then
    echo "Stage $STAGE is deployed; its servers were replaced under the alarms."
elif [ ! -f bundle/current.json ]; then
    echo "Stage $STAGE is deployed and serves nothing yet: bring your data, then make release STAGE=$STAGE."
else
    bundle="$(python3 -c 'import json; print(json.load(open("bundle/current.json"))["version"])')"
    # Named, because CloudFormation sees nothing to do where it brought this image before and the machine took it back.
    image="$(output Image)"
    execution="$(steps start deployment --bundle "$bundle" --image "$image" --owner "$owner" --detach ${NOW:+--now})"
    # From here on the machine gives the lock back.
    holds=no
    steps follow "$execution"
fi
