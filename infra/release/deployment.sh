# Source this in bash, in the folder of the repository: the names of a stage's resources, for the scripts here and for
# the commands in docs/operations.md.
#
#   . infra/release/deployment.sh STAGE [-c name=value ...]      with the settings it was deployed with
#
# Sets STAGE, STACK and AWS_REGION. Once the stage is deployed, `use_deployment` sets what `marquee` needs to work on
# its people, keys and bundles.

STAGE="${1:?the stage: dev or prod}"
STACK="Marquee-$STAGE"
# An error in the settings has been printed by then.
shown="$(.ci/uv run --no-sync python -m infra.show -c "stage=$STAGE" "${@:2}")" || return
setting() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1" <<<"$shown"; }
AWS_REGION="$(setting region)"
export STAGE STACK AWS_REGION AWS_DEFAULT_REGION="$AWS_REGION"

marquee() { .ci/uv run --no-sync marquee "$@"; }

# Steps of the stage: guard, lock, unlock, start, follow (infra/release/__main__.py).
steps() { .ci/uv run --no-sync python -m infra.release "$STAGE" "$@"; }

# Print an output of the stack.
output() {
    aws cloudformation describe-stacks --stack-name "$STACK" --output text \
        --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue"
}

# Print an environment variable of the release job.
job() {
    aws codebuild batch-get-projects --names "marquee-$STAGE-release" --output text \
        --query "projects[0].environment.environmentVariables[?name=='$1'].value"
}

# Whether AWS reports that a resource does not exist. Any other error, e.g. a missing permission or an expired login, is
# printed and ends the script.
absent() {
    local message
    message="$("${@:2}" 2>&1 >/dev/null)" && return 1
    case "$message" in
        *"$1"*) return 0 ;;
    esac
    echo "$message" >&2
    exit 1
}

# Also true if the first deployment failed (ROLLBACK_COMPLETE) or was only reviewed (REVIEW_IN_PROGRESS): such a stack
# exists without resources.
not_deployed() {
    local bucket
    absent "does not exist" aws cloudformation describe-stacks --stack-name "$STACK" && return 0
    bucket="$(output BucketName)" || exit 1
    [ -z "$bucket" ] || [ "$bucket" = None ]
}

# Set the environment of `marquee`.
use_deployment() {
    DDB_USERS_TABLE="$(output UsersTable)"
    DDB_EVENTS_TABLE="$(output EventsTable)"
    DDB_CACHE_TABLE="$(output RecCacheTable)"
    API_KEY_PEPPER_ARN="$(output PepperArn)"
    BUNDLE_BUCKET="$(output BucketName)"
    export DDB_USERS_TABLE DDB_EVENTS_TABLE DDB_CACHE_TABLE API_KEY_PEPPER_ARN BUNDLE_BUCKET
}
