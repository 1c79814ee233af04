"""A trial of L3AE: do text vectors, as a prior on the item-item matrix, find more than tags in the Gram matrix alone?

On two holdouts inside the training part, by chance and by time, over the most liked films. The table alone ranks, as
in the choice of lambda; both models have every lambda tried, and each is taken at its best. Nothing is asked of the
holdout itself: what does not win inside is not worth a look outside.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, product

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.evaluate import split
from data_jobs.evaluate.bootstrap import Interval
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.outcome import Figure, Outcome, Table
from data_jobs.evaluate.split import PER_PERSON, Holdout
from data_jobs.evaluate.workbench import Workbench
from data_jobs.report import DataError
from data_jobs.train.ease import penalty
from data_jobs.train.gram import column_squares, design
from data_jobs.train.interactions import Interactions, interactions_of
from data_jobs.train.model import most_liked
from data_jobs.train.params import TrainParams
from data_jobs.train.prior import inverted, text_weights, with_prior
from data_jobs.train.tags import tag_matrix
from data_jobs.train.tune import marks_of, per_person, profiles_of

RIDGES = (50.0, 80.0, 125.0)
# A prior regularises, too, so that without one a larger lambda is best.
PLAIN_RIDGES = (*RIDGES, 200.0, 300.0)
STRENGTHS = (10.0, 40.0, 160.0, 640.0)
TEXT_RIDGES = (1.0, 5.0, 25.0)
FILMS = 2_000
"""The most liked films; a trial of all of them would take as long as forty trainings."""

Figures = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class L3aeVariant:
    """``strength``: mu, 0 for no prior; ``text_ridge``: lambda of S."""

    ridge: float
    strength: float = 0.0
    text_ridge: float = 0.0

    def __str__(self) -> str:
        prior = f", mu {self.strength:g}, text lambda {self.text_ridge:g}" if self.strength else ", no prior"
        return f"lambda {self.ridge:g}{prior}"


@dataclass(frozen=True, slots=True)
class Tried:
    """Means over everybody of both inner holdouts."""

    variant: L3aeVariant
    recall: float
    ndcg: float

    @property
    def worth(self) -> float:
        """What variants are compared by."""
        return self.recall + self.ndcg


@dataclass(frozen=True, slots=True)
class L3ae(Outcome):
    """``tried``: best first. ``recall``, ``ndcg``: the best with a prior less the best without, paired."""

    people: int
    tried: tuple[Tried, ...]
    recall: Interval
    ndcg: Interval

    def tables(self) -> Iterable[Table]:
        """Yield every variant."""
        rows = [(str(each.variant), f"{each.recall:.4f}", f"{each.ndcg:.4f}") for each in self.tried]
        note = f"best with a prior less best without: Recall@10 {self.recall}, NDCG@10 {self.ndcg}"
        title = f"L3AE, the table alone, {self.people:,} people of two holdouts inside the training part"
        yield Table(title, ("variant", "Recall@10", "NDCG@10"), rows, (note,))

    def figures(self) -> Iterator[Figure]:
        """Yield the figures of every variant, and the difference."""
        for each in self.tried:
            yield str(each.variant), "inner recall@10", each.recall
            yield str(each.variant), "inner ndcg@10", each.ndcg
        yield "L3AE less no prior", "inner recall@10", self.recall.mean
        yield "L3AE less no prior", "inner ndcg@10", self.ndcg.mean


def variants() -> list[L3aeVariant]:
    """Return every variant; those of one lambda and strength stand together, since they share an inverse."""
    priors = [L3aeVariant(*each) for each in product(RIDGES, STRENGTHS, TEXT_RIDGES)]
    return [*(L3aeVariant(ridge) for ridge in PLAIN_RIDGES), *priors]


def part(job: Job) -> L3ae:
    """Run this part of an evaluation. Raises DataError without text vectors."""
    if job.bench.bundle.embeddings is None:
        raise DataError("--l3ae: a prior of texts needs text vectors; give --encoder minilm")
    wanted = variants()
    inner = [_Inner.of(job.bench, split.draw(job.bench.dataset, kind, job.seed)) for kind in PER_PERSON]
    priors = {ridge: text_weights(inner[0].vectors, ridge) for ridge in TEXT_RIDGES}
    found: dict[L3aeVariant, tuple[Figures, Figures]] = {}
    for (ridge, strength), alike in groupby(wanted, key=lambda variant: (variant.ridge, variant.strength)):
        inverses = [each.inverse(ridge, strength) for each in inner]
        for variant in alike:
            job.progress.advance("L3AE, variants", len(found), len(wanted))
            prior = priors.get(variant.text_ridge)
            both = [each.measured(inverse, prior, strength) for each, inverse in zip(inner, inverses, strict=True)]
            recall, ndcg = (np.concatenate(figures) for figures in zip(*both, strict=True))
            found[variant] = (recall, ndcg)
    job.progress.advance("L3AE, variants", len(wanted), len(wanted))
    return _outcome(found)


def _outcome(found: dict[L3aeVariant, tuple[Figures, Figures]]) -> L3ae:
    tried = [Tried(variant, float(recall.mean()), float(ndcg.mean())) for variant, (recall, ndcg) in found.items()]
    tried.sort(key=lambda each: -each.worth)
    prior, plain = (next(e.variant for e in tried if bool(e.variant.strength) is has) for has in (True, False))
    recall, ndcg = (Interval.of(found[prior][at] - found[plain][at]) for at in (0, 1))
    return L3ae(len(found[prior][0]), tuple(tried), recall, ndcg)


@dataclass(frozen=True, slots=True, eq=False)
class _Inner:
    """One inner holdout over the most liked films. ``gram``: of people and tags; ``vectors``: centred, of length 1."""

    gram: NDArray[np.float32]
    squares: NDArray[np.float32]
    dropout: float
    vectors: NDArray[np.float32]
    profiles: sp.csr_matrix
    seen: sp.csr_matrix
    hidden: sp.csr_matrix

    @classmethod
    def of(cls, bench: Workbench, holdout: Holdout) -> "_Inner":
        """Return the holdout; ``bench`` has its training part and what was hidden, films in row order."""
        params = bench.params
        films = len(bench.dataset.films)
        whole = interactions_of(bench.dataset.events, np.arange(films, dtype=np.int32), films, params.graded)
        # Of the whole training part, so that both holdouts have the same films and one prior.
        rows = most_liked(whole.likes(), bench.bundle.catalogue.votes, FILMS)
        kept = interactions_of(holdout.training.events, np.arange(films, dtype=np.int32), films, params.graded).on(rows)
        hidden = _hidden(bench, holdout, rows)
        matrix = _design(bench, rows, kept, params)
        mine = np.flatnonzero(np.diff(hidden.indptr))
        return cls(
            (matrix.T @ matrix).toarray().astype(np.float32),
            column_squares(matrix),
            params.dropout,
            _vectors(bench, rows),
            profiles_of(kept)[mine],
            marks_of(kept)[mine],
            hidden[mine],
        )

    def inverse(self, ridge: float, strength: float) -> NDArray[np.float32]:
        """Return P, which does not depend on the prior's own lambda."""
        return inverted(self.gram, penalty(self.squares, ridge, self.dropout), strength)

    def measured(
        self, inverse: NDArray[np.float32], prior: NDArray[np.float32] | None, strength: float
    ) -> tuple[Figures, Figures]:
        """Return Recall@10 and NDCG@10 of each person."""
        weights = with_prior(inverse, prior, strength)
        scores = np.asarray(self.profiles @ weights, np.float32)
        return per_person(scores, self.seen, self.hidden)


