"""``marquee bundle``: manage the bundles on this machine and in the bucket."""

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.bucket import fetch, list_published, publish
from services.cli.console import EXIT_CODES, JsonOption, Output, table

if TYPE_CHECKING:
    from services.adapters.bundle.local import LocalBundles

app = typer.Typer(
    help="Bundles: list, activate, verify, roll back; publish to a bucket, fetch from it.",
    rich_markup_mode=None,
    epilog=EXIT_CODES,
)
app.command(epilog=EXIT_CODES)(publish)
app.command(epilog=EXIT_CODES)(fetch)
Version = Annotated[str, typer.Argument(help="Version, as shown by `marquee bundle list`.")]


def register(parent: typer.Typer) -> None:
    """Add the verbs to the command line."""
    parent.add_typer(app, name="bundle")


def open_bundles() -> "LocalBundles":
    """Return the bundles under ``MARQUEE_HOME``."""
    from services.adapters.bundle.local import LocalBundles
    from services.settings import load_settings

    return LocalBundles(load_settings().marquee_home)


@app.command("list", epilog=EXIT_CODES)
def list_bundles(
    bucket: Annotated[bool, typer.Option("--bucket", help="List those in BUNDLE_BUCKET instead.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the bundles and mark the active one."""
    if bucket:
        list_published(Output(as_json))
        return
    from services.recommender.errors import BundleError

    bundles = open_bundles()
    try:
        active: str | None = bundles.pointer().version
    except BundleError:
        active = None
    documents = [_described(bundles, version, version == active) for version in bundles.list()]
    rows = [("*" if each["active"] else "", *list(each.values())[1:]) for each in documents]
    headings = ("", "version", "films", "encoder", "MB", "built", "sources")
    Output(as_json).result(documents, table(headings, rows) if rows else ["No bundles yet; run `marquee build`."])


def _described(bundles: "LocalBundles", version: str, active: bool) -> dict[str, object]:
    from services.adapters.bundle.manifest import Manifest
    from services.recommender.errors import BundleError

    try:
        manifest = Manifest.load(bundles.path(version))
    except BundleError as error:
        return {"active": active, "version": version, "films": "damaged", "encoder": "", "megabytes": "",
                "created_at": "", "sources": str(error)}  # fmt: skip
    return {
        "active": active,
        "version": version,
        "films": manifest.counts.get("films", 0),
        "encoder": manifest.encoder_id or "none",
        "megabytes": round(sum(entry.size for entry in manifest.files.values()) / 1e6, 1),
        "created_at": manifest.created_at,
        "sources": ", ".join(manifest.sources),
    }


@app.command(epilog=EXIT_CODES)
def activate(version: Version, as_json: JsonOption = False) -> None:
    """Check a bundle and activate it; running servers pick it up within seconds."""
    pointer = open_bundles().activate(version)
    document = {"version": pointer.version, "previous": pointer.previous}
    Output(as_json).result(
        document, [f"Bundle {pointer.version} is active (before: {pointer.previous or 'none'}).", *_bucket_note()]
    )


@app.command(epilog=EXIT_CODES)
def rollback(as_json: JsonOption = False) -> None:
    """Go back to the previously active bundle."""
    from services.recommender.errors import BundleMissing

    bundles = open_bundles()
    previous = bundles.pointer().previous
    if previous is None:
        raise BundleMissing("There is no bundle to go back to; see `marquee bundle list`.")
    pointer = bundles.activate(previous)
    document = {"version": pointer.version, "previous": pointer.previous}
    lines = [f"Back to bundle {pointer.version} (before: {pointer.previous}).", *_bucket_note()]
    Output(as_json).result(document, lines)


def _bucket_note() -> list[str]:
    from services.settings import load_settings

    bucket = load_settings().bucket
    return [f"Note: servers follow {bucket.uri()}; run `marquee release` to switch them."] if bucket else []


@app.command(epilog=EXIT_CODES)
def verify(
    version: Annotated[str | None, typer.Argument(help="Version; default: the active one.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Read every byte of a bundle and compare it with its manifest."""
    from services.adapters.bundle.reader import text_index_of
    from services.adapters.search.embedded import EmbeddedSearch

    bundles = open_bundles()
    chosen = version or bundles.pointer().version
    bundle = bundles.verify(chosen)
    EmbeddedSearch(bundle, text_index_of(bundles.path(chosen))).close()
    films = len(bundle.catalogue)
    Output(as_json).result(
        {"version": chosen, "ok": True, "films": films}, [f"Bundle {chosen} is intact: {films:,} films."]
    )
