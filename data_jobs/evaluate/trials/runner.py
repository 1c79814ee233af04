"""Try a model against today's tables, inside the training part alone.

A model is a function that yields the scores of one inner holdout, variant by variant; some of its variants are what
stands today, at every lambda tried. Each side is taken at its best, but a person is judged by the variants that the
other half of the people chose: the best of forty is partly the luckiest, and a difference judged by the people who
chose it would be, too. Nothing is asked of the holdout itself: what does not win inside is not worth a look outside.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate import moments, split
from data_jobs.evaluate.bootstrap import Interval
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.outcome import Figure, Outcome, Table
from data_jobs.evaluate.split import Holdout, SplitKind
from data_jobs.evaluate.trials.inner import Dense, InnerHoldout
from data_jobs.report import DataError

Figures = NDArray[np.float64]
Mask = NDArray[np.bool_]
Scored = Iterator[tuple["TrialVariant", Dense]]
TriedModel = Callable[[InnerHoldout], Scored]
FILMS = 2_000
"""The most liked films; a trial of all of them would take as long as forty trainings."""


@dataclass(frozen=True, slots=True)
class TrialVariant:
    """``today``: whether this is what stands today, at one lambda of several."""

    name: str
    today: bool = False

    def __str__(self) -> str:
        return f"today, {self.name}" if self.today else self.name


@dataclass(frozen=True, slots=True)
class Tried:
    """Means over everybody of all inner holdouts. ``by_holdout``: Recall@10 of each."""

    variant: TrialVariant
    recall: float
    ndcg: float
    by_holdout: tuple[float, ...]

    @property
    def worth(self) -> float:
        """What variants are compared by."""
        return self.recall + self.ndcg


@dataclass(frozen=True, slots=True)
class ModelTrial(Outcome):
    """``cases``: people of all holdouts; ``people``: distinct ones. ``tried``: best first. The model less today's,
    paired: ``recall``, ``ndcg`` with variants that the other half chose, ``kind_recall``, ``kind_ndcg`` with the best
    by everybody, which flatters whichever has more variants.
    """

    model: str
    holdouts: tuple[str, ...]
    cases: int
    people: int
    tried: tuple[Tried, ...]
    recall: Interval
    ndcg: Interval
    kind_recall: Interval
    kind_ndcg: Interval

    def tables(self) -> Iterable[Table]:
        """Yield every variant."""
        rows = [
            (str(each.variant), f"{each.recall:.4f}", f"{each.ndcg:.4f}", *(f"{one:.4f}" for one in each.by_holdout))
            for each in self.tried
        ]
        title = f"{self.model}, {self.cases:,} cases ({self.people:,} people) of holdouts inside the training part"
        fair = f"less today's, chosen by the other half: Recall@10 {self.recall}, NDCG@10 {self.ndcg}"
        kind = f"best less today's best, chosen by all: Recall@10 {self.kind_recall}, NDCG@10 {self.kind_ndcg}"
        headings = ("variant", "Recall@10", "NDCG@10", *(f"Recall@10, {name}" for name in self.holdouts))
        yield Table(title, headings, rows, (fair, kind))

    def figures(self) -> Iterator[Figure]:
        """Yield the figures of every variant, and the difference."""
        for each in self.tried:
            yield str(each.variant), "inner recall@10", each.recall
            yield str(each.variant), "inner ndcg@10", each.ndcg
        yield f"{self.model} less today's", "inner recall@10", self.recall.mean
        yield f"{self.model} less today's", "inner ndcg@10", self.ndcg.mean


def run(
    job: Job,
    name: str,
    model: TriedModel,
    films: int = FILMS,
    asked: Callable[[InnerHoldout], InnerHoldout] = lambda inner: inner,
) -> ModelTrial:
    """Measure every variant of a model on each inner holdout. ``asked``: what of it is asked for. Raises DataError if
    that is nothing.
    """
    holdouts = _holdouts(job)
    found: dict[TrialVariant, list[tuple[Figures, Figures]]] = {}
    people: dict[str, NDArray[np.int64]] = {}
    for at, (of, holdout) in enumerate(holdouts.items()):
        inner = asked(InnerHoldout.of(job.bench, holdout, films))
        if not len(inner.people):
            continue
        people[of] = inner.people
        for variant, scores in model(inner):
            found.setdefault(variant, []).append(inner.measured(scores))
            job.progress.advance(f"{name}, {of}: {variant}", at, len(holdouts))
    job.progress.advance(name, len(holdouts), len(holdouts))
    if not people:
        raise DataError(f"{name}: nobody has a hidden like that this trial asks for; give more events")
    joined = {variant: (_joined(figures, 0), _joined(figures, 1)) for variant, figures in found.items()}
    tried = [
        Tried(
            variant, float(recall.mean()), float(ndcg.mean()), tuple(float(each[0].mean()) for each in found[variant])
        )
        for variant, (recall, ndcg) in joined.items()
    ]
    tried.sort(key=lambda each: -each.worth)
    of_case = np.concatenate(list(people.values()))
    names, owner = np.unique(of_case, return_inverse=True)
    half = np.random.default_rng(0).permutation(len(names))[owner] % 2 == 0
    everybody = np.ones(len(owner), bool)
    fair = _differences(joined, owner, ((half, ~half), (~half, half)))
    kind = _differences(joined, owner, ((everybody, everybody),))
    return ModelTrial(name, tuple(people), len(owner), len(names), tuple(tried), *fair, *kind)


def _holdouts(job: Job) -> dict[str, Holdout]:
    """Return holdouts inside the training part: two by chance, each person's newest, and one moment for all, where
    somebody has likes on both sides of it.
    """
    data = job.bench.dataset
    found = {
        "random": split.draw(data, SplitKind.RANDOM, job.seed),
        "random again": split.draw(data, SplitKind.RANDOM, job.seed + 1),
        "time": split.draw(data, SplitKind.TIME, job.seed),
    }
    with suppress(DataError):
        found["global"] = moments.draw(data)
    return found


def _joined(figures: list[tuple[Figures, Figures]], at: int) -> Figures:
    return np.concatenate([each[at] for each in figures])


def _differences(
    found: Mapping[TrialVariant, tuple[Figures, Figures]], owner: NDArray[np.intp], halves: Sequence[tuple[Mask, Mask]]
) -> tuple[Interval, Interval]:
    """Return the differences of Recall@10 and NDCG@10 over people, each the mean of the holdouts that ask for them.
    ``halves``: which cases choose, and which are then judged.
    """
    out = (np.zeros(len(owner)), np.zeros(len(owner)))
    for choosing, judged in halves:
        mine, todays = (found[_best(found, choosing, today)] for today in (False, True))
        for at, differences in enumerate(out):
            differences[judged] = (mine[at] - todays[at])[judged]
    recall, ndcg = (Interval.of(np.bincount(owner, each) / np.bincount(owner)) for each in out)
    return recall, ndcg


def _best(found: Mapping[TrialVariant, tuple[Figures, Figures]], choosing: Mask, today: bool) -> TrialVariant:
    worth = {
        variant: recall[choosing].mean() + ndcg[choosing].mean()
        for variant, (recall, ndcg) in found.items()
        if variant.today is today
    }
    return max(worth, key=lambda variant: float(worth[variant]))