def _hidden(bench: Workbench, holdout: Holdout, rows: NDArray[np.int32]) -> sp.csr_matrix:
    """Return people x films of the hidden likes that are among these rows."""
    position = np.full(len(bench.bundle.catalogue), -1, np.int64)
    position[rows] = np.arange(len(rows))
    number = {user_id: code for code, user_id in enumerate(bench.dataset.events.user_ids)}
    pairs: list[tuple[int, int]] = []
    for user_id, items in holdout.relevant.items():
        known = bench.bundle.catalogue.rows_of(items)
        found = position[known[known >= 0]]
        pairs += [(number[user_id], at) for at in found[found >= 0].tolist()]
    people, films = np.array(pairs, np.int64).reshape(-1, 2).T
    ones = np.ones(len(people), np.float32)
    return sp.csr_matrix((ones, (people, films)), shape=(len(number), len(rows)))


def _design(bench: Workbench, rows: NDArray[np.int32], kept: Interactions, params: TrainParams) -> sp.csr_matrix:
    films: Sequence[int] = rows.tolist()
    tags = tag_matrix([bench.dataset.films[row] for row in films], params.min_tag_films)
    return design(kept.matrix(), tags, params.row_exponent, params.tag_weight).matrix()


def _vectors(bench: Workbench, rows: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the films' text vectors less the mean film, of length 1; 0 for a film without."""
    embeddings = bench.bundle.embeddings
    if embeddings is None:
        raise DataError("--l3ae: a prior of texts needs text vectors; give --encoder minilm")
    centred = np.where(embeddings.scales[rows][:, None] > 0, embeddings.rows(rows) - embeddings.mean, 0)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(centred / np.where(length > 0, length, 1), np.float32)
