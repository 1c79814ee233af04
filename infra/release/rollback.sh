#!/usr/bin/env bash
# Back to what was served before, by the state machine that also releases (docs/operations.md).
#
#   infra/release/rollback.sh STAGE              what there is to go back to
#   infra/release/rollback.sh STAGE VERSION      serve this one: a version of the function, on Fargate a bundle
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. infra/release/deployment.sh "$1"
wanted="${2:-}"
function="$(job FUNCTION)"
[ "$function" != None ] || function=
if [ -n "$wanted" ]; then
    kind=--version
    [ -n "$function" ] || kind=--bundle
    steps start rollback "$kind" "$wanted"
elif [ -n "$function" ]; then
    aws lambda list-versions-by-function --function-name "$function" --output table \
        --query 'Versions[?Version != `$LATEST`].{Version: Version, Made: LastModified, What: Description}'
else
    BUNDLE_BUCKET="$(output BucketName)" marquee bundle list --bucket
fi
