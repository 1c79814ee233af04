#!/usr/bin/env bash
# Roll back to an earlier release through the release state machine (docs/operations.md).
#
#   infra/release/rollback.sh STAGE              list what can be rolled back to
#   infra/release/rollback.sh STAGE VERSION      serve this one: a version of the function, on Fargate a bundle
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. infra/release/deployment.sh "$1"
target="${2:-}"
function="$(job FUNCTION)"
[ "$function" != None ] || function=
if [ -n "$target" ]; then
    kind=--version
    [ -n "$function" ] || kind=--bundle
    steps start rollback "$kind" "$target"
elif [ -n "$function" ]; then
    aws lambda list-versions-by-function --function-name "$function" --output table \
        --query 'Versions[?Version != `$LATEST`].{Version: Version, Made: LastModified, What: Description}'
else
    BUNDLE_BUCKET="$(output BucketName)" marquee bundle list --bucket
fi
