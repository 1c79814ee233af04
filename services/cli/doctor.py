"""``marquee doctor``: check what is installed, configured and missing, and how to fix it."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.checks import Check, report
from services.cli.console import EXIT_CODES, JsonOption, Output
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from services.settings import Settings

_NEEDED = ("fastapi", "numpy", "pydantic", "tantivy")
_HELPFUL = {
    "uvicorn": "serving", "uvloop": "serving faster", "httptools": "serving faster", "onnxruntime": "text vectors",
    "tokenizers": "text vectors", "polars": "building bundles", "scipy": "building bundles",
}  # fmt: skip
_HOW = "`uv sync --locked` in a checkout, otherwise reinstall 'marquee-films[encoder]'"
# Permissions of group and others.
_OTHERS = 0o077
_LEAST_FREE = 500_000_000
_ADDRESS = re.compile(r"https?://[^/\s?#@]+(/[^\s?#]*)?")


def register(parent: typer.Typer) -> None:
    """Add the verb to the command line."""
    parent.command(epilog=EXIT_CODES)(doctor)


def doctor(
    url: Annotated[str | None, typer.Option(help="Check the deployment at this address instead.")] = None,
    key: Annotated[
        str | None, typer.Option(envvar="API_KEY", help="Its API key; with the scope admin the test person is deleted.")
    ] = None,
    wait: Annotated[float, typer.Option(min=0, help="With --url: seconds to wait for a cold start.")] = 60.0,
    as_json: JsonOption = False,
) -> None:
    """Check an installation or a deployment, and say how to fix what is missing.

    Checks packages, settings, folders, bundle, state store, search and text encoder. With --url it checks a deployment
    over HTTP instead: readiness, search, a person, feedback, headers and keys; a degraded response is a failure there.
    Exit code 3 means that it cannot serve as it is.
    """
    if url is not None:
        report(_accepted(url, key, wait), Output(as_json), good="All checks passed.", bad="Some checks failed.")
    from services.settings import load_settings

    settings = load_settings()
    checks = [
        *_installed(),
        *_home(settings),
        *_state(settings),
        *_bundle(settings),
        *_search(settings),
        *_encoder(settings),
        *_notes(settings),
    ]
    report(checks, Output(as_json), good="Ready to serve.", bad="Not ready to serve yet.")


def _accepted(url: str, key: str | None, wait_s: float) -> Iterator[Check]:
    from services.cli.acceptance import Acceptance
    from services.cli.http import Caller

    if not _ADDRESS.fullmatch(url):
        raise Misused(f"--url {url!r}: expected an address like https://d111111abcdef8.cloudfront.net")
    yield from Acceptance(Caller(url, key), keyed=bool(key), wait_s=wait_s).checks()


def _installed() -> Iterator[Check]:
    from importlib.metadata import PackageNotFoundError, version

    yield Check("Python", "ok", sys.version.split()[0])
    for name in (*_NEEDED, *_HELPFUL):
        try:
            yield Check(name, "ok", version(name))
        except PackageNotFoundError:
            state = "missing" if name in _NEEDED else "note"
            yield Check(name, state, "not installed", f"needed for {_HELPFUL.get(name, 'everything')}: {_HOW}")


def _home(settings: "Settings") -> Iterator[Check]:
    home = settings.marquee_home
    existing = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.is_dir())
    if not os.access(existing, os.W_OK):
        yield Check("MARQUEE_HOME", "missing", f"{home}: not writable", "set MARQUEE_HOME to a writable folder")
        return
    free = shutil.disk_usage(existing).free
    advice = "" if free > _LEAST_FREE else "low disk space: a bundle needs about 150 MB, and as much again to build"
    yield Check("MARQUEE_HOME", "note" if advice else "ok", f"{home}, {free / 1e9:.1f} GB free", advice)


def _state(settings: "Settings") -> Iterator[Check]:
    from services.bootstrap import SystemClock, open_stores
    from services.recommender.errors import Unavailable
    from services.recommender.ports import Deadline

    tables = settings.ddb_users_table
    if tables is None and not settings.state_path.exists():
        yield Check("state store", "ok", "not created yet; it is created on first use")
        return
    clock = SystemClock()
    try:
        state = open_stores(settings, clock).state
        try:
            state.ping(Deadline.within(clock, 2.0))
        finally:
            state.close()
    except Unavailable as error:
        advice = "stop the process that holds it, or move the file away" if tables is None else "see docs/dynamodb.md"
        yield Check("state store", "missing", str(error), advice)
        return
    if tables is None:
        status = settings.state_path.stat()
        open_to_others = bool(status.st_mode & _OTHERS)
        finding = f"{settings.state_path}, {status.st_size / 1e6:.1f} MB"
        if open_to_others:
            finding += ", readable by other users of this machine"
        advice = f"chmod 600 {settings.state_path}*" if open_to_others else ""
        yield Check("state store", "note" if open_to_others else "ok", finding, advice)
    else:
        place = settings.ddb_endpoint or settings.aws_region
        yield Check("state store", "ok", f"DynamoDB ({place}): {tables}, {settings.ddb_events_table}, ...")


def _bundle(settings: "Settings") -> Iterator[Check]:
    from services.adapters.bundle.local import LocalReleases
    from services.bootstrap import open_embedded
    from services.recommender.errors import BundleError

    try:
        bundle = LocalReleases(settings.marquee_home, open_embedded).current().bundle
    except BundleError as error:
        yield Check("bundle", "missing", str(error), "run `marquee build`, or `make run` for everything")
        return
    vectors = bundle.embeddings.encoder_id if bundle.embeddings else "no vectors"
    yield Check("bundle", "ok", f"{bundle.version}, {len(bundle.catalogue):,} films, {vectors}")


def _search(settings: "Settings") -> Iterator[Check]:
    """Search OpenSearch for a word; yield nothing if search is embedded."""
    target = settings.opensearch
    if target is None:
        return
    from services.adapters.bundle.local import LocalReleases
    from services.bootstrap import SystemClock, search_opener
    from services.recommender.errors import MarqueeError
    from services.recommender.ports import Deadline, SearchRequest

    clock = SystemClock()
    try:
        search = LocalReleases(settings.marquee_home, search_opener(settings, clock)).current().search
        hits = search.search(SearchRequest(text="film", size=1), Deadline.within(clock, 5.0))
        search.close()
    except MarqueeError as error:
        yield Check("OpenSearch", "missing", str(error), "see docs/opensearch.md")
        return
    advice = "`marquee index` loads the bundle; until then the embedded index is used" if hits.degraded else ""
    finding = f"{target.endpoint} ({target.kind}): {', '.join(hits.degraded) or search.index_version}"
    yield Check("OpenSearch", "note" if advice else "ok", finding, advice)


def _encoder(settings: "Settings") -> Iterator[Check]:
    from services.bootstrap import SystemClock, find_encoder
    from services.recommender.errors import EncoderUnavailable

    encoder, missing = find_encoder(settings, SystemClock())
    try:
        if encoder is not None:
            encoder.encode(["a heist in a dream"])
            yield Check("text encoder", "ok", encoder.encoder_id)
            return
    except EncoderUnavailable as error:
        missing = str(error)
    yield Check("text encoder", "note", "none", str(missing))


def _notes(settings: "Settings") -> Iterator[Check]:
    from services.cli.setting_hints import notes, unused_settings

    for name, value in unused_settings(settings).items():
        yield Check(name, "note", f"{value} (has no effect)")
    for note in notes(settings):
        yield Check("setting", "note", note)
    if settings.is_exposed():
        yield Check("MARQUEE_HOST", "note", settings.marquee_host, "API keys are off: `serve` requires --insecure")
