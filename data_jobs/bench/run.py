"""One run: a temporary home over the bundle, people in it, then all measurements in turn. Nothing is left behind."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data_jobs.bench.alone import encoder_times, pipeline_times
from data_jobs.bench.bench_people import BenchPerson, logged_events, make_people
from data_jobs.bench.engines import connection_of, environment_of, names_of, prepare_engines
from data_jobs.bench.explain_times import explain_times
from data_jobs.bench.machine_facts import load, machine
from data_jobs.bench.mix import Requests, people_needed
from data_jobs.bench.sequence import Effort, measure_http
from data_jobs.bench.targets import verdicts
from data_jobs.report import Progress
from services.adapters.bundle.local import LocalBundles, LocalReleases
from services.bootstrap import SystemClock, open_stores, search_opener
from services.recommender.domain.bundle import Bundle
from services.recommender.ports import Release, TextEncoder
from services.settings import Settings

QUERIES = 40


def measure(
    bundle: Path, settings: Settings, encoder: TextEncoder | None, effort: Effort, progress: Progress
) -> dict[str, Any]:
    """Return all figures of a bundle folder as one JSON document. ``settings``: from ``settings_of_run``; a temporary
    home is made below their home.

    Raises Unavailable (server, encoder or engine), BenchFailed, IndexingFailed, BundleError.
    """
    before = load()
    with _temporary_home(bundle, settings.marquee_home / "bench") as run_home:
        settings = settings.model_copy(update={"marquee_home": run_home})
        with prepare_engines(settings, bundle, progress) as index:
            release = LocalReleases(run_home, search_opener(settings, SystemClock())).current()
            try:
                figures = _figures(settings, release, encoder, effort, progress)
            finally:
                release.search.close()
    engines, films = names_of(settings), len(release.bundle.catalogue)
    figures["index"] = index
    return {
        "machine": machine() | {"load_before": before, "load_after": load()},
        "bundle": _facts(release.bundle, effort),
        "engines": engines,
        **figures,
        "targets": verdicts(figures, films, engines.values()),
    }


def _figures(
    settings: Settings, release: Release, encoder: TextEncoder | None, effort: Effort, progress: Progress
) -> dict[str, Any]:
    """Run all measurements in turn."""
    people = make_people(
        release.bundle.catalogue, people_needed(effort.requests), events=release.bundle.collaborative.events
    )
    progress.advance("seeding people", 0, 1)
    _seed(settings, (person for of_length in people.values() for person in of_length))
    progress.advance("seeding people", 1, 1)
    requests = Requests(release.bundle.catalogue, people)
    environment = environment_of(settings)
    return {
        "http": measure_http(settings.marquee_home, requests, release.bundle, encoder, effort, progress, environment),
        "pipeline": _pipeline(release, people, effort, progress),
        "explain": _explain(release, people, effort, progress),
        "encoder": _encoder(encoder, requests, effort, progress),
        "units": _units(settings, release, people),
    }


def _pipeline(
    release: Release, people: dict[int, list[BenchPerson]], effort: Effort, progress: Progress
) -> dict[str, Any]:
    progress.advance("measuring the pipeline", 0, 1)
    figures = pipeline_times(release, people, effort.passes)
    progress.advance("measuring the pipeline", 1, 1)
    return figures


def _explain(
    release: Release, people: dict[int, list[BenchPerson]], effort: Effort, progress: Progress
) -> dict[str, Any]:
    progress.advance("measuring explanations", 0, 1)
    figures = explain_times(release, people, effort.passes)
    progress.advance("measuring explanations", 1, 1)
    return figures


def _encoder(encoder: TextEncoder | None, requests: Requests, effort: Effort, progress: Progress) -> dict[str, Any]:
    if encoder is None:
        return {}
    progress.advance("measuring the encoder", 0, 1)
    queries = [requests.query() for _ in range(min(QUERIES, effort.requests))]
    figures = encoder_times(encoder, queries, effort.passes)
    progress.advance("measuring the encoder", 1, 1)
    return {"id": encoder.encoder_id, **figures}


def _units(settings: Settings, release: Release, people: dict[int, list[BenchPerson]]) -> dict[str, Any]:
    """Return DynamoDB units by number of events; empty if people are in SQLite."""
    if settings.ddb_users_table is None:
        return {}
    from data_jobs.bench.dynamo_units import counting_recommender, units_used

    with counting_recommender(release, connection_of(settings), SystemClock()) as (recommender, units):
        return units_used(recommender, units, people)


@contextmanager
def _temporary_home(bundle: Path, home: Path) -> Iterator[Path]:
    """Yield a home with this bundle active and an empty state store, so that no run reads another's responses."""
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=home) as folder:
        run_home = Path(folder).resolve()
        (run_home / "bundles").symlink_to(bundle.resolve().parent, target_is_directory=True)
        LocalBundles(run_home).activate(bundle.name)
        yield run_home


def _seed(settings: Settings, people: Iterable[BenchPerson]) -> None:
    state = open_stores(settings, SystemClock()).state
    try:
        state.seed(logged_events(people))
    finally:
        state.close()


def _facts(bundle: Bundle, effort: Effort) -> dict[str, Any]:
    return {
        "version": bundle.version,
        "films": len(bundle.catalogue),
        "films_in_tables": len(bundle.collaborative.rows),
        "row_width": int(bundle.collaborative.main.columns.shape[1]),
        "vectors": bundle.embeddings.dims if bundle.embeddings is not None else 0,
        "sources": list(bundle.sources),
        "requests": effort.requests,
        "passes": effort.passes,
    }
