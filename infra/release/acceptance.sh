#!/usr/bin/env bash
# Whether a stage comes up, from nothing to nothing: deploy, release the sample catalogue, accept it from outside, write
# down what it found and cost, destroy. It needs an account that has no such stage.
#
#   infra/release/acceptance.sh STAGE [-c name=value ...]        the report: acceptance-STAGE-DATE.json
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [ "$1" = prod ]; then
    echo "prod keeps what it made, so it can't be tried out: use dev, with settings of prod in its file." >&2
    exit 2
fi
. infra/release/deployment.sh "$@"
context=("${@:2}")
if ! not_deployed; then
    echo "Stage $STAGE is deployed in $AWS_REGION: this would destroy it. Take an account without it." >&2
    exit 2
fi
report="acceptance-$STAGE-$(date -u +%Y-%m-%d).json"
began="$(date -u +%Y-%m-%dT%H:%M:%SZ)"
step=deploy

finish() {
    local code=$?
    [ "$code" != 0 ] || step=
    if ! infra/node_modules/.bin/cdk destroy --all --force -c "stage=$STAGE" "${context[@]}"; then
        code=1
        step="${step:-destroy}"
    fi
    python3 - "$step" "$STAGE" "$began" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(git rev-parse HEAD)" >"$report" <<'REPORT'
import json, os, sys

step, stage, began, ended, commit = sys.argv[1:]
read = lambda name: json.load(open(name)) if os.path.exists(name) and os.path.getsize(name) else None
print(json.dumps({"stage": stage, "commit": commit, "began": began, "ended": ended, "accepted": not step,
                  "failed_at": step or None, "found": read("accepted.json"), "cost_a_month": read("cost.json")}, indent=1))
REPORT
    rm -f accepted.json cost.json
    cat "$report"
    echo "What it really cost is in Cost Explorer a day from now, by the tag stage=$STAGE." >&2
    exit "$code"
}
trap finish EXIT

# The HTTP API's own address, past CloudFront: refused before anything runs.
refuses_strangers() {
    local address status
    address="$(output OriginUrl)"
    if [ -z "$address" ] || [ "$address" = None ]; then return 0; fi
    status="$(curl -sS -o /dev/null -w '%{http_code}' "$address/version")"
    [ "$status" = 401 ] || { echo "$address answers $status without the origin header, expected 401" >&2 && return 1; }
}

rm -f accepted.json cost.json
APPROVAL=never infra/release/deploy.sh "$@"
use_deployment
step=release
steps start release
step=accept
key="$(marquee keys create acceptance --scope serve --scope admin --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])')"
marquee cost --stage "$STAGE" --rps 0 --json >cost.json
marquee doctor --url "$(output Url)" --key "$key" --json >accepted.json
refuses_strangers
