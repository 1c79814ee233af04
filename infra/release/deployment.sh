# To be sourced by bash, in the folder of the repository: the names of what a stage has, for the scripts beside this
# one and for the commands of docs/operations.md.
#
#   . infra/release/deployment.sh STAGE [-c name=value ...]      with the settings it was deployed with
#
# Sets STAGE, STACK and AWS_REGION. Once the stage is deployed, `use_deployment` sets what `marquee` needs to work on
# its people, keys and bundles.

STAGE="${1:?the stage: dev or prod}"
STACK="Marquee-$STAGE"
# What is wrong with the settings has been said by then.
shown="$(.ci/uv run --no-sync python -m infra.show -c "stage=$STAGE" "${@:2}")" || return
setting() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1" <<<"$shown"; }
AWS_REGION="$(setting region)"
export STAGE STACK AWS_REGION AWS_DEFAULT_REGION="$AWS_REGION"

marquee() { .ci/uv run --no-sync marquee "$@"; }

# Of the stage: guard, lock, unlock, start, follow (infra/release/__main__.py).
steps() { .ci/uv run --no-sync python -m infra.release "$STAGE" "$@"; }

# What the stack tells of itself.
output() {
    aws cloudformation describe-stacks --stack-name "$STACK" --output text \
        --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue"
}

# What the release job knows.
job() {
    aws codebuild batch-get-projects --names "marquee-$STAGE-release" --output text \
        --query "projects[0].environment.environmentVariables[?name=='$1'].value"
}

# Whether an answer of AWS says that a thing is not there. Anything else, a missing right or an expired login, is no
# such answer: it is told, and ends the script.
absent() {
    local told
    told="$("${@:2}" 2>&1 >/dev/null)" && return 1
    case "$told" in
        *"$1"*) return 0 ;;
    esac
    echo "$told" >&2
    exit 1
}

# Also where the first deployment failed (ROLLBACK_COMPLETE) or was only looked at (REVIEW_IN_PROGRESS): such a stack is
# there and has nothing.
not_deployed() {
    local bucket
    absent "does not exist" aws cloudformation describe-stacks --stack-name "$STACK" && return 0
    bucket="$(output BucketName)" || exit 1
    [ -z "$bucket" ] || [ "$bucket" = None ]
}

# Into the environment of `marquee`.
use_deployment() {
    DDB_USERS_TABLE="$(output UsersTable)"
    DDB_EVENTS_TABLE="$(output EventsTable)"
    DDB_CACHE_TABLE="$(output RecCacheTable)"
    API_KEY_PEPPER_ARN="$(output PepperArn)"
    BUNDLE_BUCKET="$(output BucketName)"
    export DDB_USERS_TABLE DDB_EVENTS_TABLE DDB_CACHE_TABLE API_KEY_PEPPER_ARN BUNDLE_BUCKET
}
