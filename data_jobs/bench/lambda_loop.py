"""Measure the function under Lambda's runtime interface emulator: first responses of fresh processes, warm responses,
size.

A first response is a fresh process's response to ``POST /recommend``, from the first byte of the event to the last of
the response: Python start, imports, wiring, opening the bundle, answering. The smallest FastAPI application behind
Mangum is timed alternately, and the figure is the difference of the medians.
"""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from data_jobs.bench.bench_people import BenchPerson, logged_events, make_people
from data_jobs.bench.emulator import Emulated, EmulatedFunction
from data_jobs.bench.fake_aws import fake_aws
from data_jobs.bench.figures import Figures, over_passes, percentiles
from data_jobs.bench.lambda_parts import HANDLER, HELLO_HANDLER, Tree, event_of, lay_tree, write_hello
from data_jobs.bench.machine_facts import load, machine
from data_jobs.bench.mix import RECOMMEND, TYPICAL, Requests, people_needed
from data_jobs.bench.targets import ANY, LARGE, Target, value_at
from data_jobs.report import Progress
from services.adapters.bundle.local import LocalBundles, LocalReleases
from services.adapters.state.sqlite.database import Database
from services.adapters.state.sqlite.state import SqliteState
from services.bootstrap import SystemClock, open_embedded
from services.recommender.domain.bundle import Bundle
from services.recommender.errors import MarqueeError

TARGETS = (
    Target("Lambda, first answer minus hello world", "ms", ("lambda", "beyond_hello", "embedded"), 200.0, ANY),
    Target("Lambda, the same with AWS clients", "ms", ("lambda", "beyond_hello", "aws"), 450.0, ANY),
    Target("Lambda, warm /recommend, p50", "ms", ("lambda", "warm", "p50"), 12.0, LARGE),
    Target("Lambda, unpacked, no encoder, no bundle", "MB", ("lambda", "size_mb", "deployed"), 120.0, ANY),
)


class LoopFailed(MarqueeError):
    """The function's response was not a list of films."""


@dataclass(frozen=True, slots=True)
class LambdaEffort:
    """``starts`` of a fresh process per function; ``requests`` of the mix per pass to a warm one."""

    starts: int = 7
    requests: int = 200
    passes: int = 3


def measure_lambda(
    bundle: Path, home: Path, effort: LambdaEffort, progress: Progress, lay: Callable[[Path], Tree] = lay_tree
) -> dict[str, Any]:
    """Return all figures of the function over a bundle folder, as one JSON document. ``home``: where temporary folders
    are made; ``lay`` lays out the image's tree in one. Raises Unavailable (no emulator, no packages), LoopFailed,
    BundleError.
    """
    before = load()
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lambda-", dir=home) as temporary:
        folder = Path(temporary).resolve()
        progress.advance("laying out the image", 0, 1)
        tree = lay(folder / "image")
        progress.advance("laying out the image", 1, 1)
        served, people = _make_home(bundle, folder / "home")
        figures = _figures(tree, folder, Requests(served.catalogue, people), effort, progress)
    films = len(served.catalogue)
    results = {"lambda": figures}
    return {
        "machine": machine() | {"load_before": before, "load_after": load()},
        "bundle": {"version": served.version, "films": films, "sources": list(served.sources)},
        **results,
        "targets": [_verdict(target, results, films) for target in TARGETS],
    }


def _figures(tree: Tree, folder: Path, requests: Requests, effort: LambdaEffort, progress: Progress) -> dict[str, Any]:
    home = {"MARQUEE_HOME": str(folder / "home")}
    with fake_aws() as deployed:
        functions = {
            "hello": EmulatedFunction(tree.tools, (write_hello(folder / "hello"), tree.task), HELLO_HANDLER),
            "embedded": EmulatedFunction(tree.tools, (tree.task,), HANDLER, home),
            "aws": EmulatedFunction(tree.tools, (tree.task,), HANDLER, home | deployed),
        }
        first = _first_answers(functions, requests, folder / "log", effort, progress)
    hello = first["hello"]["p50"]
    return {
        "first": first,
        "beyond_hello": {name: round(first[name]["p50"] - hello, 1) for name in ("embedded", "aws")},
        "warm": _warm(functions["embedded"], requests, folder / "log", effort, progress),
        "warm_hello": _warm(functions["hello"], requests, folder / "log", effort, progress),
        "size_mb": tree.sizes_mb(),
    }


