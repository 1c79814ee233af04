#!/usr/bin/env bash
# Back to a function version: at once by the alias, and for good by all that the next deployment goes by.
#
#   infra/release/rollback.sh STAGE              the versions there are, newest last, with their bundles
#   infra/release/rollback.sh STAGE VERSION      serve this one
#
# On Fargate there are no versions: `marquee release --rollback` (docs/operations.md).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. infra/release/deployment.sh "$1"
wanted="${2:-}"
function="$(job FUNCTION)"
if [ -z "$function" ] || [ "$function" = None ]; then
    echo "Stage $STAGE has no function in $AWS_REGION: on Fargate, use 'marquee release --rollback'." >&2
    exit 2
fi
if [ -z "$wanted" ]; then
    aws lambda list-versions-by-function --function-name "$function" --output table \
        --query 'Versions[?Version != `$LATEST`].{Version: Version, Made: LastModified, What: Description}'
    exit 0
fi

field() {
    aws lambda get-function --function-name "$function" --qualifier "$wanted" --output text --query "$1"
}
image="$(field Code.ImageUri)"
what="$(field Configuration.Description)"
aws lambda update-alias --function-name "$function" --name "$(job ALIAS)" --function-version "$wanted" >/dev/null
echo "Version $wanted is served: $what."
# The next deployment publishes the function as it stands, even if it only changes a setting.
aws lambda update-function-code --function-name "$function" --image-uri "$image" >/dev/null
aws lambda wait function-updated --function-name "$function"
# And it fetches the bundle that the bucket points to.
bundle="${what##*bundle }"
if [ "$bundle" != none ] && [ "$bundle" != "$what" ]; then
    BUNDLE_BUCKET="$(output BucketName)" marquee release "$bundle"
fi
