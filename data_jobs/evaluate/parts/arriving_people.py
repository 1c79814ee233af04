"""Rank for people who arrive after training, with models trained on earlier data only, as a live service does.

At six moments, with 40 % to 90 % of the events before them, a model is trained on the data of that time (``moments``).
People whose first event lies between a moment and the next are served by that moment's model: their first 1, 3, 5 and
10 likes are known (ties in time broken at random), and the later ones are hidden. Each person is in one group; the
groups are pooled. People with events before the first moment are left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from data_jobs.evaluate.evaluation import PIPELINE
from data_jobs.evaluate.few_likes import few_likes, likes_in_words
from data_jobs.evaluate.folds import Fold
from data_jobs.evaluate.held_out_people import People, on_rows_of
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.moments import before, moment
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Panel, Table
from data_jobs.evaluate.parts.newcomers import Newcomer, newcomers
from data_jobs.evaluate.split import spans
from data_jobs.evaluate.workbench import Workshop
from data_jobs.records import Dataset, Events
from data_jobs.report import DataError, Progress

SHARES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class ArrivalsOutcome(Outcome):
    """``moments``: the days (UTC) of the models. ``entries``: one per number of likes."""

    moments: tuple[str, ...]
    entries: tuple[Newcomer, ...]

    def tables(self) -> Iterator[Table]:
        """Yield Recall@10 and NDCG@10 of every model."""
        rows = [
            (str(entry.likes), str(entry.people), metric, *map(str, values.values()), ahead)
            for entry in self.entries
            for metric, values, ahead in (("Recall@10", entry.recall, ""), ("NDCG@10", entry.ndcg, f"{entry.ahead}"))
        ]
        headings = ("likes", "people", "", *self.entries[0].ndcg, "pipeline minus popularity")
        title = f"People who arrived after training, models of {len(self.moments)} moments"
        yield Table(title, headings, rows, (f"trained on the data before {', '.join(self.moments)}",))

    def figures(self) -> Iterator[Figure]:
        """Yield figures as for newcomers."""
        for entry in self.entries:
            yield from entry.figures()

    def bars(self) -> Iterator[Bar]:
        """Yield the bars; the films that are popular at that moment are hard to beat."""
        for entry in self.entries:
            name = f"arrived later, {likes_in_words(entry.likes)}, NDCG@10 against popularity"
            yield Bar.above(name, entry.ahead, -1)

    def panels(self) -> Iterator[Panel]:
        """Yield NDCG@10 for entry number of likes."""
        for entry in self.entries:
            title = f"NDCG@10 of people who arrived after training, their first {likes_in_words(entry.likes)} known"
            yield Panel(title, [(model, value, model == PIPELINE) for model, value in entry.ndcg.items()])


def part(job: Job) -> ArrivalsOutcome:
    """Run this part of an evaluation; see the module."""
    with job.workshop.temporary() as workshop:
        return arrivals(job.dataset, workshop, job.ridge, job.seed, job.progress)


def arrivals(dataset: Dataset, workshop: Workshop, ridge: float, seed: int, progress: Progress) -> ArrivalsOutcome:
    """Train at each moment and rank for the people who arrive next. ``ridge``: lambda of plain EASE.

    Raises DataError if no person arrives, TrainingError, BundleError.
    """
    moments = sorted({moment(dataset.events, share) for share in SHARES})
    groups = arrived(dataset.events, moments)
    moment_folds = []
    for done, (ts_ms, codes) in enumerate(zip(moments, groups, strict=True)):
        progress.advance("people who arrive, moments", done, len(moments))
        if codes:
            bench = workshop.make(before(dataset, ts_ms))
            people = People(on_rows_of(bench.bundle.catalogue, dataset), bench.bundle.catalogue)
            moment_folds.append(Fold(bench, people, codes, ridge))
    progress.advance("people who arrive, moments", len(moments), len(moments))
    if not moment_folds:
        raise DataError("no person has all events in the newest 60 %, so there are no arrivals to measure")
    pooled = newcomers(few_likes(moment_folds, seed, progress, by_time=True))
    return ArrivalsOutcome(tuple(str(np.datetime64(ts_ms, "ms"))[:10] for ts_ms in moments), pooled.entries)


def arrived(events: Events, moments: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the people (codes into ``user_ids``) whose first event lies between each moment and the next."""
    last = np.iinfo(np.int64).max
    first = np.array([events.ts_ms[start:stop].min(initial=last) for start, stop in spans(events)], np.int64)
    return [tuple(np.flatnonzero((first >= low) & (first < high)).tolist()) for low, high in pairwise([*moments, last])]
