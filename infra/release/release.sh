#!/usr/bin/env bash
# One release: raw data -> bundle -> index -> image -> a version that serves it. What is served changes last, after
# everything it needs is there; whatever fails before leaves the old release in service. Servers on Fargate follow the
# pointer in the bucket (docs/releases.md) and need no image.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
: "${BUNDLE_BUCKET:?the data bucket}" "${CANARY_KEY_ARN:?the secret of the canary}"
home="${MARQUEE_HOME:-.marquee}"

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
    published="$(aws lambda update-function-code --function-name "$FUNCTION" --image-uri "$image" --publish \
        --query Version --output text)"
    # SnapStart: the version is there when its snapshot is.
    aws lambda wait published-version-active --function-name "$FUNCTION" --qualifier "$published"
    aws lambda update-alias --function-name "$FUNCTION" --name "$ALIAS" --function-version "$published"
}

# People and the canary's key: after the first release, repeated without effect.
seed() {
    if [ "${DEMO_PEOPLE:-0}" -gt 0 ]; then
        marquee users seed "${inputs[@]}" --limit "$DEMO_PEOPLE"
    fi
    if [ -n "${CANARY_PERSON:-}" ]; then
        marquee users seed "${inputs[@]}" --user "$CANARY_PERSON"
    fi
    local held
    held="$(aws secretsmanager get-secret-value --secret-id "$CANARY_KEY_ARN" --query SecretString --output text)"
    if [[ "$held" != mq_* ]]; then
        # By a file, not by an argument: arguments can be seen by others.
        (umask 077 && marquee keys create canary --json | field key | tr -d '\n' >canary.key)
        aws secretsmanager put-secret-value --secret-id "$CANARY_KEY_ARN" --secret-string file://canary.key >/dev/null
        rm -f canary.key
    fi
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
seed
echo "Release $version is in service."
