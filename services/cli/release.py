"""``marquee release``: publish a bundle to the bucket, index its films, then move the pointer that servers follow."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.bucket import open_remote, upload
from services.cli.console import EXIT_CODES, JsonOption, Output
from services.cli.index import load_index, patient_writer
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from services.adapters.bundle.s3.bundles import S3Bundles
    from services.adapters.search.opensearch.target import OpenSearchTarget
    from services.settings import Settings


def register(parent: typer.Typer) -> None:
    """Add the verb to the command line."""
    parent.command(epilog=EXIT_CODES)(release)


def release(
    version: Annotated[str | None, typer.Argument(help="Version; default: the active one on this machine.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, changing nothing.")] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the previous release.")] = False,
    keep: Annotated[
        int | None,
        typer.Option(min=0, help="Then remove old bundles and indexes, keeping this many besides those in use."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Release a bundle: publish it, index it, then switch servers to it.

    Uploads the bundle to BUNDLE_BUCKET, loads and tests its OpenSearch index (if OPENSEARCH_ENDPOINT is set), and only
    then moves the bucket's pointer: servers switch within a minute. If anything fails, the previous release is still
    served; run the command again to resume. A version that is not on this machine must be in the bucket.
    """
    if rollback and (version is not None or keep is not None):
        raise Misused("--rollback goes back to the previous release: it takes neither a version nor --keep")
    from services.settings import load_settings

    settings, output = load_settings(), Output(as_json)
    remote = open_remote(settings)
    chosen = remote.previous() if rollback else _version_or_active(settings, version)
    if dry_run:
        _plan(settings, remote, chosen, output)
        return
    files = 0 if rollback else _publish(settings, remote, chosen, output)
    target = settings.opensearch
    index = _index(settings, target, remote, chosen, output) if target else None
    pointer = remote.activate(chosen)
    removed = _prune(target, remote, keep, output) if keep is not None else []
    document = {"version": pointer.version, "previous": pointer.previous, "files": files, "index": index,
                "removed": removed}  # fmt: skip
    output.result(document, _lines(document))


def _version_or_active(settings: "Settings", version: str | None) -> str:
    from services.adapters.bundle.local import LocalBundles

    return version or LocalBundles(settings.marquee_home).pointer().version


def _publish(settings: "Settings", remote: "S3Bundles", version: str, output: Output) -> int:
    """Upload a bundle of this machine; return how many files were uploaded. Other bundles must be in the bucket."""
    from services.adapters.bundle.local import LocalBundles

    bundles = LocalBundles(settings.marquee_home)
    return upload(remote, bundles, version, output)[0] if version in bundles.list() else 0


def _index(settings: "Settings", target: "OpenSearchTarget", remote: "S3Bundles", version: str, output: Output) -> str:
    """Load the index of a published bundle, unless it is complete; return its name."""
    from services.adapters.bundle.local import LocalBundles

    path = remote.fetch(version, LocalBundles(settings.marquee_home).root)
    return load_index(target, path, output).index


def _prune(target: "OpenSearchTarget | None", remote: "S3Bundles", keep: int, output: Output) -> list[str]:
    """Remove what is outdated; return the names of indexes, then the versions of bundles."""
    pointer = remote.pointer()
    indexes: list[str] = []
    if target is not None:
        from data_jobs.indexing.old_indexes import prune

        served = [each for each in (pointer.version, pointer.previous) if each]
        with patient_writer(target, output) as (client, patience):
            indexes = prune(client, patience, served, keep)
    return indexes + remote.prune(keep)


def _plan(settings: "Settings", remote: "S3Bundles", version: str, output: Output) -> None:
    """Print what a release would do, without changing anything."""
    from services.adapters.bundle.local import LocalBundles
    from services.recommender.errors import BundleMissing

    bundles, target = LocalBundles(settings.marquee_home), settings.opensearch
    published = remote.is_published(version)
    if not published:
        bundles.verify(version)
    try:
        released: str | None = remote.pointer().version
    except BundleMissing:
        released = None
    before = released or "nothing"
    index = target.index_name(version) if target else None
    indexed = target is not None and _is_indexed(target, version, output)
    document = {"version": version, "published": published, "index": index, "indexed": indexed, "released": released}
    output.result(
        document,
        [
            f"Bundle {version}: {'already published' if published else 'would be published'}.",
            *([f"Index {index}: {'already complete' if indexed else 'would be loaded'}."] if index else []),
            f"Pointer: {'already there' if released == version else f'would move from {before}'}.",
            "Nothing was changed.",
        ],
    )


def _is_indexed(target: "OpenSearchTarget", version: str, output: Output) -> bool:
    from data_jobs.indexing.old_indexes import indexes

    with patient_writer(target, output) as (client, patience):
        return any(each.note.bundle == version and each.note.complete for each in indexes(client, patience))


def _lines(document: dict[str, Any]) -> list[str]:
    upload_note = f"{document['files']} files uploaded" if document["files"] else "already published"
    index = f", index {document['index']} complete" if document["index"] else ""
    before = document["previous"] or "none"
    lines = [f"Bundle {document['version']} is released ({upload_note}{index}; previous: {before})."]
    return lines + ([f"Removed {', '.join(document['removed'])}."] if document["removed"] else [])
