"""``marquee index``: load a bundle's films into OpenSearch, and manage the indexes."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.console import EXIT_CODES, JsonOption, Output, table
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opensearchpy import OpenSearch

    from data_jobs.index_opensearch import Indexed
    from data_jobs.indexing.old_indexes import ListedIndex
    from data_jobs.indexing.patience import Patience
    from services.adapters.bundle.local import LocalBundles
    from services.adapters.search.opensearch.target import OpenSearchTarget
    from services.settings import Settings

app = typer.Typer(
    rich_markup_mode=None,
    epilog=EXIT_CODES,
    invoke_without_command=True,
)


def register(parent: typer.Typer) -> None:
    """Add the verbs to the command line."""
    parent.add_typer(app, name="index")


@app.callback()
def index(
    context: typer.Context,
    bundle: Annotated[str | None, typer.Option(help="Version of the bundle; default: the active one.")] = None,
    keep: Annotated[
        int | None, typer.Option(min=0, help="Then remove all but this many old indexes; see `prune`.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """OpenSearch: load a bundle's films into an index; list and prune indexes.

    Without a command, load the films of a bundle into an index of their own, and test it. The index is named after
    OPENSEARCH_INDEX and the bundle's version. Servers of that bundle search it, so index a new bundle (`marquee build
    --no-activate`) before you activate it. A complete index is left as it is; an interrupted one is reloaded.
    """
    if context.invoked_subcommand is not None:
        return
    settings, output = _settings(), Output(as_json)
    result = _load(settings, bundle, output)
    removed = [] if keep is None else _prune(settings, keep, output)
    document = {"index": result.index, "films": result.films, "loaded": result.loaded, "seconds": result.seconds,
                "removed": removed}  # fmt: skip
    what = f"loaded in {result.seconds:.1f} s" if result.loaded else "already complete"
    output.result(document, [f"Index {result.index}: {result.films:,} films, {what}.", *_removed(removed)])


@app.command("list", epilog=EXIT_CODES)
def list_indexes(as_json: JsonOption = False) -> None:
    """List the indexes and mark the active bundle's."""
    settings, output = _settings(), Output(as_json)
    active = _served(settings)[:1]
    indexes = [_described(each, each.note.bundle in active) for each in _listed(settings, output)]
    rows = [("*" if each["active"] else "", *list(each.values())[1:]) for each in indexes]
    headings = ("", "index", "films", "state", "engine", "encoder", "built")
    output.result(indexes, table(headings, rows) if rows else ["No indexes yet; run `marquee index`."])


@app.command(epilog=EXIT_CODES)
def prune(
    keep: Annotated[int, typer.Option(min=0, help="Number of complete indexes to keep besides those in use.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Remove old indexes.

    The indexes of the active bundle and of the previous one (for `marquee bundle rollback`) are always kept, as is
    any that may still be loading.
    """
    output = Output(as_json)
    removed = _prune(_settings(), keep, output)
    output.result({"removed": removed}, _removed(removed) or ["Nothing to remove."])


def _settings() -> "Settings":
    from services.settings import load_settings

    return load_settings()


def _target(settings: "Settings") -> "OpenSearchTarget":
    target = settings.opensearch
    if target is None:
        raise Misused("OPENSEARCH_ENDPOINT is not set: expected an OpenSearch address; see docs/opensearch.md")
    return target


def _bundles(settings: "Settings") -> "LocalBundles":
    from services.adapters.bundle.local import LocalBundles

    return LocalBundles(settings.marquee_home)


def _load(settings: "Settings", version: str | None, output: Output) -> "Indexed":
    target, bundles = _target(settings), _bundles(settings)
    return load_index(target, bundles.path(version or bundles.pointer().version), output)


def load_index(target: "OpenSearchTarget", path: "Path", output: Output) -> "Indexed":
    """Load the index of the bundle in a folder, unless it is complete, showing progress."""
    from data_jobs.index_opensearch import open_job
    from services.adapters.bundle.reader import open_bundle
    from services.bootstrap import SystemClock, open_embedded

    bundle = open_bundle(path, verify=True)
    with output.progress() as progress, open_job(target, SystemClock(), progress) as job:
        return job.run(bundle, open_embedded(bundle, path))


def _served(settings: "Settings") -> list[str]:
    """Return the active version and the previous one. Raises BundleMissing: the indexes in use are then unknown."""
    pointer = _bundles(settings).pointer()
    return [pointer.version, *([pointer.previous] if pointer.previous else [])]


def _listed(settings: "Settings", output: Output) -> "list[ListedIndex]":
    from data_jobs.indexing.old_indexes import indexes

    with patient_writer(_target(settings), output) as (client, patience):
        return indexes(client, patience)


def _prune(settings: "Settings", keep: int, output: Output) -> list[str]:
    target, served = _target(settings), _served(settings)

    from data_jobs.indexing.old_indexes import prune as remove

    with patient_writer(target, output) as (client, patience):
        return remove(client, patience, served, keep)


@contextmanager
def patient_writer(target: "OpenSearchTarget", output: Output) -> "Iterator[tuple[OpenSearch, Patience]]":
    """Open a client for writing and the retry policy of its calls, showing progress."""
    from data_jobs.indexing.patience import Patience
    from data_jobs.indexing.writer import writer
    from services.bootstrap import SystemClock

    with output.progress() as progress, writer(target) as client:
        yield client, Patience(target, SystemClock(), progress)


def _described(listed: "ListedIndex", active: bool) -> dict[str, Any]:
    from datetime import UTC, datetime

    note = listed.note
    return {
        "active": active,
        "index": listed.index,
        "films": note.films,
        "state": "complete" if note.complete else "incomplete",
        "engine": note.engine,
        "encoder": note.encoder or "none",
        "created_at": datetime.fromtimestamp(note.created_ms // 1_000, UTC).isoformat().replace("+00:00", "Z"),
    }


def _removed(removed: list[str]) -> list[str]:
    return [f"Removed {', '.join(removed)}."] if removed else []
