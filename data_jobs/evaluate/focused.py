"""Focused tastes: three Hitchcocks, three westerns, three films in Korean. Does the list follow?

People unseen in training (``folds``). If a person has five or more likes of one director, genre, language, decade or
series, three of them are drawn and given as ``liked``, without a person: their other likes of the trait are to be
found. Traits that many likes have (``NICHE``) do not distinguish tastes and are skipped. At most two traits of a kind
are drawn per person, and 200 cases of a kind per fold. All other likes are measured, too: an all-Hitchcock list may
miss what else the person likes.

Figures are means over people of each person's mean, since two cases of one person are not independent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.estimate import Estimate, Figures
from data_jobs.evaluate.folds import Fold
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.metrics import ndcg, recall
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Panel, Table
from data_jobs.evaluate.protocol import TOP
from data_jobs.evaluate.ranking_models import by_seeds
from data_jobs.evaluate.tastes import TraitTaste, draw
from data_jobs.report import Progress

PIPELINE, POPULARITY, EASE = MODELS = ("pipeline", "popularity", "plain EASE")
_EVERY = 25


@dataclass(frozen=True, slots=True)
class FocusedRecall:
    """``recall``: Recall@10 of the other likes with the trait; ``share`` of the list that has it; ``ndcg``: NDCG@10
    over all other likes.
    """

    recall: Estimate
    share: Estimate
    ndcg: Estimate


@dataclass(frozen=True, slots=True)
class OfKind:
    """Tastes focused on one kind of trait. ``ahead``: the pipeline minus another model, paired."""

    kind: str
    cases: int
    models: dict[str, FocusedRecall]
    ahead: dict[str, FocusedRecall]


@dataclass(frozen=True, slots=True)
class Focused(Outcome):
    """One entry per kind of trait that has cases."""

    kinds: tuple[OfKind, ...]

    def tables(self) -> Iterator[Table]:
        """Yield one row per kind and model."""
        rows = [
            (
                each.kind,
                str(each.cases),
                str(of_model.recall.n),
                model,
                *map(str, _views(of_model)),
                _ahead(each, model),
            )
            for each in self.kinds
            for model, of_model in each.models.items()
        ]
        headings = ("three of one", "cases", "people", "model", "Recall@10 of the trait", "share of the list")
        last = ("NDCG@10, all likes", "pipeline less it, Recall@10")
        yield Table("Focused tastes of people unseen in training", (*headings, *last), rows)

    def figures(self) -> Iterator[Figure]:
        """Yield every figure and difference."""
        for each in self.kinds:
            for model, of_model in each.models.items():
                for metric, value in zip(("recall", "share", "ndcg, all likes"), _views(of_model), strict=True):
                    yield model, f"{metric}, {each.kind}", value
            for other, of_model in each.ahead.items():
                for metric, value in zip(("recall", "share", "ndcg, all likes"), _views(of_model), strict=True):
                    yield PIPELINE, f"{metric}, {each.kind}, less {other}", value

    def bars(self) -> Iterator[Bar]:
        """Yield the bars: so clear a taste must be served better than by popularity and by plain EASE."""
        for each in self.kinds:
            name = f"three likes of one {each.kind}, Recall@10 of the others against"
            yield Bar.above(f"{name} popularity", each.ahead[POPULARITY].recall)
            yield Bar.above(f"{name} plain EASE", each.ahead[EASE].recall, 0)

    def panels(self) -> Iterator[Panel]:
        """Yield Recall@10 of the trait."""
        for each in self.kinds:
            title = f"Three likes of one {each.kind}: Recall@10 of the person's others of it"
            yield Panel(title, [(model, of_model.recall, model == PIPELINE) for model, of_model in each.models.items()])


def part(job: Job) -> Focused:
    """Run this part of an evaluation; see the module."""
    return focused(job.folds, job.seed, job.progress)


def focused(folds: Sequence[Fold], seed: int, progress: Progress) -> Focused:
    """Run every model on every taste."""
    kinds: dict[str, list[tuple[int, Figures]]] = {}
    for number, fold in enumerate(folds, 1):
        tastes = draw(fold, seed)
        for done, taste in enumerate(tastes, 1):
            kinds.setdefault(taste.kind, []).append((taste.code, _measured(fold, taste)))
            if done % _EVERY == 0 or done == len(tastes):
                progress.advance(f"focused tastes, fold {number} of {len(folds)}", done, len(tastes))
    return Focused(tuple(_of_kind(kind, cases) for kind, cases in kinds.items()))


def _measured(fold: Fold, taste: TraitTaste) -> Figures:
    """Return recall, share and NDCG of each model, float64[models, 3]."""
    _, popular, ease = fold.models
    lists = (
        by_seeds(fold.bench, taste.known, TOP),
        popular.best(taste.profile, TOP),
        ease.best(taste.profile, TOP),
    )
    figures = [
        (recall(rows, taste.of_trait), np.isin(rows, taste.films).sum() / TOP, ndcg(rows, taste.others, TOP))
        for rows in lists
    ]
    return np.array(figures, np.float64)


def _of_kind(kind: str, cases: Sequence[tuple[int, Figures]]) -> OfKind:
    people = np.array([code for code, _ in cases], np.intp)
    figures = np.stack([values for _, values in cases])
    served, others = figures[:, 0], dict(enumerate(MODELS[1:], 1))
    return OfKind(
        kind,
        len(cases),
        {model: _found(figures[:, at], people) for at, model in enumerate(MODELS)},
        {model: _found(served - figures[:, at], people) for at, model in others.items()},
    )


def _found(figures: Figures, people: NDArray[np.intp]) -> FocusedRecall:
    return FocusedRecall(*(Estimate.by_person(figures[:, at], people) for at in range(3)))


def _views(of_model: FocusedRecall) -> tuple[Estimate, Estimate, Estimate]:
    return of_model.recall, of_model.share, of_model.ndcg


def _ahead(each: OfKind, model: str) -> str:
    return str(each.ahead[model].recall) if model in each.ahead else ""
