"""The image that everything runs from: the repository's Dockerfile, with one target for Lambda and one for a server."""

import json
from pathlib import Path
from typing import TypedDict

from aws_cdk import aws_ecr_assets as ecr_assets

from infra.settings import DeploymentSettings

ROOT = Path(__file__).resolve().parents[2]
# A home with the bundle to serve; `infra/release/fetch.sh` downloads the released one.
BUNDLE = ROOT / "bundle"
_PLATFORMS = {"x86_64": ecr_assets.Platform.LINUX_AMD64, "arm64": ecr_assets.Platform.LINUX_ARM64}


class ImageOptions(TypedDict):
    """The CDK's options to build a target of the Dockerfile."""

    target: str
    platform: ecr_assets.Platform
    build_contexts: dict[str, str] | None
    extra_hash: str


def image_options(settings: DeploymentSettings, target: str, bundle: Path = BUNDLE) -> ImageOptions:
    """Return the options, with the bundle in the folder as the image's last layer, if there is one."""
    version = bundle_version(bundle)
    return {
        "target": target,
        "platform": _PLATFORMS[settings.architecture],
        "build_contexts": {"bundle": str(bundle)} if version else None,
        # The CDK hashes the files of the main context only.
        "extra_hash": version,
    }


def bundle_version(bundle: Path = BUNDLE) -> str:
    """Return the version of the bundle in the folder; empty if there is none."""
    try:
        return str(json.loads((bundle / "current.json").read_bytes())["version"])
    except FileNotFoundError:
        return ""
