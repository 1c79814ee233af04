#!/usr/bin/env bash
# The released bundle of a stage, from its bucket into bundle/, so that `cdk deploy` makes an image that has it.
# Without one (the first deployment) the folder stays empty, and the API says what is missing until the first release.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
stage="${1:?the stage: dev or prod}"
bucket="$(aws cloudformation describe-stacks --stack-name "Marquee-$stage" --output text \
    --query "Stacks[0].Outputs[?OutputKey=='BucketName'].OutputValue" 2>/dev/null || true)"
rm -rf bundle
mkdir -p bundle
if [ -z "$bucket" ] || [ "$bucket" = None ]; then
    echo "Stage $stage is not deployed yet: no bundle to fetch." >&2
    exit 0
fi
if ! aws s3 cp --only-show-errors "s3://$bucket/current.json" bundle/current.json 2>/dev/null; then
    echo "Stage $stage has no release yet: start the release job after this deployment." >&2
    exit 0
fi
version="$(python3 -c 'import json; print(json.load(open("bundle/current.json"))["version"])')"
aws s3 sync --only-show-errors "s3://$bucket/bundles/$version/" "bundle/bundles/$version/"
echo "Bundle $version of stage $stage is in bundle/."
