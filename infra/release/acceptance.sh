#!/usr/bin/env bash
# Prove that a stage can be created from nothing: deploy, release the sample catalogue, accept it from outside, destroy.
# After any failure, including Ctrl-C, the stage is destroyed and a report is written. It needs an account without the
# stage.
#
#   infra/release/acceptance.sh STAGE [-c name=value ...]        the report: acceptance-STAGE-TIME.json
#
# Exit code 0: accepted and removed; else 1, or 128 plus the number of the signal that ended it.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [ "$1" = prod ]; then
    echo "prod keeps its data, so it can't be used for a trial: use dev, with settings of prod in its file." >&2
    exit 2
fi
. infra/release/deployment.sh "$@"
# Empty arrays are unset for the bash of macOS.
context=("${@:2}")
if ! not_deployed; then
    echo "Stage $STAGE is deployed in $AWS_REGION: this would destroy it. Use an account without it." >&2
    exit 2
fi
# Deleting a stack may need several attempts: a bucket may get its last access log late, for example.
TRIES=3
PAUSE_S="${PAUSE_S:-60}"
began="$(date -u +%Y-%m-%dT%H:%M:%SZ)"
report="acceptance-$STAGE-${began//:/}.json"
step=estimate

# A release in progress would write into what is being destroyed.
stop_releases() {
    local machine execution
    machine="$(output ReleaseMachine 2>/dev/null)" || return 0
    [ -n "$machine" ] && [ "$machine" != None ] || return 0
    for execution in $(aws stepfunctions list-executions --state-machine-arn "$machine" --status-filter RUNNING \
        --output text --query 'executions[].executionArn'); do
        aws stepfunctions stop-execution --execution-arn "$execution" --cause "make acceptance ended" >/dev/null
    done
}

removed() {
    local try
    stop_releases || true
    for ((try = 1; ; try++)); do
        infra/node_modules/.bin/cdk destroy --all --force -c "stage=$STAGE" ${context[@]+"${context[@]}"} && return 0
        [ "$try" -lt "$TRIES" ] || return 1
        sleep "$PAUSE_S"
    done
}

write_report() {
    python3 - "$step" "$gone" "$STAGE" "$began" "$(git rev-parse HEAD)" <<'REPORT'
import json, sys
from datetime import datetime, timezone

def read(name):
    try:
        return json.load(open(name))
    except (OSError, ValueError):
        return None  # the run did not get that far

step, gone, stage, began, commit = sys.argv[1:]
now = datetime.now(timezone.utc)
hours = (now - datetime.strptime(began, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)).total_seconds() / 3_600
month = read("cost.json")
# The month's bill by the hour, and one of the month's releases.
spent = None
if month:
    bill = month["bills"][0]
    parts = {True: 1 / bill["deployment"]["releases"], False: hours / 730}
    spent = round(sum(line["usd"] * parts[line["service"] == "CodeBuild"] for line in bill["lines"]), 2)
print(json.dumps({
    "stage": stage, "commit": commit, "began": began, "ended": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "accepted": step == "done", "failed_at": None if step == "done" else step, "removed": gone == "yes",
    "hours": round(hours, 2), "cost_usd_estimated": spent, "cost_a_month": month, "found": read("accepted.json"),
}, indent=1))
REPORT
}

finish() {
    local code=$?
    # From here on nothing interrupts the script until the stage is gone: no second Ctrl-C, no closed terminal.
    trap '' INT TERM HUP PIPE
    set +e
    gone=yes
    removed || gone=no
    [ "$step" = done ] && [ "$gone" = yes ] || code=$((code > 0 ? code : 1))
    write_report >"$report"
    rm -f accepted.json cost.json
    cat "$report"
    echo "Report: $report. Real cost: Cost Explorer, a day from now, by the tag stage=$STAGE." >&2
    [ "$gone" = yes ] || echo "Stage $STAGE is NOT removed and is billed: make destroy STAGE=$STAGE" >&2
    exit "$code"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# The HTTP API's own address, bypassing CloudFront, must be refused before anything runs.
refuses_strangers() {
    local address status
    address="$(output OriginUrl)"
    if [ -z "$address" ] || [ "$address" = None ]; then return 0; fi
    status="$(curl -sS -o /dev/null -w '%{http_code}' "$address/version")"
    [ "$status" = 401 ] || { echo "$address answers $status without the origin header, expected 401" >&2 && return 1; }
}

rm -f accepted.json cost.json
marquee cost --stage "$STAGE" --rps 0 --json >cost.json
step=deploy
APPROVAL=never infra/release/deploy.sh "$@"
use_deployment
step=release
steps start release
step=accept
key="$(marquee keys create acceptance --scope serve --scope admin --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])')"
# Through the environment: others can see arguments.
API_KEY="$key" marquee doctor --url "$(output Url)" --json >accepted.json
refuses_strangers
step=done
