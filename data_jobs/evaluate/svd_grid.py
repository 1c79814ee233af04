"""Variants of the SVD for the preset "svd": factors, centring and scaling, compared inside the training part.

Two holdouts are drawn inside it. On each, a pipeline ranks 200 films per person, which every variant re-orders. The
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
"""Of popularity's Recall@10."""


@dataclass(frozen=True, slots=True)
class Variant:
    """How the factors are made."""

    k: int
    centred: bool
    scaling: float

    def __str__(self) -> str:
        return f"k {self.k}, {'less the mean' if self.centred else 'as they are'}, scaling {self.scaling:g}"


@dataclass(frozen=True, slots=True)
class VariantRecall:
    """``inner``: Recall@10 of each inner holdout; ``outer``: of the holdout itself, for the variants that are shown."""

    variant: Variant
    inner: tuple[float, ...]
    outer: Estimate | None = None
    outer_ndcg: Estimate | None = None

    @property
    def mean(self) -> float:
        """Return the figure that variants are compared by."""
        return float(np.mean(self.inner))


@dataclass(frozen=True, slots=True)
class Grid(Outcome):
    """``judged``: the variants, best first by the inner holdouts; ``popularity``: Recall@10 of inner and outer ones."""

    judged: tuple[VariantRecall, ...]
    popularity: tuple[float, ...]
    outer_popularity: Estimate

    def tables(self) -> Iterable[Table]:
        """Yield a row per variant."""
        rows = [
            (str(each.variant), *(f"{value:.4f}" for value in each.inner), f"{each.mean:.4f}",
             "" if each.outer is None else f"{each.outer}", "" if each.outer_ndcg is None else f"{each.outer_ndcg}")
            for each in self.judged
        ]  # fmt: skip
        last = ("popularity", *(f"{value:.4f}" for value in self.popularity), f"{np.mean(self.popularity):.4f}",
                     f"{self.outer_popularity}", "")  # fmt: skip
        headings = ("preset svd", *(f"inner {at + 1}" for at in range(INNER)), "mean", "Recall@10", "NDCG@10")
        yield Table("Variants of the SVD, by holdouts inside the training part", headings, [*rows, last])

    def figures(self) -> Iterator[Figure]:
        """Yield each variant's figures, inner and outer."""
        for each in self.judged:
            yield str(each.variant), "inner recall@10", each.mean
            if each.outer is not None and each.outer_ndcg is not None:
                yield str(each.variant), "recall@10", each.outer
                yield str(each.variant), "ndcg@10", each.outer_ndcg

    def bars(self) -> Iterator[Bar]:
        """Yield the chosen variant compared with popularity."""
        best = self.judged[0].outer
        if best is not None:
            ratio = best.mean / max(self.outer_popularity.mean, 1e-9)
            yield Bar("preset svd, Recall@10 to popularity", f">= {LEAST:g}", f"{ratio:.2f}", ratio >= LEAST)


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    """People, each with the pipeline's best films, ready to be re-ordered."""

    bench: Workbench
    cases: Sequence[HeldOutPerson]
    candidates: list[NDArray[np.int32]]
    tastes: list[Taste]

    @classmethod
    def of(cls, bench: Workbench, cases: Sequence[HeldOutPerson]) -> "_Field":
        served = PipelineModel(bench, 0.0)
        best = [served.best(case.profile, RERANKED) for case in cases]
        return cls(bench, cases, best, [fold_in(bench.bundle.catalogue, case.profile.history) for case in cases])

    def measured(self, factors: ItemFactors) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return Recall@10 and NDCG@10 of the preset with these factors, float64[people] each."""
        bundle = replace(self.bench.bundle, svd=factors)
        pairs = zip(self.candidates, self.tastes, strict=True)
        lists = [rerank(bundle, rows, taste, TOP).rows for rows, taste in pairs]
        both = list(zip(lists, self.cases, strict=True))
        return (
            np.array([recall(rows, case.relevant) for rows, case in both]),
            np.array([ndcg(rows, case.relevant, TOP) for rows, case in both]),
        )

    def factorised(self, centred: bool) -> Svd:
        """Return all factors to try. Raises DataError for data without ratings."""
        films = len(self.bench.dataset.films)
        rows = np.arange(films, dtype=np.int32)
        svd = factorise(self.bench.dataset.events, rows, films, max(FACTORS), centred)
        if svd is None:
            raise DataError("--svd-grid: there are no ratings that differ, so there is no SVD to vary")
        return svd

    def each(self) -> Iterator[tuple[Variant, ItemFactors]]:
        """Return the factors of every variant: those with k are the first k of the largest."""
        for centred in (True, False):
            svd = self.factorised(centred)
            for k in FACTORS:
                first = replace(svd, factors=svd.factors[:, :k], singular_values=svd.singular_values[:k])
                for scaling in SCALINGS:
                    yield Variant(k, centred, scaling), ItemFactors.of(first.scaled(scaling))


def part(job: Job) -> Grid:
    """Measure all variants inside, then the best one and the current one on the holdout. Raises DataError."""
    inner: dict[Variant, list[float]] = {}
    popularity = []
    for seed in range(INNER):
        job.progress.advance("variants of the SVD, inner holdouts", seed, INNER)
        holdout = split.draw(job.bench.dataset, SplitKind.RANDOM, job.seed + seed)
        with job.workshop.aside() as workshop:
            bench = workshop.make(holdout.training)
            field = _Field.of(bench, bench.people.cases(holdout.relevant))
            for variant, factors in field.each():
                inner.setdefault(variant, []).append(float(field.measured(factors)[0].mean()))
            plain = MostLiked(bench)
            popularity.append(float(np.mean([recall(plain.best(c.profile, TOP), c.relevant) for c in field.cases])))
    job.progress.advance("variants of the SVD, inner holdouts", INNER, INNER)
    judged = sorted(
        (VariantRecall(variant, tuple(recalls)) for variant, recalls in inner.items()), key=lambda each: -each.mean
    )
    params = job.bench.params
    shown = {judged[0].variant, Variant(params.svd_k, params.svd_centred, params.svd_scaling)}
    outer = _Field.of(job.bench, job.cases)
    measured = {variant: outer.measured(factors) for variant, factors in outer.each() if variant in shown}
    done = tuple(
        replace(each, outer=Estimate.of(measured[each.variant][0]), outer_ndcg=Estimate.of(measured[each.variant][1]))
        if each.variant in measured
        else each
        for each in judged
    )
    return Grid(done, tuple(popularity), Estimate.of(job.results[MostLiked.name].recall))
