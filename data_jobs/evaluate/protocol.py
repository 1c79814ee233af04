"""The evaluation protocol: a model ranks all films for each person, without those rated in training; all metrics are of
the first ten.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.estimate import Estimate, Figures
from data_jobs.evaluate.held_out_people import HeldOutPerson
from data_jobs.evaluate.metrics import coverage, intra_list_diversity, mean_rank, ndcg, recall
from data_jobs.evaluate.progress import tracked
from data_jobs.evaluate.ranking_models import RankingModel
from data_jobs.evaluate.workbench import Workbench
from data_jobs.report import Progress
from services.recommender.ranking.ranker import likeness

TOP = 10


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """Results of one model, float64[people] each; ``lists`` int32[<= 10] rows per person."""

    model: str
    lists: list[NDArray[np.int32]]
    recall: Figures
    ndcg: Figures
    popularity_rank: Figures
    diversity: Figures
    coverage: float


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """The mean difference from another model on the same people, with its paired standard error."""

    recall: Estimate
    ndcg: Estimate


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table. ``against``: name of the other model -> difference."""

    model: str
    recall: Estimate
    ndcg: Estimate
    coverage: float
    popularity_rank: Estimate
    diversity: Estimate
    against: dict[str, PairedDifference]


def measure(model: RankingModel, cases: Sequence[HeldOutPerson], bench: Workbench, progress: Progress) -> Result:
    """Return the results of a model that ranks ten films for each person."""
    return result_of(model.name, lists_of(model, cases, progress), cases, bench)


def lists_of(
    model: RankingModel, cases: Sequence[HeldOutPerson], progress: Progress, k: int = TOP
) -> list[NDArray[np.int32]]:
    """Return the model's best k rows for each person, best first."""
    return [model.best(case.profile, k) for case in tracked(cases, f"ranking with {model.name}", progress)]


def result_of(name: str, lists: list[NDArray[np.int32]], cases: Sequence[HeldOutPerson], bench: Workbench) -> Result:
    """Return the results of ``lists``, ten rows or fewer for each of ``cases``."""
    pairs = list(zip(lists, cases, strict=True))
    return Result(
        model=name,
        lists=lists,
        recall=np.array([recall(ranked, case.relevant) for ranked, case in pairs]),
        ndcg=np.array([ndcg(ranked, case.relevant, TOP) for ranked, case in pairs]),
        popularity_rank=np.array([mean_rank(ranked, bench.ranks) for ranked in lists]),
        diversity=np.array([intra_list_diversity(likeness(bench.bundle, ranked)) for ranked in lists]),
        coverage=coverage(lists, len(bench.bundle.catalogue)),
    )


def row_of(result: Result, baselines: Sequence[Result]) -> Row:
    """Return the row of a result, with its differences from baseline results."""
    return Row(
        result.model,
        Estimate.of(result.recall),
        Estimate.of(result.ndcg),
        result.coverage,
        Estimate.of(result.popularity_rank),
        Estimate.of(result.diversity),
        {baseline.model: difference(result, baseline) for baseline in baselines if baseline is not result},
    )


def difference(result: Result, baseline: Result) -> PairedDifference:
    """Return ``result`` minus ``baseline``, paired by person."""
    return PairedDifference(
        Estimate.of_difference(result.recall, baseline.recall), Estimate.of_difference(result.ndcg, baseline.ndcg)
    )


def pooled(parts: Sequence[Result]) -> Result:
    """Return the results of one model on different people as one; coverage is the mean of the parts."""
    return Result(
        model=parts[0].model,
        lists=[ranked for part in parts for ranked in part.lists],
        recall=np.concatenate([part.recall for part in parts]),
        ndcg=np.concatenate([part.ndcg for part in parts]),
        popularity_rank=np.concatenate([part.popularity_rank for part in parts]),
        diversity=np.concatenate([part.diversity for part in parts]),
        coverage=float(np.mean([part.coverage for part in parts])),
    )
