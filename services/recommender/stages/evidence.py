"""Which films of a taste moved an answer: leave one out, and see by how much each raw score falls.

Exact in the taste (weights, recency ranks and the plan are those of a person who never touched the film) and in the
pool's scores. The references (mean of the best 50) are retaken over the pool, which holds the best 100 of each
table: only a film that enters the best 50 from outside the pool is missed. All suspects are left out at once.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.tables import Collaborative, ItemTable
from services.recommender.domain.weights import Weights
from services.recommender.stages.plan import Plan, make_plan
from services.recommender.stages.retrieval import BEST, CollaborativeSignal
from services.recommender.stages.taste import Entries, Taste, recency
from services.recommender.stages.traits import TraitRows

# Who is left out to see: everybody in a short taste; in a longer one, for each film of the answer, the films with the
# largest terms, which is where the largest falls are.
SHORT_TASTE = 60
SUSPECTS = 12

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Falls:
    """``falls`` float32[suspects, films]: by how much each film's raw score falls without the suspect, an index
    into the taste's films (``suspects`` int32).
    """

    suspects: NDArray[np.int32]
    falls: Matrix

    def largest(self, count: int) -> list[list[tuple[int, float]]]:
        """For each film its largest positive falls: (index into the taste, fall)."""
        best = np.argsort(-self.falls, axis=0, kind="stable")[:count]
        indices = self.suspects[best].T.tolist()
        falls = np.take_along_axis(self.falls, best, axis=0).T.tolist()
        return [
            [(index, fall) for index, fall in zip(*pair, strict=True) if fall > 0]
            for pair in zip(indices, falls, strict=True)
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """``main``, ``short`` float32[taste films, pool]: unweighted terms, None of a table the plan left out; ``spread``
    float32[pool, films] turns pool scores into the answer films' scores (a film outside the tables borrows from its
    neighbours); ``traits`` float32[taste films, films]: overlaps; ``popularity`` float32[films].
    """

    main: Matrix | None
    short: Matrix | None
    spread: Matrix
    traits: Matrix
    popularity: Matrix


def make_pool(
    bundle: Bundle,
    trait_rows: TraitRows,
    taste: Taste,
    found: Entries,
    signal: CollaborativeSignal,
    rows: NDArray[np.int32],
) -> Pool:
    """The terms that matter for the answer's films ``rows`` and for the references."""
    tables = bundle.collaborative
    inside, borrowed, slot = _homes(tables, rows)
    used = [score for score in (signal.main, signal.short) if score is not None]
    best = [score.best for score in used]
    targets = np.unique(np.concatenate([*best, inside[inside >= 0], borrowed.ravel()])).astype(np.int32)
    spread = np.zeros((len(targets), len(rows)), np.float32)
    at_home = np.flatnonzero(inside >= 0)
    spread[np.searchsorted(targets, inside[at_home]), at_home] = 1
    if len(slot):
        away = np.repeat(np.flatnonzero(inside < 0), borrowed.shape[1])
        np.add.at(
            spread, (np.searchsorted(targets, borrowed.ravel()), away), tables.neighbour_weights[:, slot].T.ravel()
        )
    main = _terms(tables.main, found, len(taste.rows), targets) if signal.main is not None else None
    short = _terms(tables.short, found, len(taste.rows), targets) if signal.short is not None else None
    return Pool(main, short, spread, trait_rows.overlaps(taste.rows, rows), bundle.popularity[rows])


def _homes(
    tables: Collaborative, rows: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.intp]]:
    """Table position of each film (-1 outside), and the neighbours and slots of those outside."""
    inside = tables.position[rows]
    outside = rows[inside < 0]
    if not len(outside) or not len(tables.outside):
        return inside, np.empty((0, 1), np.int32), np.empty(0, np.intp)
    slot = tables.slots(outside)
    return inside, tables.neighbours[:, slot].T.astype(np.int32), slot


def _terms(table: ItemTable, found: Entries, films: int, targets: NDArray[np.int32]) -> Matrix:
    """Terms of each taste film; the entries of one that stands for its neighbours are added up."""
    terms = table.terms(found.positions, found.shares, targets)
    out = np.zeros((films, terms.shape[1]), np.float32)
    if len(found.source) == films:
        out[found.source] = terms
    else:
        # The entries of one film stand together.
        starts = np.flatnonzero(np.append(True, found.source[1:] != found.source[:-1]))
        out[found.source[starts]] = np.add.reduceat(terms, starts, axis=0)
    return out


