"""Sequels: for people who liked the first film of a series, is the second among the ten, and before the third?

Series are derived from titles (``series``). Only the first film is liked, given in the request without a person; plain
EASE and popularity rank for someone who likes that film alone. The order counts if the second and third film are both
among the first 50.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Panel, Table
from data_jobs.evaluate.protocol import TOP
from data_jobs.evaluate.ranking_models import Ease, MostLiked, by_seeds
from data_jobs.evaluate.series import series
from data_jobs.evaluate.workbench import Workbench
from data_jobs.report import Progress

DEPTH = 50
PIPELINE = "pipeline"
_EVERY = 25

Rows = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class SequelRecall:
    """``second``: share of series whose second film is among the first ten; ``in_order``: of the series with second and
    third film among the first 50, the share where the second comes first.
    """

    second: Estimate
    in_order: Estimate


@dataclass(frozen=True, slots=True)
class SequelsOutcome(Outcome):
    """``ahead``: the pipeline's ``second`` minus that of another model, paired. ``missed``: second films the pipeline
    did not show, ``swapped``: third films ranked before the second.
    """

    models: dict[str, SequelRecall]
    ahead: dict[str, Estimate]
    missed: tuple[str, ...]
    swapped: tuple[str, ...]

    def tables(self) -> Iterator[Table]:
        """Yield one row per model, then what went wrong."""
        rows = [
            (model, f"{recall.second}", f"{recall.in_order}", str(recall.in_order.n))
            for model, recall in self.models.items()
        ]
        count = self.models[PIPELINE].second.n
        headings = ("model", "second film in the first ten", "second before third", f"of series with both in {DEPTH}")
        yield Table(f"Who liked the first film of a series: {count} series", headings, rows)
        yield Table.of_failures("Second films that are not in the first ten", self.missed)
        yield Table.of_failures("Third films before the second", self.swapped)

    def figures(self) -> Iterator[Figure]:
        """Yield every figure, and the differences."""
        for model, recall in self.models.items():
            yield model, "second", recall.second
            yield model, "in order", recall.in_order
        for other, ahead in self.ahead.items():
            yield PIPELINE, f"second less {other}", ahead

    def bars(self) -> Iterator[Bar]:
        """Yield the bars: better than by co-likes alone."""
        for other, ahead in self.ahead.items():
            yield Bar.above(f"second film of a series in the first ten, against {other}", ahead)

    def panels(self) -> Iterator[Panel]:
        """Yield the second film's panel."""
        title = "The second film of a series in the first ten, the first one liked"
        yield Panel(title, [(model, recall.second, model == PIPELINE) for model, recall in self.models.items()])


def part(job: Job) -> SequelsOutcome:
    """Run this part of an evaluation; see the module."""
    return sequels(job.bench, series(job.bench.bundle.catalogue), job.ridge, job.progress)


def sequels(bench: Workbench, groups: Sequence[tuple[int, ...]], ridge: float, progress: Progress) -> SequelsOutcome:
    """Test each series (rows by year). ``ridge``: lambda of plain EASE."""
    popular, ease = MostLiked(bench), Ease(bench, ridge)
    lists: dict[str, list[Rows]] = {PIPELINE: [], popular.name: [], ease.name: []}
    for done, (first, *_) in enumerate(groups, 1):
        liked = np.array([first], np.int32)
        lists[PIPELINE].append(by_seeds(bench, liked, DEPTH))
        for model in (popular, ease):
            lists[model.name].append(model.best(bench.people.fan_of(liked), DEPTH))
        if done % _EVERY == 0 or done == len(groups):
            progress.advance("sequels", done, len(groups))
    seconds = {
        model: np.array([float(rows[1] in ranked[:TOP]) for ranked, rows in zip(each, groups, strict=True)])
        for model, each in lists.items()
    }
    orders = {
        model: [_in_order(ranked, rows) for ranked, rows in zip(each, groups, strict=True)]
        for model, each in lists.items()
    }
    titles = bench.bundle.catalogue.titles
    return SequelsOutcome(
        {model: SequelRecall(Estimate.of(seconds[model]), _share(orders[model])) for model in lists},
        {other: Estimate.of_difference(seconds[PIPELINE], seconds[other]) for other in (popular.name, ease.name)},
        tuple(titles[rows[1]] for rows, hit in zip(groups, seconds[PIPELINE], strict=True) if not hit),
        tuple(titles[rows[2]] for rows, kept in zip(groups, orders[PIPELINE], strict=True) if kept is False),
    )


def _in_order(ranked: Rows, rows: Sequence[int]) -> bool | None:
    """Return whether the second film comes before the third; None unless both are present."""
    places = [int(np.flatnonzero(ranked == row)[0]) for row in rows[1:3] if row in ranked]
    return places[0] < places[1] if len(places) == 2 else None


def _share(orders: Sequence[bool | None]) -> Estimate:
    return Estimate.of(np.array([kept for kept in orders if kept is not None], np.float64))
