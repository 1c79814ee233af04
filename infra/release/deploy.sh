#!/usr/bin/env bash
# Deploy a stage: the CloudFormation stacks first, then the new code through the same state machine as a release: probe,
# a tenth of the requests, then all of them, or roll back. The stage's lock allows one deployment, release or rollback
# at a time.
#
#   infra/release/deploy.sh STAGE [-c name=value ...]
#
# APPROVAL=never: do not ask to approve changes of permissions. CONFIRM=yes: do not ask before removing what the
# settings no longer have. NOW=1: all requests at once, even while an alarm is up, e.g. if the new code fixes it.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. infra/release/deployment.sh "$@"
owner="deploy-$(id -un)-$(date +%s)-$$"
holds=no
# While CloudFormation works, which an interrupted script does not stop.
under_way=no

leave() {
    local code=$?
    [ "$holds" = yes ] || return 0
    if [ "$under_way" = yes ] && [ "$code" -gt 128 ]; then
        echo "CloudFormation continues. The stage stays locked; once it is done: make unlock STAGE=$STAGE" >&2
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
    # A stage deployed before locks existed gets its table now.
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
    echo "Stage $STAGE is deployed and serves nothing yet: upload your data, then make release STAGE=$STAGE."
else
    bundle="$(python3 -c 'import json; print(json.load(open("bundle/current.json"))["version"])')"
    # Passed explicitly: CloudFormation changes nothing if it deployed this image before and the machine rolled it back.
    image="$(output Image)"
    execution="$(steps start deployment --bundle "$bundle" --image "$image" --owner "$owner" --detach ${NOW:+--now})"
    # From here on the machine releases the lock.
    holds=no
    steps follow "$execution"
fi
