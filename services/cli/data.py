"""``marquee data``: download MovieLens and TMDB data, and exchange raw data with the bucket."""

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.console import EXIT_CODES, JsonOption, Output
from services.cli.encoders import Yes, confirm
from services.cli.inputs import DataSetChoice
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from services.adapters.bundle.s3.objects import Objects
    from services.settings import Settings

app = typer.Typer(
    help="Data sets: download MovieLens and TMDB metadata; copy them to and from a bucket.",
    rich_markup_mode=None,
    epilog=EXIT_CODES,
)
DOWNLOADS, ACCEPTED = "downloads", "accepted.json"


def register(parent: typer.Typer) -> None:
    """Add the verbs to the command line."""
    parent.add_typer(app, name="data")


@app.command(epilog=EXIT_CODES)
def movielens(
    name: Annotated[DataSetChoice, typer.Argument(help="Name of the data set.")],
    yes: Yes = False,
    as_json: JsonOption = False,
) -> None:
    """Download a MovieLens data set from GroupLens and verify it, unless it is there already.

    An interrupted download resumes. You are shown the terms of use and asked to agree once.
    """
    from services.settings import load_settings

    output = Output(as_json)
    path = download(name, load_settings(), yes, output)
    output.result({"name": name.value, "path": str(path)}, [f"{name} is in {path}."])


@app.command(epilog=EXIT_CODES)
def tmdb(
    movielens: Annotated[Path, typer.Option(help="Folder in the MovieLens layout; links.csv lists the films.")],
    yes: Yes = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch metadata for the films of a MovieLens folder from TMDB, with the token TMDB_TOKEN.

    Metadata fetched earlier is reused, and fetched again only if it has changed since or is half a year old.
    """
    from data_jobs.tmdb_fetch import ATTRIBUTION, TERMS, TmdbApi, fetch_tmdb, ids_of
    from services.settings import load_settings

    settings, output = load_settings(), Output(as_json)
    if settings.tmdb_token is None:
        raise Misused("TMDB_TOKEN is not set: expected the API Read Access Token of your account at themoviedb.org")
    folder = settings.marquee_home / DOWNLOADS
    accept("tmdb", TERMS, folder, yes, output)
    ids = ids_of(movielens)
    with output.progress() as progress:
        api = TmdbApi(settings.tmdb_token.get_secret_value(), settings.tmdb_url)
        path = fetch_tmdb(ids, folder / "tmdb", api, progress)
    lines = [f"TMDB metadata of {len(ids):,} films is in {path}: --tmdb {path}", ATTRIBUTION]
    output.result({"path": str(path), "films": len(ids), "attribution": ATTRIBUTION}, lines)


@app.command(epilog=EXIT_CODES)
def push(
    movielens: Annotated[
        Path | None, typer.Option(help="Folder of MovieLens files; uploaded to raw/movielens/.")
    ] = None,
    tmdb: Annotated[Path | None, typer.Option(help="Metadata file; uploaded to raw/tmdb/.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Upload the raw data that releases are built from to BUNDLE_BUCKET, replacing what is there."""
    from data_jobs.lake import push as push_raw
    from services.settings import load_settings

    for path in (movielens, tmdb):
        if path is not None and not path.exists():
            raise Misused(f"{path}: no such file or folder")
    if movielens is None and tmdb is None:
        raise Misused("nothing to upload: give --movielens DIR, --tmdb FILE or both")
    objects, output = _bucket(load_settings()), Output(as_json)
    with output.progress() as progress:
        uploaded = push_raw(objects, movielens, tmdb, partial(progress.advance, "uploading raw data"))
    where = objects.bucket.uri("raw/")
    output.result({"uri": where, "files": uploaded}, [f"Raw data is in {where} ({uploaded} files uploaded)."])


@app.command(epilog=EXIT_CODES)
def pull(as_json: JsonOption = False) -> None:
    """Fetch raw data and features from BUNDLE_BUCKET to MARQUEE_HOME.

    `marquee build --from-bucket` does this, too.
    """
    from services.settings import load_settings

    settings, output = load_settings(), Output(as_json)
    fetched = fetch_raw(settings, output)
    where = settings.marquee_home / "raw"
    output.result({"path": str(where), "files": fetched}, [f"Raw data is in {where} ({fetched} files fetched)."])


def fetch_raw(settings: "Settings", output: Output) -> int:
    """Fetch raw data and features from the bucket; return the number of files. Raises Misused, BucketUnavailable."""
    from data_jobs.lake import pull as pull_raw

    objects = _bucket(settings)
    with output.progress() as progress:
        return len(pull_raw(objects, settings.marquee_home, partial(progress.advance, "fetching raw data")))


def download(name: DataSetChoice, settings: "Settings", yes: bool, output: Output) -> Path:
    """Return the folder of a data set, downloading it if needed. Raises Misused, Failed, DownloadFailed."""
    from data_jobs.movielens_download import DATA_SETS, download_movielens, find_movielens

    folder = settings.marquee_home / DOWNLOADS
    if (existing := find_movielens(folder, name.value)) is not None:
        return existing
    accept(name.value, DATA_SETS[name.value].terms, folder, yes, output)
    with output.progress() as progress:
        return download_movielens(folder, progress, settings.movielens_url, name.value)


def accept(name: str, terms: str, folder: Path, yes: bool, output: Output) -> None:
    """Show terms and ask for agreement, once per home. Raises Misused without a terminal, Failed on refusal."""
    record = folder / ACCEPTED
    try:
        accepted = dict(json.loads(record.read_bytes()))
    except (OSError, ValueError, TypeError):
        accepted = {}
    if accepted.get(name) == terms:
        return
    output.say(terms)
    if not yes:
        confirm(f"{name}: --yes agrees to its terms: {terms}", "Do you agree?")
    folder.mkdir(parents=True, exist_ok=True)
    part = record.with_suffix(".part")
    part.write_text(json.dumps(accepted | {name: terms, f"{name}, on": datetime.now(UTC).isoformat()}), "utf-8")
    part.replace(record)


def _bucket(settings: "Settings") -> "Objects":
    if settings.bucket is None:
        raise Misused("BUNDLE_BUCKET is not set: expected a bucket like my-bucket/prefix; see docs/releases.md")
    from services.adapters.bundle.s3.objects import open_objects

    return open_objects(settings.bucket)