def _first_answers(
    functions: Mapping[str, EmulatedFunction], requests: Requests, log: Path, effort: LambdaEffort, progress: Progress
) -> dict[str, Figures]:
    """Return first-response figures by function; alternating, so that other load affects all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    total = effort.starts * len(functions)
    for done in range(total):
        name = list(functions)[done % len(functions)]
        with Emulated(functions[name], log) as emulated:
            seconds[name].append(_timed(emulated, requests.make(f"person_{TYPICAL}").raw, hello=name == "hello"))
        progress.advance("starting fresh processes", done + 1, total)
    return {name: _spread(times) for name, times in seconds.items()}


def _spread(times: Sequence[float]) -> Figures:
    """Return milliseconds; the first process reads everything from disk and is left out if there are others."""
    counted_ms = [seconds * 1_000 for seconds in (times[1:] or times)]
    return {
        "n": len(counted_ms),
        "p50": round(median(counted_ms), 1),
        "min": round(min(counted_ms), 1),
        "max": round(max(counted_ms), 1),
        "very_first": round(times[0] * 1_000, 1),
    }


def _warm(
    function: EmulatedFunction, requests: Requests, log: Path, effort: LambdaEffort, progress: Progress
) -> Figures:
    """Send the mix's requests to ``/recommend``, one event at a time, each on a new connection; figures over passes."""
    passes = []
    with Emulated(function, log) as emulated:
        hello = function.handler == HELLO_HANDLER
        for number in range(effort.passes + 1):
            events = [request.raw for request in requests.mixed(effort.requests, RECOMMEND)]
            times = [_timed(emulated, raw, hello) for raw in events]
            progress.advance("calling a warm process", number + 1, effort.passes + 1)
            # The first pass is a warm-up.
            if number:
                passes.append(percentiles(times))
    return over_passes(passes)


def _timed(emulated: Emulated, raw: bytes, hello: bool = False) -> float:
    """Return the seconds until the response is complete. Raises LoopFailed if it is an error or degraded."""
    event = event_of(raw)
    start = time.perf_counter()
    answer = emulated.invoke(event)
    seconds = time.perf_counter() - start
    fields = answer if isinstance(answer, dict) else {}
    status, body = fields.get("statusCode"), str(fields.get("body", answer))
    # An unreachable store would make the response faster.
    if status != 200 or not (hello or ('"items"' in body and '"degraded":[]' in body)):
        response = f"{status} {body[-500:]}; the log ends: {emulated.output()[-500:]}"
        raise LoopFailed(f"{raw[:60]!r} returned {response}")
    return seconds


def _make_home(bundle: Path, home: Path) -> tuple[Bundle, dict[int, list[BenchPerson]]]:
    """Make a home with this bundle active and people in its store. Return the bundle and the people."""
    home.mkdir()
    (home / "bundles").symlink_to(bundle.resolve().parent, target_is_directory=True)
    LocalBundles(home).activate(bundle.name)
    release = LocalReleases(home, open_embedded).current()
    release.search.close()
    people = make_people(release.bundle.catalogue, people_needed(100), events=release.bundle.collaborative.events)
    state = SqliteState(Database(home / "state.db", SystemClock()))
    try:
        state.seed(logged_events(person for of_length in people.values() for person in of_length))
    finally:
        state.close()
    return release.bundle, people


def _verdict(target: Target, figures: Mapping[str, Any], films: int) -> dict[str, Any]:
    value = value_at(figures, target.place)
    counts = target.films[0] <= films <= target.films[1] and value is not None
    return {
        "what": target.what,
        "unit": target.unit,
        "measured": value,
        "target": f"<= {target.bound:g}",
        "for": target.set_for,
        "met": target.is_met(value) if counts and value is not None else None,
    }
