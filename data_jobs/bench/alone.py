"""Time the pipeline and the text encoder in this process: no HTTP, no state store, no cache."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from data_jobs.bench.bench_people import BenchPerson
from data_jobs.bench.figures import Figures, over_passes, percentiles
from data_jobs.bench.mix import LENGTHS, WEIGHTS, K
from services.bootstrap import SystemClock
from services.recommender.domain.profile import Profile, replay
from services.recommender.domain.request import Request
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, Release, TextEncoder

DEADLINE_S = 60.0
# Per length; the overall figure weights the lengths as in the mix.
MOST_PEOPLE = 40


def pipeline_times(release: Release, people: Mapping[int, Sequence[BenchPerson]], passes: int) -> dict[str, Any]:
    """Return ``{mix, people: {length: figures}, stages: {length: {stage: ms}}}``: milliseconds of ``Pipeline.rank``.

    Length 0 is an unknown person. The first pass warms up and does not count.
    """
    pipeline, clock = Pipeline(release, None), SystemClock()
    profiles = {0: [Profile("")] * 10, **{length: _profiles(people[length]) for length in LENGTHS}}
    passes_by_length: dict[int, list[Figures]] = defaultdict(list)
    mix_passes: list[Figures] = []
    stages: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for number in range(passes + 1):
        seconds = {length: _rank_times(pipeline, clock, group, stages[length]) for length, group in profiles.items()}
        if number:
            for length, times in seconds.items():
                passes_by_length[length].append(percentiles(times))
            mix_passes.append(percentiles(_weighted_as_mix(seconds)))
    return {
        "mix": over_passes(mix_passes),
        "people": {str(length): over_passes(figures) for length, figures in passes_by_length.items()},
        "stages": {str(length): _medians(times) for length, times in stages.items()},
    }


def _profiles(people: Sequence[BenchPerson]) -> list[Profile]:
    return [replay(person.user_id, person.events) for person in people[:MOST_PEOPLE]]


def _rank_times(
    pipeline: Pipeline, clock: SystemClock, profiles: Sequence[Profile], stages: dict[str, list[float]]
) -> list[float]:
    request, times = Request(k=K), []
    for profile in profiles:
        deadline = Deadline.within(clock, DEADLINE_S)
        start = time.perf_counter()
        ranking = pipeline.rank(request, profile, deadline)
        times.append(time.perf_counter() - start)
        for stage, ms in ranking.trace.items():
            stages[stage].append(ms)
    return times


def _weighted_as_mix(seconds: Mapping[int, Sequence[float]]) -> list[float]:
    """Repeat the times so that each length has its share of the mix."""
    return [
        time_s
        for length in LENGTHS
        for place in range(WEIGHTS[f"person_{length}"] * MOST_PEOPLE)
        for time_s in (seconds[length][place % len(seconds[length])],)
    ]


def _medians(times: Mapping[str, Sequence[float]]) -> Figures:
    return {stage: round(median(ms), 3) for stage, ms in times.items()}


def encoder_times(encoder: TextEncoder, queries: Sequence[str], passes: int) -> Figures:
    """Return the milliseconds to embed one query; the model is loaded beforehand."""
    encoder.encode(["a first text loads the model"])
    return over_passes(percentiles([_embedding_s(encoder, query) for query in queries]) for _ in range(passes))


def _embedding_s(encoder: TextEncoder, query: str) -> float:
    start = time.perf_counter()
    encoder.encode([query])
    return time.perf_counter() - start
