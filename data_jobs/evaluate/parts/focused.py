"""Focused tastes: three Hitchcocks, three westerns, three films in Korean. Does the list follow?

People unseen in training (``folds``). If a person has five or more likes of one director, genre, language, decade or
series, three of them are drawn and given as ``liked``, without a user id; the person's other likes with the trait are
hidden. Traits that many likes have (``NICHE``) do not distinguish tastes and are skipped. At most two traits of a kind
are drawn per person, and 200 cases of a kind per fold. NDCG@10 over all other likes is measured, too, because an
all-Hitchcock list may miss the person's other tastes.

Figures are means over people of each person's mean, since two cases of one person are not independent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.estimate import Estimate, Figures
from data_jobs.evaluate.evaluation import PIPELINE
from data_jobs.evaluate.folds import Fold
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.metrics import ndcg, recall
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Panel, Table
from data_jobs.evaluate.parts.tastes import TraitTaste, draw
from data_jobs.evaluate.progress import tracked
from data_jobs.evaluate.protocol import TOP
from data_jobs.evaluate.ranking_models import Ease, MostLiked, by_seeds
from data_jobs.report import Progress

MODELS = (PIPELINE, MostLiked.name, Ease.name)


@dataclass(frozen=True, slots=True)
class FocusedRecall:
    """``recall``: Recall@10 of the other likes with the trait; ``share`` of the list that has it; ``ndcg``: NDCG@10
    over all other likes.
    """

    recall: Estimate
    share: Estimate
    ndcg: Estimate


@dataclass(frozen=True, slots=True)
class KindResult:
    """Tastes focused on one kind of trait. ``ahead``: the pipeline minus another model, paired."""

    kind: str
    cases: int
    models: dict[str, FocusedRecall]
    ahead: dict[str, FocusedRecall]


@dataclass(frozen=True, slots=True)
class Focused(Outcome):
    """One entry per kind of trait that has cases."""

    kinds: tuple[KindResult, ...]

    def tables(self) -> Iterator[Table]:
        """Yield one row per kind and model."""
        rows = [
            (
                of_kind.kind,
                str(of_kind.cases),
                str(figures.recall.n),
                model,
                *map(str, _views(figures)),
                _ahead(of_kind, model),
            )
            for of_kind in self.kinds
            for model, figures in of_kind.models.items()
        ]
        headings = ("three likes of one", "cases", "people", "model", "Recall@10 of the trait", "share of the list")
        last = ("NDCG@10, all other likes", "pipeline minus model, Recall@10")
        yield Table("Focused tastes of people unseen in training", (*headings, *last), rows)

    def figures(self) -> Iterator[Figure]:
        """Yield every figure and difference."""
        metrics = ("recall", "share", "ndcg, all likes")
        for of_kind in self.kinds:
            for model, figures in of_kind.models.items():
                for metric, value in zip(metrics, _views(figures), strict=True):
                    yield model, f"{metric}, {of_kind.kind}", value
            for model, difference in of_kind.ahead.items():
                for metric, value in zip(metrics, _views(difference), strict=True):
                    yield PIPELINE, f"{metric}, {of_kind.kind}, less {model}", value

    def bars(self) -> Iterator[Bar]:
        """Yield the bars: a taste this clear must be served better than by popularity and by plain EASE."""
        for of_kind in self.kinds:
            name = f"three likes of one {of_kind.kind}, Recall@10 of the others against"
            yield Bar.above(f"{name} popularity", of_kind.ahead[MostLiked.name].recall)
            yield Bar.above(f"{name} plain EASE", of_kind.ahead[Ease.name].recall, 0)

    def panels(self) -> Iterator[Panel]:
        """Yield Recall@10 of the trait."""
        for of_kind in self.kinds:
            title = f"Three likes of one {of_kind.kind}: Recall@10 of the person's other likes with it"
            bars = [(model, figures.recall, model == PIPELINE) for model, figures in of_kind.models.items()]
            yield Panel(title, bars)


def part(job: Job) -> Focused:
    """Run this part of an evaluation; see the module."""
    return focused(job.folds, job.seed, job.progress)


def focused(folds: Sequence[Fold], seed: int, progress: Progress) -> Focused:
    """Rank with every model for every taste."""
    kinds: dict[str, list[tuple[int, Figures]]] = {}
    for number, fold in enumerate(folds, 1):
        step = f"focused tastes, fold {number} of {len(folds)}"
        for taste in tracked(draw(fold, seed), step, progress):
            kinds.setdefault(taste.kind, []).append((taste.code, _measured(fold, taste)))
    return Focused(tuple(_kind_result(kind, cases) for kind, cases in kinds.items()))


def _measured(fold: Fold, taste: TraitTaste) -> Figures:
    """Return recall, share and NDCG of each model, float64[models, 3]."""
    _, popular, ease = fold.models
    lists = (
        by_seeds(fold.bench, taste.known_likes, TOP),
        popular.best(taste.profile, TOP),
        ease.best(taste.profile, TOP),
    )
    figures = [
        (recall(rows, taste.of_trait), np.isin(rows, taste.films).sum() / TOP, ndcg(rows, taste.others, TOP))
        for rows in lists
    ]
    return np.array(figures, np.float64)


def _kind_result(kind: str, cases: Sequence[tuple[int, Figures]]) -> KindResult:
    people = np.array([code for code, _ in cases], np.intp)
    figures = np.stack([values for _, values in cases])
    served, baselines = figures[:, 0], dict(enumerate(MODELS[1:], 1))
    return KindResult(
        kind,
        len(cases),
        {model: _estimates(figures[:, at], people) for at, model in enumerate(MODELS)},
        {model: _estimates(served - figures[:, at], people) for at, model in baselines.items()},
    )


def _estimates(figures: Figures, people: NDArray[np.intp]) -> FocusedRecall:
    return FocusedRecall(*(Estimate.by_person(figures[:, at], people) for at in range(3)))


def _views(figures: FocusedRecall) -> tuple[Estimate, Estimate, Estimate]:
    return figures.recall, figures.share, figures.ndcg


def _ahead(of_kind: KindResult, model: str) -> str:
    return str(of_kind.ahead[model].recall) if model in of_kind.ahead else ""
