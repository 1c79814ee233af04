"""People who arrive after a moment, ranked for by what was known before it: the newcomer as a running shop meets them.

At six moments (40 % to 90 % of the events lie before them) a model is trained on what was known then (``moments``).
Whoever has their first event between a moment and the next is asked for by the model of that moment: the first 1, 3,
5 and 10 of their likes are known, ties in time broken at random, and the later ones are to be found. Everybody is in
one of the groups, which are put together. People with events before the first moment take no part.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from data_jobs.evaluate.few_likes import few_likes, likes_in_words
from data_jobs.evaluate.folds import Fold
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.moments import before, moment
from data_jobs.evaluate.newcomers import Newcomer, newcomers
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Panel, Table
from data_jobs.evaluate.people import People, on_rows_of
from data_jobs.evaluate.split import spans
from data_jobs.evaluate.workbench import Workshop
from data_jobs.records import Dataset, Events
from data_jobs.report import DataError, Progress

SHARES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Arrivals(Outcome):
    """``moments``: the days (UTC) of the models. ``entries``: one a number of likes."""

    moments: tuple[str, ...]
    entries: tuple[Newcomer, ...]

    def tables(self) -> Iterator[Table]:
        """Recall@10 and NDCG@10 of every model."""
        rows = [
            (str(each.likes), str(each.people), metric, *map(str, values.values()), ahead)
            for each in self.entries
            for metric, values, ahead in (("Recall@10", each.recall, ""), ("NDCG@10", each.ndcg, f"{each.ahead}"))
        ]
        headings = ("likes", "people", "", *self.entries[0].ndcg, "pipeline less popularity")
        title = f"People who arrived after the training, models of {len(self.moments)} moments"
        yield Table(title, headings, rows, (f"trained on what was known before {', '.join(self.moments)}",))

    def figures(self) -> Iterator[Figure]:
        """As for newcomers."""
        for entry in self.entries:
            yield from entry.figures()

    def bars(self) -> Iterator[Bar]:
        """What everybody likes just now is hard to beat."""
        for entry in self.entries:
            name = f"arrived later, {likes_in_words(entry.likes)}, NDCG@10 against popularity"
            yield Bar.above(name, entry.ahead, -1)

    def panels(self) -> Iterator[Panel]:
        """NDCG@10 at each number of likes."""
        for entry in self.entries:
            title = f"NDCG@10 of people who arrived after the training, their first {likes_in_words(entry.likes)} known"
            yield Panel(title, [(model, value, model == "pipeline") for model, value in entry.ndcg.items()])


def part(job: Job) -> Arrivals:
    """See the module."""
    with job.workshop.aside() as workshop:
        return arrivals(job.dataset, workshop, job.ridge, job.seed, job.progress)


def arrivals(dataset: Dataset, workshop: Workshop, ridge: float, seed: int, progress: Progress) -> Arrivals:
    """Train at each moment and ask for who came next. ``ridge``: lambda of plain EASE.

    Raises DataError where nobody arrives, TrainingError, BundleError.
    """
    moments = sorted({moment(dataset.events, share) for share in SHARES})
    groups = arrived(dataset.events, moments)
    worlds = []
    for done, (ts_ms, codes) in enumerate(zip(moments, groups, strict=True)):
        progress.advance("people who arrive, moments", done, len(moments))
        if codes:
            bench = workshop.make(before(dataset, ts_ms))
            everybody = People(on_rows_of(bench.bundle.catalogue, dataset), bench.bundle.catalogue)
            worlds.append(Fold(bench, everybody, codes, ridge))
    progress.advance("people who arrive, moments", len(moments), len(moments))
    if not worlds:
        raise DataError("nobody has all their events in the newest 60 %: there are no arrivals to be measured")
    found = newcomers(few_likes(worlds, seed, progress, by_time=True))
    return Arrivals(tuple(str(np.datetime64(ts_ms, "ms"))[:10] for ts_ms in moments), found.entries)


def arrived(events: Events, moments: Sequence[int]) -> list[tuple[int, ...]]:
    """Who (codes into ``user_ids``) has the first event between each moment and the next."""
    last = np.iinfo(np.int64).max
    first = np.array([events.ts_ms[start:stop].min(initial=last) for start, stop in spans(events)], np.int64)
    return [tuple(np.flatnonzero((first >= low) & (first < high)).tolist()) for low, high in pairwise([*moments, last])]
