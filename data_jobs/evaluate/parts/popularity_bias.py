"""Popularity bias: how far do lists favour popular films, and do they match the genres of the taste?

For whole profiles on the holdout, and for people unseen in training with 1, 3, 5 and 10 likes (``few_likes``): the
share of the first ten among the 20 and the 100 most liked films of the training part, the median popularity rank,
Recall@10 of held-out likes outside the 200 most liked, and genre miscalibration.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.estimate import Estimate, Figures
from data_jobs.evaluate.evaluation import DEFAULT, PIPELINE
from data_jobs.evaluate.few_likes import LIKES, WHOLE_PROFILE, FewLikes, likes_in_words
from data_jobs.evaluate.held_out_people import HeldOutPerson
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.metrics import genre_shares, median_rank, miscalibration, share_of_best_known, tail_recall
from data_jobs.evaluate.outcome import Figure, Outcome, Panel, Table
from data_jobs.evaluate.protocol import Result
from data_jobs.evaluate.ranking_models import Ease, MostLiked
from data_jobs.evaluate.workbench import Workbench
from services.recommender.presets.baseline import liked_rows
from services.recommender.taste.fold_in import fold_in

FIRST, KNOWN, HEAD = 20, 100, 200
_MODELS = (MostLiked.name, Ease.name, PIPELINE, DEFAULT)


@dataclass(frozen=True, slots=True)
class Bias:
    """``best_20``, ``best_100``: share of the first ten among the 20 and 100 most liked films. ``rank``: median over
    people of their list's median popularity rank. ``tail_recall``: over people with held-out likes outside the 200 most
    liked. ``miscalibration``: KL divergence of the list's genres from the taste's.
    """

    best_20: Estimate
    best_100: Estimate
    rank: Estimate
    tail_recall: Estimate
    miscalibration: Estimate


@dataclass(frozen=True, slots=True)
class TasteSizeBias:
    """Results for tastes of one size: "3 likes", "whole profile"."""

    tastes: str
    people: int
    models: dict[str, Bias]


@dataclass(frozen=True, slots=True)
class PopularityBias(Outcome):
    """One entry per size of taste."""

    sizes: tuple[TasteSizeBias, ...]

    def tables(self) -> Iterator[Table]:
        """Yield one row per size and model."""
        headings = ("tastes", "people", "model", "of the 20 most liked", "of the 100", "median popularity rank")
        rows = [
            (
                size.tastes,
                str(size.people),
                model,
                f"{bias.best_20}",
                f"{bias.best_100}",
                f"{bias.rank.mean:.1f} ± {bias.rank.se:.1f}",
                f"{bias.tail_recall}",
                f"{bias.miscalibration}",
            )
            for size in self.sizes
            for model, bias in size.models.items()
        ]
        last = (f"Recall@10 outside the {HEAD}", "genre miscalibration")
        yield Table("Popularity of the first ten", (*headings, *last), rows)

    def figures(self) -> Iterator[Figure]:
        """Yield every figure."""
        for size in self.sizes:
            for model, bias in size.models.items():
                for metric in fields(bias):
                    yield model, f"{metric.name}, {size.tastes}", getattr(bias, metric.name)

    def panels(self) -> Iterator[Panel]:
        """Yield the share of the 20 most liked films."""
        for size in self.sizes:
            title = f"Share of the first ten among the {FIRST} most liked films, {size.tastes}"
            bars = [(model, bias.best_20, model.startswith(PIPELINE)) for model, bias in size.models.items()]
            yield Panel(title, bars)


def part(job: Job) -> PopularityBias:
    """Run this part of an evaluation; see the module."""
    whole = {model: biases(job.bench, job.cases, job.results[model]) for model in _MODELS}
    return PopularityBias((*of_few_likes(job.few_likes), _tastes_bias(WHOLE_PROFILE, len(job.cases), whole)))


def of_few_likes(entries: Sequence[FewLikes]) -> Iterator[TasteSizeBias]:
    """Yield one entry per number of likes, pooled over the folds."""
    for likes in LIKES:
        of_size = [each for each in entries if each.likes == likes]
        biases_by_model: dict[str, list[Figures]] = {}
        for entry in of_size:
            for result in entry.results:
                biases_by_model.setdefault(result.model, []).append(biases(entry.fold.bench, entry.cases, result))
        joined = {model: np.concatenate(parts) for model, parts in biases_by_model.items()}
        yield _tastes_bias(likes_in_words(likes), sum(len(each.cases) for each in of_size), joined)


def biases(bench: Workbench, cases: Sequence[HeldOutPerson], result: Result) -> Figures:
    """Return the five figures of each person's list, float64[people, 5]; nan if undefined."""
    rows = [_of_list(bench, case, ranked) for case, ranked in zip(cases, result.lists, strict=True)]
    return np.array(rows, np.float64).reshape(-1, 5)


def _of_list(bench: Workbench, case: HeldOutPerson, ranked: NDArray[np.int32]) -> tuple[float, ...]:
    catalogue, ranks = bench.bundle.catalogue, bench.ranks
    taste = genre_shares(catalogue.genre_bits[liked_rows(fold_in(catalogue, case.profile.history))])
    shown = genre_shares(catalogue.genre_bits[ranked])
    return (
        share_of_best_known(ranked, ranks, FIRST),
        share_of_best_known(ranked, ranks, KNOWN),
        median_rank(ranked, ranks),
        tail_recall(ranked, case.relevant, ranks, HEAD),
        float("nan") if taste is None or shown is None else miscalibration(taste, shown),
    )


def _tastes_bias(tastes: str, people: int, figures: dict[str, Figures]) -> TasteSizeBias:
    return TasteSizeBias(tastes, people, {model: _estimates(of_model) for model, of_model in figures.items()})


def _estimates(figures: Figures) -> Bias:
    best_20, best_100, rank, tail, genres = (values[~np.isnan(values)] for values in figures.T)
    return Bias(
        Estimate.of(best_20), Estimate.of(best_100), Estimate.of_median(rank), Estimate.of(tail), Estimate.of(genres)
    )
