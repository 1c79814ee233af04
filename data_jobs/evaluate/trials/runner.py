"""Compare a model with the current tables on holdouts inside the training part.

A model is a function that yields the scores of one inner holdout, variant by variant; some variants are the current
tables ("today"), at every lambda tried. Both sides are compared at their best variants. These are chosen by one half of
the people and measured on the other half, because the best of forty variants is partly luck. The outer holdout is not
used: a model that does not win inside is not measured outside.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate import moments, split
from data_jobs.evaluate.bootstrap import Interval
from data_jobs.evaluate.estimate import Figures
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.outcome import Figure, Outcome, Table
from data_jobs.evaluate.split import Holdout, Mask, SplitKind
from data_jobs.evaluate.trials.inner import Dense, InnerHoldout
from data_jobs.report import DataError

Scored = Iterator[tuple["TrialVariant", Dense]]
TriedModel = Callable[[InnerHoldout], Scored]
FILMS = 2_000
"""Number of most liked films in a trial; all films would take as long as forty trainings."""


@dataclass(frozen=True, slots=True)
class TrialVariant:
    """One variant of a model. ``today``: it is the current table, at one of several lambdas."""

    name: str
    today: bool = False

    def __str__(self) -> str:
        return f"today, {self.name}" if self.today else self.name


@dataclass(frozen=True, slots=True)
class VariantResult:
    """Mean Recall@10 and NDCG@10 over the people of all inner holdouts. ``by_holdout``: Recall@10 of each."""

    variant: TrialVariant
    recall: float
    ndcg: float
    by_holdout: tuple[float, ...]

    @property
    def worth(self) -> float:
        """Return the figure by which variants are compared."""
        return self.recall + self.ndcg


@dataclass(frozen=True, slots=True)
class ModelTrial(Outcome):
    """``cases``: number of people, summed over holdouts; ``people``: of distinct people. ``tried``: best first. The
    model minus the current tables, paired: ``recall``, ``ndcg`` with the variants chosen by the other half of the
    people; ``kind_recall``, ``kind_ndcg`` with those chosen by all, which favours the side with more variants.
    """

    model: str
    holdouts: tuple[str, ...]
    cases: int
    people: int
    tried: tuple[VariantResult, ...]
    recall: Interval
    ndcg: Interval
    kind_recall: Interval
    kind_ndcg: Interval

    def tables(self) -> Iterable[Table]:
        """Yield one row per variant, and the differences."""
        rows = [
            (
                str(result.variant),
                f"{result.recall:.4f}",
                f"{result.ndcg:.4f}",
                *(f"{value:.4f}" for value in result.by_holdout),
            )
            for result in self.tried
        ]
        title = f"{self.model}, {self.cases:,} cases ({self.people:,} people) of holdouts inside the training part"
        fair = f"minus today's, chosen by the other half: Recall@10 {self.recall}, NDCG@10 {self.ndcg}"
        kind = f"minus today's, chosen by all: Recall@10 {self.kind_recall}, NDCG@10 {self.kind_ndcg}"
        headings = ("variant", "Recall@10", "NDCG@10", *(f"Recall@10, {name}" for name in self.holdouts))
        yield Table(title, headings, rows, (fair, kind))

    def figures(self) -> Iterator[Figure]:
        """Yield the figures of every variant, and the difference."""
        for result in self.tried:
            yield str(result.variant), "inner recall@10", result.recall
            yield str(result.variant), "inner ndcg@10", result.ndcg
        yield f"{self.model} less today's", "inner recall@10", self.recall.mean
        yield f"{self.model} less today's", "inner ndcg@10", self.ndcg.mean


def run(
    job: Job,
    name: str,
    model: TriedModel,
    films: int = FILMS,
    select: Callable[[InnerHoldout], InnerHoldout] = lambda inner: inner,
) -> ModelTrial:
    """Measure every variant of a model on each inner holdout. ``select``: returns the part of a holdout to measure.
    Raises DataError if no holdout has people left.
    """
    holdouts = _holdouts(job)
    by_holdout: dict[TrialVariant, list[tuple[Figures, Figures]]] = {}
    people: dict[str, NDArray[np.int64]] = {}
    for at, (of, holdout) in enumerate(holdouts.items()):
        inner = select(InnerHoldout.of(job.bench, holdout, films))
        if not len(inner.people):
            continue
        people[of] = inner.people
        for variant, scores in model(inner):
            by_holdout.setdefault(variant, []).append(inner.measured(scores))
            job.progress.advance(f"{name}, {of}: {variant}", at, len(holdouts))
    job.progress.advance(name, len(holdouts), len(holdouts))
    if not people:
        raise DataError(f"{name}: no person has a hidden like that this trial measures; give more events")
    joined = {
        variant: (_concatenated(figures, 0), _concatenated(figures, 1)) for variant, figures in by_holdout.items()
    }
    tried = [
        VariantResult(
            variant,
            float(recall.mean()),
            float(ndcg.mean()),
            tuple(float(recalls.mean()) for recalls, _ in by_holdout[variant]),
        )
        for variant, (recall, ndcg) in joined.items()
    ]
    tried.sort(key=lambda each: -each.worth)
    of_case = np.concatenate(list(people.values()))
    names, owner = np.unique(of_case, return_inverse=True)
    half = np.random.default_rng(0).permutation(len(names))[owner] % 2 == 0
    all_cases = np.ones(len(owner), bool)
    fair = _differences(joined, owner, ((half, ~half), (~half, half)))
    by_all = _differences(joined, owner, ((all_cases, all_cases),))
    return ModelTrial(name, tuple(people), len(owner), len(names), tuple(tried), *fair, *by_all)


def _holdouts(job: Job) -> dict[str, Holdout]:
    """Return holdouts inside the training part: two random ones, one by time per person, and one at a moment for all if
    any person has likes on both sides of it.
    """
    data = job.bench.dataset
    holdouts = {
        "random": split.draw(data, SplitKind.RANDOM, job.seed),
        "random again": split.draw(data, SplitKind.RANDOM, job.seed + 1),
        "time": split.draw(data, SplitKind.TIME, job.seed),
    }
    with suppress(DataError):
        holdouts["global"] = moments.draw(data)
    return holdouts


def _concatenated(figures: list[tuple[Figures, Figures]], at: int) -> Figures:
    return np.concatenate([pair[at] for pair in figures])


def _differences(
    figures: Mapping[TrialVariant, tuple[Figures, Figures]],
    owner: NDArray[np.intp],
    halves: Sequence[tuple[Mask, Mask]],
) -> tuple[Interval, Interval]:
    """Return the differences in Recall@10 and NDCG@10 over people, each person's the mean over their cases.
    ``figures``: of each case; ``owner``: person of each case; ``halves``: (cases that choose the variants,
    cases measured).
    """
    differences = (np.zeros(len(owner)), np.zeros(len(owner)))
    for choosing, measured in halves:
        model, current = (figures[_best(figures, choosing, today)] for today in (False, True))
        for at, of_metric in enumerate(differences):
            of_metric[measured] = (model[at] - current[at])[measured]
    recall, ndcg = (Interval.of(np.bincount(owner, each) / np.bincount(owner)) for each in differences)
    return recall, ndcg


def _best(figures: Mapping[TrialVariant, tuple[Figures, Figures]], choosing: Mask, today: bool) -> TrialVariant:
    worth = {
        variant: recall[choosing].mean() + ndcg[choosing].mean()
        for variant, (recall, ndcg) in figures.items()
        if variant.today is today
    }
    return max(worth, key=lambda variant: float(worth[variant]))
