"""Variants of the SVD for the preset "svd": factors, centring and scaling, compared inside the training part.

Two holdouts are drawn inside it. On each, a pipeline ranks 200 films per person, which every variant re-ranks. The
variant with the best mean Recall@10 is then measured on the outer holdout, which had no part in the choice.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate import split
from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.held_out_people import HeldOutPerson
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.metrics import ndcg, recall
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Table
from data_jobs.evaluate.protocol import TOP
from data_jobs.evaluate.ranking_models import MostLiked, PipelineModel
from data_jobs.evaluate.split import SplitKind
from data_jobs.evaluate.workbench import Workbench
from data_jobs.report import DataError
from data_jobs.train.svd import Svd, factorise
from services.recommender.domain.factors import ItemFactors
from services.recommender.presets.svd import RERANKED, rerank
from services.recommender.taste.fold_in import Taste, fold_in

FACTORS = (16, 32, 64, 128)
SCALINGS = (0.0, 0.5, 1.0)
INNER = 2
LEAST = 1.1
"""Minimum Recall@10 of the chosen variant, as a multiple of popularity's."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The factors to keep, whether ratings are less their person's mean, and the power of the singular values."""

    k: int
    centred: bool
    scaling: float

    def __str__(self) -> str:
        return f"k {self.k}, {'less the mean' if self.centred else 'as they are'}, scaling {self.scaling:g}"


@dataclass(frozen=True, slots=True)
class VariantRecall:
    """``inner``: Recall@10 of each inner holdout; ``outer``: of the outer holdout, for the variants measured there."""

    variant: Variant
    inner: tuple[float, ...]
    outer: Estimate | None = None
    outer_ndcg: Estimate | None = None

    @property
    def mean(self) -> float:
        """Return the mean of the inner holdouts, by which variants are compared."""
        return float(np.mean(self.inner))


@dataclass(frozen=True, slots=True)
class Grid(Outcome):
    """``judged``: the variants, best first by the inner holdouts; ``popularity``: its Recall@10 on each."""

    judged: tuple[VariantRecall, ...]
    popularity: tuple[float, ...]
    outer_popularity: Estimate

    def tables(self) -> Iterable[Table]:
        """Yield one row per variant, then popularity."""
        rows = [
            (str(result.variant), *(f"{value:.4f}" for value in result.inner), f"{result.mean:.4f}",
             "" if result.outer is None else f"{result.outer}",
             "" if result.outer_ndcg is None else f"{result.outer_ndcg}")
            for result in self.judged
        ]  # fmt: skip
        last = ("popularity", *(f"{value:.4f}" for value in self.popularity), f"{np.mean(self.popularity):.4f}",
                     f"{self.outer_popularity}", "")  # fmt: skip
        headings = ("preset svd", *(f"inner {at + 1}" for at in range(INNER)), "mean", "Recall@10", "NDCG@10")
        yield Table("Variants of the SVD, by holdouts inside the training part", headings, [*rows, last])

    def figures(self) -> Iterator[Figure]:
        """Yield each variant's figures, inner and outer."""
        for result in self.judged:
            yield str(result.variant), "inner recall@10", result.mean
            if result.outer is not None and result.outer_ndcg is not None:
                yield str(result.variant), "recall@10", result.outer
                yield str(result.variant), "ndcg@10", result.outer_ndcg

    def bars(self) -> Iterator[Bar]:
        """Yield the chosen variant compared with popularity."""
        best = self.judged[0].outer
        if best is not None:
            ratio = best.mean / max(self.outer_popularity.mean, 1e-9)
            yield Bar("preset svd, Recall@10 to popularity", f">= {LEAST:g}", f"{ratio:.2f}", ratio >= LEAST)


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """The pipeline's best 200 films of each person, to be re-ranked by each variant."""

    bench: Workbench
    cases: Sequence[HeldOutPerson]
    candidates: list[NDArray[np.int32]]
    tastes: list[Taste]

    @classmethod
    def of(cls, bench: Workbench, cases: Sequence[HeldOutPerson]) -> "_Candidates":
        served = PipelineModel(bench, 0.0)
        best = [served.best(case.profile, RERANKED) for case in cases]
        return cls(bench, cases, best, [fold_in(bench.bundle.catalogue, case.profile.history) for case in cases])

    def recall_and_ndcg(self, factors: ItemFactors) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return Recall@10 and NDCG@10 of the preset with these factors, float64[people] each."""
        bundle = replace(self.bench.bundle, svd=factors)
        pairs = zip(self.candidates, self.tastes, strict=True)
        lists = [rerank(bundle, rows, taste, TOP).rows for rows, taste in pairs]
        ranked = list(zip(lists, self.cases, strict=True))
        return (
            np.array([recall(rows, case.relevant) for rows, case in ranked]),
            np.array([ndcg(rows, case.relevant, TOP) for rows, case in ranked]),
        )

    def factorised(self, centred: bool) -> Svd:
        """Return the SVD with the most factors. Raises DataError if all ratings are equal."""
        films = len(self.bench.dataset.films)
        rows = np.arange(films, dtype=np.int32)
        svd = factorise(self.bench.dataset.events, rows, films, max(FACTORS), centred)
        if svd is None:
            raise DataError("--svd-grid: there are no ratings that differ, so there is no SVD to vary")
        return svd

    def variants(self) -> Iterator[tuple[Variant, ItemFactors]]:
        """Yield the factors of every variant: with k factors, the first k of the SVD."""
        for centred in (True, False):
            svd = self.factorised(centred)
            for k in FACTORS:
                first = replace(svd, factors=svd.factors[:, :k], singular_values=svd.singular_values[:k])
                for scaling in SCALINGS:
                    yield Variant(k, centred, scaling), ItemFactors.of(first.scaled(scaling))


def part(job: Job) -> Grid:
    """Measure all variants on the inner holdouts, then the best and the current one on the outer. Raises DataError."""
    inner: dict[Variant, list[float]] = {}
    popularity = []
    for seed in range(INNER):
        job.progress.advance("variants of the SVD, inner holdouts", seed, INNER)
        holdout = split.draw(job.bench.dataset, SplitKind.RANDOM, job.seed + seed)
        with job.workshop.temporary() as workshop:
            bench = workshop.make(holdout.training)
            candidates = _Candidates.of(bench, bench.people.cases(holdout.relevant))
            for variant, factors in candidates.variants():
                inner.setdefault(variant, []).append(float(candidates.recall_and_ndcg(factors)[0].mean()))
            popular = MostLiked(bench)
            popularity.append(
                float(np.mean([recall(popular.best(c.profile, TOP), c.relevant) for c in candidates.cases]))
            )
    job.progress.advance("variants of the SVD, inner holdouts", INNER, INNER)
    judged = sorted(
        (VariantRecall(variant, tuple(recalls)) for variant, recalls in inner.items()), key=lambda each: -each.mean
    )
    params = job.bench.params
    measured_variants = {judged[0].variant, Variant(params.svd_k, params.svd_centred, params.svd_scaling)}
    outer = _Candidates.of(job.bench, job.cases)
    by_variant = {
        variant: outer.recall_and_ndcg(factors) for variant, factors in outer.variants() if variant in measured_variants
    }
    judged_variants = tuple(
        replace(
            result,
            outer=Estimate.of(by_variant[result.variant][0]),
            outer_ndcg=Estimate.of(by_variant[result.variant][1]),
        )
        if result.variant in by_variant
        else result
        for result in judged
    )
    return Grid(judged_variants, tuple(popularity), Estimate.of(job.results[MostLiked.name].recall))
