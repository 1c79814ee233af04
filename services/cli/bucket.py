"""Verbs of ``marquee bundle`` that read and write BUNDLE_BUCKET, and helpers shared with ``release``."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.console import JsonOption, Output, table
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from services.adapters.bundle.local import LocalBundles
    from services.adapters.bundle.s3.bundles import S3Bundles
    from services.adapters.bundle.s3.versions import Published
    from services.settings import Settings


def open_remote(settings: "Settings") -> "S3Bundles":
    """Open the bundles of BUNDLE_BUCKET. Raises Misused if it is not set, BucketUnavailable."""
    bucket = settings.bucket
    if bucket is None:
        raise Misused("BUNDLE_BUCKET is not set: expected a bucket like my-bucket/prefix; see docs/releases.md")
    from services.adapters.bundle.s3.bundles import open_bucket

    return open_bucket(bucket)


def upload(remote: "S3Bundles", bundles: "LocalBundles", version: str, output: Output) -> tuple[int, int]:
    """Publish a local bundle and the features of the last build; return how many files of each were uploaded."""
    path = bundles.path(version)
    with output.progress() as progress:
        files = remote.publish(path, partial(progress.advance, "uploading"))
        features = remote.publish_features(bundles.home / "features", partial(progress.advance, "uploading features"))
    return files, features


def publish(
    version: Annotated[str | None, typer.Argument(help="Version; default: the active one.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Upload a bundle, and the features of the last build, to BUNDLE_BUCKET without releasing it.

    An existing bundle is left as it is; after an interruption only the missing files are uploaded.
    """
    bundles, remote = _local_and_remote()
    chosen, output = version or bundles.pointer().version, Output(as_json)
    files, features = upload(remote, bundles, chosen, output)
    where = remote.bucket.uri(f"bundles/{chosen}/")
    outcome = f"{files} files uploaded" if files else "already there"
    output.result(
        {"version": chosen, "uri": where, "files": files, "features": features},
        [f"Bundle {chosen} is in {where} ({outcome}; feature files uploaded: {features})."],
    )


def fetch(
    version: Annotated[str | None, typer.Argument(help="Version; default: the released one.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Download a bundle from BUNDLE_BUCKET and check every byte, without activating it."""
    bundles, remote = _local_and_remote()
    chosen, output = version or remote.pointer().version, Output(as_json)
    with output.progress() as progress:
        path = remote.fetch(chosen, bundles.root, partial(progress.advance, "downloading"))
    output.result(
        {"version": chosen, "path": str(path)},
        [f"Bundle {chosen} is in {path}; `marquee bundle activate {chosen}` serves it."],
    )


def list_published(output: Output) -> None:
    """List the bundles in the bucket and mark the released one."""
    from services.recommender.errors import BundleError

    _, remote = _local_and_remote()
    published = remote.list()
    try:
        released: str | None = remote.pointer().version
    except BundleError:
        released = None
    versions = [_described(each, each.version == released) for each in published]
    rows = [("*" if each["active"] else "", *list(each.values())[1:]) for each in versions]
    nothing = [f"No bundles in {remote.bucket.uri()} yet; run `marquee release`."]
    output.result(versions, table(("", "version", "MB", "published"), rows) if rows else nothing)


def _local_and_remote() -> "tuple[LocalBundles, S3Bundles]":
    """Return the bundles under MARQUEE_HOME and those in the bucket. Raises Misused, BucketUnavailable."""
    from services.adapters.bundle.local import LocalBundles
    from services.settings import load_settings

    settings = load_settings()
    return LocalBundles(settings.marquee_home), open_remote(settings)


def _described(published: "Published", active: bool) -> dict[str, object]:
    return {
        "active": active,
        "version": published.version,
        "megabytes": round(published.size / 1e6, 1),
        "published_at": published.modified.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
