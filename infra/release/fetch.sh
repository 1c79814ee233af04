#!/usr/bin/env bash
# Fetch the released bundle of a stage from its bucket into bundle/, so that `cdk deploy` builds an image with it.
# Before the first release the folder stays empty, and the API reports what is missing until then.
# Any other error ends the deployment: an image without a bundle must not go live by mistake.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. infra/release/deployment.sh "$@"

rm -rf bundle two-tower
mkdir -p bundle two-tower
if not_deployed; then
    echo "Stage $STAGE is not deployed in $AWS_REGION yet: no bundle to fetch." >&2
    exit 0
fi
bucket="$(output BucketName)"
if absent "404" aws s3api head-object --bucket "$bucket" --key current.json; then
    echo "Stage $STAGE has no release yet: start the release job after this deployment." >&2
    exit 0
fi
aws s3 cp --only-show-errors "s3://$bucket/current.json" bundle/current.json
version="$(python3 -c 'import json; print(json.load(open("bundle/current.json"))["version"])')"
aws s3 sync --only-show-errors "s3://$bucket/bundles/$version/" "bundle/bundles/$version/"
# A deployment must not replace the endpoint's model by an older one or none.
if [ "$(setting two_tower)" != off ] &&
    ! absent "404" aws s3api head-object --bucket "$bucket" --key "two-tower/$version/model.tar.gz"; then
    aws s3 cp --only-show-errors "s3://$bucket/two-tower/$version/model.tar.gz" two-tower/model.tar.gz
fi
echo "Bundle $version of stage $STAGE is in bundle/."