def find_falls(constants: Weights, taste: Taste, plan: Plan, query: str | None, pool: Pool) -> Falls:
    """Leave out each suspect and score again."""
    weights = taste.weights(constants)
    suspected = _suspected(plan, pool, weights)
    suspects = np.flatnonzero(suspected.any(axis=1)).astype(np.int32)
    whole = _raw(plan, pool, weights[None, :])
    falls = np.zeros((len(suspects), len(pool.popularity)), np.float32)
    left = _weights_without(taste, constants, suspects)
    liked = taste.base[suspects] >= 1
    for was_liked in (True, False):
        group = np.flatnonzero(liked == was_liked)
        if len(group):
            rest = make_plan(constants, taste.without(int(suspects[group[0]])), query, stored=True)
            falls[group] = whole - _raw(_on_same_tables(rest, pool), pool, left[group])
    falls[~suspected[suspects]] = 0
    return Falls(suspects, falls)


def _on_same_tables(plan: Plan, pool: Pool) -> Plan:
    """One like fewer can call for a table that was left out: its share of 1 % goes to the other."""
    if pool.main is None:
        return replace(plan, main=0.0, short=plan.main + plan.short)
    if pool.short is None:
        return replace(plan, main=plan.main + plan.short, short=0.0)
    return plan


def _suspected(plan: Plan, pool: Pool, weights: Matrix) -> NDArray[np.bool_]:
    """Which films of the taste to leave out for which film of the answer, bool[taste films, films].

    Each film has its own suspects, so that its reasons don't depend on what else the answer holds.
    """
    if len(weights) <= SHORT_TASTE:
        return np.ones(pool.traits.shape, bool)
    terms = np.float32(plan.traits / max(float(weights.sum()), 1e-9)) * pool.traits
    for share, part in ((plan.main, pool.main), (plan.short, pool.short)):
        reference = _references(weights[None, :] @ part)[0] if part is not None else 0
        if part is not None and share and reference > 0:
            terms = terms + np.float32(share / reference) * (part @ pool.spread)
    terms = terms * weights[:, None]
    suspected = np.zeros(terms.shape, bool)
    np.put_along_axis(suspected, np.argpartition(-terms, SUSPECTS - 1, axis=0)[:SUSPECTS], True, axis=0)
    return suspected


def _weights_without(taste: Taste, constants: Weights, suspects: NDArray[np.int32]) -> Matrix:
    """Weights float32[suspects, taste films] had the suspect never been touched: older films move up a rank."""
    ranks = taste.ranks[None, :] - (taste.ranks[None, :] > taste.ranks[suspects, None])
    fade = recency(np.arange(int(taste.ranks.max()) + 1, dtype=np.int32), constants)
    weights = taste.base * fade[ranks]
    weights[np.arange(len(suspects)), suspects] = 0
    return np.asarray(weights, np.float32)


def _raw(plan: Plan, pool: Pool, weights: Matrix) -> Matrix:
    """Collaborative, popularity and trait terms for tastes float32[tastes, taste films]; float32[tastes, films]."""
    total = np.float32(plan.popularity) * pool.popularity[None, :]
    for share, terms in ((plan.main, pool.main), (plan.short, pool.short)):
        if share and terms is not None:
            scores = weights @ terms
            reference = _references(scores)
            scale = np.where(reference > 0, share / np.where(reference > 0, reference, 1), 0)
            total = total + scale[:, None] * (scores @ pool.spread)
    if plan.traits:
        whole = weights.sum(axis=1, keepdims=True)
        total = total + np.float32(plan.traits) * (weights @ pool.traits) / np.where(whole > 0, whole, 1)
    return np.asarray(total, np.float32)


def _references(scores: Matrix) -> Matrix:
    """Mean of the best 50 of each row, float32[rows]."""
    best = scores if scores.shape[1] <= BEST else np.partition(scores, -BEST, axis=1)[:, -BEST:]
    return np.asarray(best.mean(axis=1), np.float32)
