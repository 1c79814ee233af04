#!/usr/bin/env bash
# One release: raw data -> bundle -> index -> image -> a version that serves it. What is served changes last, after
# everything it needs is there; whatever fails before leaves the old release in service. Servers on Fargate follow the
# pointer in the bucket (docs/releases.md) and need no image.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
: "${BUNDLE_BUCKET:?the data bucket}" "${CANARY_KEY_ARN:?the secret of the canary}"
home="${MARQUEE_HOME:-.marquee}"
DEMO_USERS="${DEMO_USERS:-}"
# What the descriptions of this job's versions begin with, and how many stay: that in service and the one before.
RELEASED=release:
KEPT_VERSIONS=2

marquee() { .ci/uv run --no-sync marquee "$@"; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# The options that name the raw data; none: the sample catalogue.
find_inputs() {
    inputs=()
    aws s3 sync --only-show-errors "s3://$BUNDLE_BUCKET/raw/" raw/
    [ -f raw/movielens/movies.csv ] || return 0
    inputs=(--movielens raw/movielens)
    local file
    for file in raw/tmdb/*.jsonl raw/tmdb/*.jsonl.gz; do
        if [ -f "$file" ]; then
            inputs+=(--tmdb "$file")
            return 0
        fi
    done
}

build_bundle() {
    marquee build --no-activate --events-from-state --json "${inputs[@]}" >build.json
    version="$(field version <build.json)"
}

build_image() {
    : "${REPOSITORY:?the repository of images}" "${ARCHITECTURE:?x86_64 or arm64}"
    local platform=linux/amd64
    [ "$ARCHITECTURE" = arm64 ] && platform=linux/arm64
    marquee bundle activate "$version"
    rm -rf bundle
    .ci/uv run --no-sync python -m infra.image release "$home" bundle
    image="$REPOSITORY:$version-${CODEBUILD_BUILD_NUMBER:-0}"
    aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}"
    # Lambda refuses the image indexes that attestations make.
    docker build --provenance=false --target lambda --platform "$platform" --build-context bundle=bundle \
        --tag "$image" .
    docker push "$image"
}

serve_by_function() {
    : "${ALIAS:?the alias that is served}"
    local published
    aws lambda update-function-code --function-name "$FUNCTION" --image-uri "$image" >/dev/null
    aws lambda wait function-updated --function-name "$FUNCTION"
    published="$(aws lambda publish-version --function-name "$FUNCTION" --description "$RELEASED bundle $version" \
        --query Version --output text)"
    # SnapStart: the version is there when its snapshot is.
    aws lambda wait published-version-active --function-name "$FUNCTION" --qualifier "$published"
    aws lambda update-alias --function-name "$FUNCTION" --name "$ALIAS" --function-version "$published" >/dev/null
}

# The snapshot of every version is paid for. Those of deployments are CloudFormation's.
delete_old_versions() {
    local number
    aws lambda list-versions-by-function --function-name "$FUNCTION" --output text \
        --query "Versions[?starts_with(Description, '$RELEASED ')].[Version]" | sort -n | head -n "-$KEPT_VERSIONS" |
        while IFS= read -r number; do
            aws lambda delete-function --function-name "$FUNCTION" --qualifier "$number"
        done
}

make_canary_key() {
    local held
    held="$(aws secretsmanager get-secret-value --secret-id "$CANARY_KEY_ARN" --query SecretString --output text)"
    [[ "$held" != mq_* ]] || return 0
    # By a file, not by an argument: arguments can be seen by others.
    (umask 077 && marquee keys create canary --json | field key | tr -d '\n' >canary.key)
    aws secretsmanager put-secret-value --secret-id "$CANARY_KEY_ARN" --secret-string file://canary.key >/dev/null
    rm -f canary.key
}

# Whom the demo page offers and whom the deep canary asks for; repeated without effect.
seed_people() {
    local person people=()
    for person in ${DEMO_USERS//,/ } ${CANARY_PERSON:-}; do people+=(--user "$person"); done
    [ "${#people[@]}" -gt 0 ] || return 0
    # People are stored for the films of the active bundle only. A release must not fail because a name is not in the
    # data.
    { marquee bundle activate "$version" && marquee users seed "${inputs[@]}" "${people[@]}"; } ||
        echo "Nobody was seeded: set demo_users and canary_person to people of your data." >&2
}

find_inputs
build_bundle
if [ -n "${FUNCTION:-}" ]; then
    marquee bundle publish "$version"
    if [ -n "${OPENSEARCH_ENDPOINT:-}" ]; then marquee index --bundle "$version"; fi
    build_image
    serve_by_function
fi
marquee release "$version" --keep 2
if [ -n "${FUNCTION:-}" ]; then delete_old_versions; fi
make_canary_key
seed_people
echo "Release $version is in service."
