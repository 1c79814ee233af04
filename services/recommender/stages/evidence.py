"""Which films of a taste moved an answer: leave one out, and see by how much each raw score falls.

Exact in the taste (weights, recency ranks and the plan are those of a person who never touched the film) and
in the pool's scores; the references (mean of the best 50) are retaken over the pool, which holds the best 100 of
each table, so a film that enters the best 50 from outside the pool is all that is missed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.tables import Collaborative, ItemTable
from services.recommender.domain.weights import Weights
from services.recommender.stages.plan import Plan, make_plan
from services.recommender.stages.retrieval import CollaborativeSignal, mean_of_best
from services.recommender.stages.taste import Entries, Taste
from services.recommender.stages.traits import TraitTaste

POOL = 100
# Films looked at per answer film; the two largest falls are among the three largest terms.
SUSPECTS = 3

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Falls:
    """``falls`` float32[suspects, films]: by how much each film's raw score falls without the suspect, an index
    into the taste's films (``suspects`` int32).
    """

    suspects: NDArray[np.int32]
    falls: Matrix

    def largest(self, film: int, count: int) -> list[tuple[int, float]]:
        """The largest positive falls of one film: (index into the taste, fall)."""
        column = self.falls[:, film]
        best = np.argsort(-column, kind="stable")[:count]
        return [(int(self.suspects[i]), float(column[i])) for i in best if column[i] > 0]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """``main``, ``short`` float32[taste films, pool]: unweighted terms; ``spread`` float32[pool, films] turns
    pool scores into the answer films' scores (a film outside the tables borrows from its neighbours).
    """

    main: Matrix
    short: Matrix
    spread: Matrix


def make_pool(
    tables: Collaborative, found: Entries, taste_films: int, signal: CollaborativeSignal, rows: NDArray[np.int32]
) -> Pool:
    """The terms that matter for the answer's films and for the references."""
    inside, borrowed, slot = _homes(tables, rows)
    best = [np.argpartition(scores, -min(POOL, len(scores)))[-POOL:] for scores in (signal.main, signal.short)]
    targets = np.unique(np.concatenate([*best, inside[inside >= 0], borrowed.ravel()])).astype(np.int32)
    spread = np.zeros((len(targets), len(rows)), np.float32)
    at_home = np.flatnonzero(inside >= 0)
    spread[np.searchsorted(targets, inside[at_home]), at_home] = 1
    if len(slot):
        away = np.repeat(np.flatnonzero(inside < 0), borrowed.shape[1])
        np.add.at(spread, (np.searchsorted(targets, borrowed.ravel()), away), tables.neighbour_weights[slot].ravel())
    terms = [_by_film(table, found, taste_films, targets) for table in (tables.main, tables.short)]
    return Pool(terms[0], terms[1], spread)


def _homes(
    tables: Collaborative, rows: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.intp]]:
    """Table position of each film (-1 outside), and the neighbours and slots of those outside."""
    inside = tables.position[rows]
    outside = rows[inside < 0]
    if not len(outside) or not len(tables.outside):
        return inside, np.empty((0, 1), np.int32), np.empty(0, np.intp)
    slot = np.searchsorted(tables.outside, outside)
    return inside, tables.neighbours[slot].astype(np.int32), slot


def _by_film(table: ItemTable, found: Entries, films: int, targets: NDArray[np.int32]) -> Matrix:
    """Terms of each taste film; the entries of one that stands for its neighbours are added up."""
    terms = table.terms(found.positions, found.shares, targets)
    if len(found.source) == films:
        out: Matrix = np.empty_like(terms)
        out[found.source] = terms
        return out
    out = np.zeros((films, len(targets)), np.float32)
    np.add.at(out, found.source, terms)
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What the leave-one-out needs of one answer. ``worth`` float32[traits]; ``raw`` float32[films] of ``rows``."""

    bundle: Bundle
    constants: Weights
    taste: Taste
    plan: Plan
    worth: NDArray[np.float32]
    query: str | None
    rows: NDArray[np.int32]

    def raw(self, pool: Pool, taste: Taste, weights: Matrix, plan: Plan) -> Matrix:
        """Collaborative, popularity and trait terms for a taste that is a subset of the case's; float32[films].

        ``weights`` float32[all taste films], 0 for those left out.
        """
        total = np.float32(plan.popularity) * self.bundle.popularity[self.rows]
        for share, terms in ((plan.main, pool.main), (plan.short, pool.short)):
            scores = weights @ terms
            reference = mean_of_best(scores)
            if share and reference:
                total = total + np.float32(share / reference) * (scores @ pool.spread)
        if plan.traits and len(taste.rows):
            known = TraitTaste.of(self.bundle.catalogue.traits, taste.rows, taste.weights(self.constants), self.worth)
            total = total + np.float32(plan.traits) * known.scores(self.bundle.catalogue.traits, self.rows)
        return np.asarray(total, np.float32)

    def without(self, pool: Pool, index: int) -> Matrix:
        """The raw scores had the person never touched one film of the taste."""
        rest = self.taste.without(index)
        weights = np.insert(rest.weights(self.constants), index, 0)
        stored = self.plan.strategy.value == "personal"
        return self.raw(pool, rest, weights, make_plan(self.constants, rest, self.query, stored))


def find_falls(case: Case, pool: Pool) -> Falls:
    """Leave out each suspect: the films with the largest terms for some film of the answer."""
    weights = case.taste.weights(case.constants)
    whole = case.raw(pool, case.taste, weights, case.plan)
    suspects = _suspects(case, pool, weights)
    falls = [whole - case.without(pool, int(index)) for index in suspects]
    return Falls(suspects, np.stack(falls) if falls else np.zeros((0, len(case.rows)), np.float32))


def _suspects(case: Case, pool: Pool, weights: Matrix) -> NDArray[np.int32]:
    terms = np.zeros((len(weights), len(case.rows)), np.float32)
    for share, part in ((case.plan.main, pool.main), (case.plan.short, pool.short)):
        reference = mean_of_best(weights @ part)
        if share and reference:
            terms += np.float32(share / reference) * (part @ pool.spread)
    terms *= weights[:, None]
    largest = np.argsort(-terms, axis=0)[:SUSPECTS]
    return np.asarray(np.unique(largest), np.int32)
