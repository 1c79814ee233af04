"""Sequels: for people who liked the first film of a series, is the second among the ten, and before the third?

The first film is the only like, given in a request without a user id; plain EASE and popularity rank for a person who
likes that film alone. The order is measured if the second and the third film are both among the first 50.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.evaluation import PIPELINE
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Panel, Table
from data_jobs.evaluate.progress import tracked
from data_jobs.evaluate.protocol import TOP
from data_jobs.evaluate.ranking_models import Ease, MostLiked, Rows, by_seeds
from data_jobs.evaluate.series import series
from data_jobs.evaluate.workbench import Workbench
from data_jobs.report import Progress

DEPTH = 50


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
        """Yield one row per model, then the misses."""
        rows = [
            (model, f"{recall.second}", f"{recall.in_order}", str(recall.in_order.n))
            for model, recall in self.models.items()
        ]
        count = self.models[PIPELINE].second.n
        headings = ("model", "second film in the first ten", "second before third", f"of series with both in {DEPTH}")
        yield Table(f"People who liked the first film of a series: {count} series", headings, rows)
        yield Table.of_failures("Second films that are not in the first ten", self.missed)
        yield Table.of_failures("Third films before the second", self.swapped)

    def figures(self) -> Iterator[Figure]:
        """Yield every figure, and the differences."""
        for model, recall in self.models.items():
            yield model, "second", recall.second
            yield model, "in order", recall.in_order
        for baseline, ahead in self.ahead.items():
            yield PIPELINE, f"second less {baseline}", ahead

    def bars(self) -> Iterator[Bar]:
        """Yield the bars: better than popularity and plain EASE."""
        for baseline, ahead in self.ahead.items():
            yield Bar.above(f"second film of a series in the first ten, against {baseline}", ahead)

    def panels(self) -> Iterator[Panel]:
        """Yield the share of second films in the first ten."""
        title = "The second film of a series in the first ten, the first one liked"
        yield Panel(title, [(model, recall.second, model == PIPELINE) for model, recall in self.models.items()])


def part(job: Job) -> SequelsOutcome:
    """Run this part of an evaluation; see the module."""
    return sequels(job.bench, series(job.bench.bundle.catalogue), job.ridge, job.progress)


def sequels(bench: Workbench, groups: Sequence[tuple[int, ...]], ridge: float, progress: Progress) -> SequelsOutcome:
    """Rank for each series in ``groups`` (rows by year). ``ridge``: lambda of plain EASE."""
    popular, ease = MostLiked(bench), Ease(bench, ridge)
    lists: dict[str, list[Rows]] = {PIPELINE: [], popular.name: [], ease.name: []}
    for first, *_ in tracked(groups, "sequels", progress):
        liked = np.array([first], np.int32)
        lists[PIPELINE].append(by_seeds(bench, liked, DEPTH))
        for model in (popular, ease):
            lists[model.name].append(model.best(bench.people.fan_of(liked), DEPTH))
    seconds = {
        model: np.array([float(rows[1] in ranked[:TOP]) for ranked, rows in zip(of_model, groups, strict=True)])
        for model, of_model in lists.items()
    }
    orders = {
        model: [_in_order(ranked, rows) for ranked, rows in zip(of_model, groups, strict=True)]
        for model, of_model in lists.items()
    }
    titles = bench.bundle.catalogue.titles
    return SequelsOutcome(
        {model: SequelRecall(Estimate.of(seconds[model]), _in_order_share(orders[model])) for model in lists},
        {name: Estimate.of_difference(seconds[PIPELINE], seconds[name]) for name in (popular.name, ease.name)},
        tuple(titles[rows[1]] for rows, hit in zip(groups, seconds[PIPELINE], strict=True) if not hit),
        tuple(titles[rows[2]] for rows, ordered in zip(groups, orders[PIPELINE], strict=True) if ordered is False),
    )


def _in_order(ranked: Rows, rows: Sequence[int]) -> bool | None:
    """Return whether the second film comes before the third; None unless both are present."""
    places = [int(np.flatnonzero(ranked == row)[0]) for row in rows[1:3] if row in ranked]
    return places[0] < places[1] if len(places) == 2 else None


def _in_order_share(orders: Sequence[bool | None]) -> Estimate:
    return Estimate.of(np.array([ordered for ordered in orders if ordered is not None], np.float64))
