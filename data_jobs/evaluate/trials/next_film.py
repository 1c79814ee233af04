"""A trial of the order of likes: does it improve the ranking of the table's best 500 films?

*Transitions* count, over all people, how soon one film was liked after another, and shrink the counts. A small
self-attention model (:mod:`data_jobs.evaluate.trials.attention.model`) learns the same from sequences, if PyTorch is
installed. MovieLens times are session times with ties, so the order is by rank of distinct moments, and films rated at
the same moment do not follow each other.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from itertools import product

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.evaluate.job import Job
from data_jobs.evaluate.trials.inner import Dense, InnerHoldout, gram_of, in_units_of_best, table_of
from data_jobs.evaluate.trials.runner import ModelTrial, Scored, TrialVariant, run
from data_jobs.train.gram import column_squares
from data_jobs.train.interactions import Interactions

RIDGES = (125.0, 200.0, 300.0)
RIDGE = 200.0
"""Lambda of the table that is re-ranked."""
CANDIDATES = 500
LONGEST = 50
"""Number of following likes that are counted."""
SPANS = (1.0, 5.0, 20.0)
SHRINKAGES = (5.0, 20.0)
POPULARITY = (0.0, 0.5)
SHARES = (0.1, 0.3)
"""Weights of the order relative to the table."""


def part(job: Job) -> ModelTrial:
    """Run this part of an evaluation. Raises DataError."""
    return run(job, "next film", next_film)


def next_film(inner: InnerHoldout) -> Scored:
    """Yield the table's scores at each lambda, and the re-ranked scores."""
    design = inner.design()
    gram, squares = gram_of(design), column_squares(design)
    tables = {
        ridge: np.asarray(inner.profiles @ table_of(gram, squares, ridge, inner.bench.params.dropout), np.float32)
        for ridge in RIDGES
    }
    base = tables[RIDGE].copy()
    for ridge, scores in tables.items():
        yield TrialVariant(f"lambda {ridge:g}", today=True), scores
    base[inner.seen.nonzero()] = -np.inf
    for name, order in orders(inner):
        for share in SHARES:
            yield TrialVariant(f"{name}, share {share:g}"), reranked(base, order, share)


def reranked(base: Dense, order: Dense, share: float) -> Dense:
    """Return the scores of the best 500 of ``base`` plus a share of ``order``, each in units of the mean of its best
    50 there; all others last.
    """
    best = np.argpartition(-base, min(CANDIDATES, base.shape[1]) - 1, axis=1)[:, :CANDIDATES]
    scaled = [in_units_of_best(np.take_along_axis(scores, best, axis=1)) for scores in (base, order)]
    out = np.full_like(base, -np.inf)
    np.put_along_axis(out, best, (scaled[0] + share * scaled[1]).astype(np.float32), axis=1)
    return out


def orders(inner: InnerHoldout) -> Iterator[tuple[str, Dense]]:
    """Yield the scores of each model of the order, float32[q, films]."""
    likes = inner.training.take(inner.training.liked)
    for span in SPANS:
        counts = transitions(likes, span)
        newest = recent(likes, span)[inner.people]
        count = likes.likes().astype(np.float32)
        for shrinkage, power in product(SHRINKAGES, POPULARITY):
            scale = 1 / ((count[:, None] + shrinkage) * (count[None, :] + shrinkage) ** power)
            name = f"transitions, span {span:g}, shrinkage {shrinkage:g}, popularity {power:g}"
            yield name, np.asarray(newest @ (counts.toarray() * scale), np.float32)
    if find_spec("torch") is not None:
        from data_jobs.evaluate.trials.attention.model import attended

        yield from attended(likes, inner.people)


def ranks(likes: Interactions) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return the order of the likes by person and time, and the rank of each like's moment among the person's."""
    order = np.lexsort((likes.ts_ms, likes.person))
    person, moment = likes.person[order], likes.ts_ms[order]
    new_person = np.append(True, person[1:] != person[:-1])
    steps = np.cumsum(new_person | np.append(True, moment[1:] != moment[:-1]))
    first = np.maximum.accumulate(np.where(new_person, steps, 0))
    return order, steps - first


def transitions(likes: Interactions, span: float) -> sp.csr_matrix:
    """Return the transitions, float32[films, films]: the sum over people of exp(-(d - 1) / span) for likes d moments
    apart, d > 0, among the next 50 likes.
    """
    order, rank = ranks(likes)
    person, film = likes.person[order], likes.film[order]
    entries = []
    for apart in range(1, min(LONGEST, len(order) - 1) + 1):
        distance = rank[apart:] - rank[:-apart]
        follows = (person[apart:] == person[:-apart]) & (distance > 0)
        weight = np.exp(-(distance[follows] - 1) / span)
        entries.append((weight, film[:-apart][follows], film[apart:][follows]))
    weight, earlier, later = (np.concatenate(each) for each in zip(*entries, strict=True))
    return sp.csr_matrix((weight, (earlier, later)), shape=(likes.films, likes.films), dtype=np.float32)


def recent(likes: Interactions, span: float) -> sp.csr_matrix:
    """Return the recency of likes, float32[people, films]: exp(-number of later moments / span)."""
    order, rank = ranks(likes)
    person = likes.person[order]
    last = np.zeros(likes.people, np.int64)
    np.maximum.at(last, person, rank)
    weight = np.exp(-(last[person] - rank) / span)
    return sp.csr_matrix((weight, (person, likes.film[order])), shape=(likes.people, likes.films), dtype=np.float32)
