"""All measurements over HTTP in turn: several starts, then one process from cold to busy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from data_jobs.bench import over_http
from data_jobs.bench.figures import over_passes
from data_jobs.bench.mix import FREE_TEXT, RECOMMEND, WEIGHTS, Requests
from data_jobs.bench.over_http import Times, ask_all
from data_jobs.bench.server import RunningServer
from data_jobs.report import Progress
from services.recommender.domain.bundle import Bundle
from services.recommender.ports import TextEncoder

CACHED_PEOPLE = 20


@dataclass(frozen=True, slots=True)
class Effort:
    """``requests`` of the mix per pass; figures are medians over ``passes``; ``starts`` of the server are timed."""

    requests: int = 1_000
    passes: int = 3
    starts: int = 3


def measure_http(
    home: Path,
    requests: Requests,
    bundle: Bundle,
    encoder: TextEncoder | None,
    effort: Effort,
    progress: Progress,
    environment: Mapping[str, str],
) -> dict[str, Any]:
    """Return all HTTP figures of the active bundle in ``home``; the encoder is the one the server will find.
    ``environment``: settings of the server, e.g. which engines it uses.

    Raises Unavailable, BenchFailed.
    """
    encoding = encoder is not None and bundle.embeddings is not None
    kinds = kinds_of(free_text=encoding or bundle.embeddings is None)
    serve = partial(RunningServer, home, environment)
    starts, first_answers = [], []
    for done in range(effort.starts - 1):
        progress.advance("starting the server", done, effort.starts)
        with serve() as server:
            starts.append(server.started_s)
            first_answers.append(over_http.first_answer(server, requests.make("person_50")))
    with serve() as server:
        progress.advance("starting the server", effort.starts, effort.starts)
        starts.append(server.started_s)
        first_answers.append(over_http.first_answer(server, requests.make("person_50")))
        figures = _warm(server, requests, encoding, kinds, effort, progress)
    return {
        "start_s": round(median(starts), 3),
        "first_answer_ms": round(median(first_answers), 2),
        **figures,
    }


def _warm(
    server: RunningServer,
    requests: Requests,
    encoding: bool,
    kinds: tuple[str, ...],
    effort: Effort,
    progress: Progress,
) -> dict[str, Any]:
    """Measure one process; the encoder is not loaded before the first free-text query."""
    step, steps = "measuring over HTTP", effort.passes + 3
    progress.advance(step, 0, steps)
    memory: dict[str, dict[str, float]] = {"at_start": server.memory_mb()}
    ask_all(server, requests.mixed(effort.requests, kinds_of(free_text=False)), cached=False)
    memory["without_encoder"] = server.memory_mb()
    passes = []
    for done in range(effort.passes):
        progress.advance(step, done + 1, steps)
        passes.append(ask_all(server, requests.mixed(effort.requests, kinds), cached=False))
        if encoding:
            memory.setdefault("with_encoder", server.memory_mb())
    progress.advance(step, effort.passes + 1, steps)
    cached = _cached(server, requests, effort)
    progress.advance(step, effort.passes + 2, steps)
    figures = {
        "floor": over_http.floor(server, effort.requests),
        "uncached": _uncached(passes, kinds),
        "cached": cached,
        "hit_ratio": over_http.hit_ratio(server, requests, effort.requests),
        "throughput": _throughput(server, requests, kinds, effort),
    }
    memory["at_end"] = server.memory_mb()
    progress.advance(step, steps, steps)
    return figures | {"memory": memory}


def kinds_of(free_text: bool) -> tuple[str, ...]:
    """Return the kinds of the mix. Free text over vectors needs an encoder; without vectors it is BM25 alone."""
    return tuple(kind for kind in WEIGHTS if free_text or kind != FREE_TEXT)


def _uncached(passes: list[Times], kinds: Iterable[str]) -> dict[str, Any]:
    return {
        "recommend": over_passes(times.figures(RECOMMEND) for times in passes),
        "all": over_passes(times.figures(WEIGHTS) for times in passes),
        "kinds": {kind: over_passes(times.figures([kind]) for times in passes) for kind in kinds},
        "cpu_ms": _median([times.cpu_ms for times in passes]),
    }


def _cached(server: RunningServer, requests: Requests, effort: Effort) -> dict[str, Any]:
    people = requests.repeated(CACHED_PEOPLE)
    over_http.warm(server, people)
    repeated = people * max(1, effort.requests // len(people))
    passes = [ask_all(server, repeated, cached=True) for _ in range(effort.passes)]
    figures: dict[str, Any] = dict(over_passes(times.figures(["cached"]) for times in passes))
    return figures | {"cpu_ms": _median([times.cpu_ms for times in passes])}


def _throughput(server: RunningServer, requests: Requests, kinds: Iterable[str], effort: Effort) -> dict[str, Any]:
    recommend_kinds = [kind for kind in kinds if kind in RECOMMEND]
    fresh = [
        over_http.throughput(server, requests.mixed(effort.requests, recommend_kinds), cached=False)
        for _ in range(effort.passes)
    ]
    people = requests.repeated(CACHED_PEOPLE)
    over_http.warm(server, people)
    repeated = people * max(1, effort.requests // len(people))
    cached = [over_http.throughput(server, repeated, cached=True) for _ in range(effort.passes)]
    return {"connections": over_http.CONNECTIONS, "fresh": median(fresh), "cached": median(cached)}


def _median(values: list[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return round(median(numbers), 3) if numbers else None
