#!/usr/bin/env bash
# A step of the release job, run by the state machine (infra/release/release_states.py). None changes what is served.
#
#   build    raw data -> two-tower model, if the stage has one -> bundle -> index -> image; the machine finds the
#            result under RELEASE_ID
#   probe    check the responses of RELEASE_BUNDLE, fetched and served as the servers do (on Fargate)
#   tidy     after a release: remove older bundles, indexes and function versions
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
: "${BUNDLE_BUCKET:?the data bucket}" "${CANARY_KEY_ARN:?the secret of the canary}"
home="${MARQUEE_HOME:-.marquee}"
DEMO_USERS="${DEMO_USERS:-}"
NOTE_DAYS=30

marquee() { .ci/uv run --no-sync marquee "$@"; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# Set `inputs`, the options that name the raw data; empty: the sample catalogue.
find_inputs() {
    inputs=()
    aws s3 sync --only-show-errors "s3://$BUNDLE_BUCKET/raw/" raw/
    # Files of any form, recognised as `marquee inspect` shows them.
    if [ -n "$(ls -A raw/own 2>/dev/null)" ]; then
        inputs=(raw/own)
        return 0
    fi
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

# The vectors of the previous release are reused: texts with a vector of the same model are not embedded, and paid for,
# again. The stage's settings name the encoder, so `--yes` accepts its price.
build_bundle() {
    aws s3 sync --only-show-errors "s3://$BUNDLE_BUCKET/features/" "$home/features/"
    local towers=()
    if [ -n "${TWO_TOWER:-}" ]; then
        # On top of what is installed: PyTorch and the libraries it is linked to are 4 GB and in no image.
        .ci/uv sync --locked --quiet --inexact --no-default-groups --group encoder --group aws --group train
        marquee train two-tower --events-from-state "${inputs[@]}"
        towers=(--two-tower)
    fi
    marquee build --yes --no-activate --events-from-state --json "${towers[@]}" "${inputs[@]}" >build.json
    version="$(field version <build.json)"
    if [ -n "${TWO_TOWER:-}" ]; then
        aws s3 cp --only-show-errors "$home/two_tower/model.tar.gz" "s3://$BUNDLE_BUCKET/two-tower/$version/model.tar.gz"
    fi
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
    # Lambda refuses image indexes, which attestations would create.
    docker build --provenance=false --target lambda --platform "$platform" --build-context bundle=bundle \
        --tag "$image" .
    docker push "$image"
}

# Every version's snapshot is billed. Version 1 is CloudFormation's. The version in service and the one served before it
# stay; versions between the two failed their probe.
delete_old_versions() {
    local number served
    served="$(aws lambda get-alias --function-name "$FUNCTION" --name "$ALIAS" --query FunctionVersion --output text)"
    aws lambda list-versions-by-function --function-name "$FUNCTION" --output text \
        --query 'Versions[?Version != `$LATEST` && Version != `1`].[Version]' | sort -n |
        while IFS= read -r number; do
            case "$number" in "$served" | "${VERSION_BEFORE:-$served}") continue ;; esac
            aws lambda delete-function --function-name "$FUNCTION" --qualifier "$number" ||
                echo "Version $number stays." >&2
        done
}

# Store the results for the machine; no field needs escaping.
note() {
    aws dynamodb put-item --table-name "$RELEASES_TABLE" --item "$(printf \
        '{"id": {"S": "%s"}, "until": {"N": "%s"}, "bundle": {"S": "%s"}, "image": {"S": "%s"}}' \
        "$RELEASE_ID" "$(($(date +%s) + NOTE_DAYS * 86400))" "$version" "${image:-none}")"
}

make_canary_key() {
    local held
    held="$(aws secretsmanager get-secret-value --secret-id "$CANARY_KEY_ARN" --query SecretString --output text)"
    [[ "$held" != mq_* ]] || return 0
    # Through a file: others can see arguments.
    (umask 077 && marquee keys create canary --json | field key | tr -d '\n' >canary.key)
    aws secretsmanager put-secret-value --secret-id "$CANARY_KEY_ARN" --secret-string file://canary.key >/dev/null
    rm -f canary.key
}

# Seed the people of the demo page and of the deep canary; safe to repeat.
seed_people() {
    local person people=()
    for person in ${DEMO_USERS//,/ } ${CANARY_PERSON:-}; do people+=(--user "$person"); done
    [ "${#people[@]}" -gt 0 ] || return 0
    # People are stored for the films of the active bundle only. A release must not fail because a name is not in the
    # data.
    { marquee bundle activate "$version" && marquee users seed "${inputs[@]}" "${people[@]}"; } ||
        echo "No people were seeded: set demo_users and canary_person to people of your data." >&2
}

build() {
    : "${RELEASES_TABLE:?the table of releases}" "${RELEASE_ID:?the name of the execution}"
    find_inputs
    build_bundle
    marquee bundle publish "$version"
    if [ -n "${OPENSEARCH_ENDPOINT:-}" ]; then marquee index --bundle "$version"; fi
    if [ -n "${FUNCTION:-}" ]; then build_image; fi
    # The probe needs both.
    make_canary_key
    seed_people
    note
    echo "Bundle $version is built."
}

probe() {
    : "${RELEASE_BUNDLE:?the bundle to try}"
    marquee bundle fetch "$RELEASE_BUNDLE"
    marquee bundle activate "$RELEASE_BUNDLE"
    .ci/uv run --no-sync python -m infra.release.probe_server "$RELEASE_BUNDLE"
}

tidy() {
    version="$(aws s3 cp "s3://$BUNDLE_BUCKET/current.json" - | field version)"
    marquee release "$version" --keep 2
    if [ -n "${FUNCTION:-}" ]; then delete_old_versions; fi
}

case "${RELEASE_STEP:-build}" in
    build | probe | tidy) "${RELEASE_STEP:-build}" ;;
    *) echo "RELEASE_STEP=$RELEASE_STEP: expected build, probe or tidy" >&2 && exit 2 ;;
esac
