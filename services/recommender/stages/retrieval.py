"""Candidates: each leg gives a signal over all films in row space; the best of their weighted sum go on.

Every signal is scaled by the mean of its best 50 *before* filters, so that a film's score does not depend on
what else was asked. z-scores explode on short profiles; the mean of the best does not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.tables import Collaborative
from services.recommender.ports import Leg
from services.recommender.stages.plan import Plan
from services.recommender.stages.taste import Entries

BEST = 50
CANDIDATES = 500
# Films with few events get places of their own among the candidates, else content could never lift one.
NOVEL_CANDIDATES = 200
NOVEL_FROM = 0.1
SEARCH_SIZE = 1_000

Dense = NDArray[np.float32]


def mean_of_best(scores: Dense) -> float:
    """Mean of the best 50 scores; 0 where that is not a positive number, which makes the signal 0."""
    if len(scores) <= BEST:
        mean = float(scores.mean()) if len(scores) else 0.0
    else:
        mean = float(np.partition(scores, -BEST)[-BEST:].mean())
    return mean if np.isfinite(mean) and mean > 0 else 0.0


def scaled(scores: Dense, reference: float) -> Dense:
    """Scores divided by their reference; zeros where there is none."""
    return scores / np.float32(reference) if reference > 0 else np.zeros_like(scores)


@dataclass(frozen=True, slots=True, eq=False)
class CollaborativeSignal:
    """``blend`` float32[films], main and short table weighed by the plan; and what the reasons need to undo it:
    raw table scores float32[T] and their references.
    """

    blend: Dense
    main: Dense
    short: Dense
    main_reference: float
    short_reference: float


def collaborative(tables: Collaborative, found: Entries, weights: Dense, plan: Plan) -> CollaborativeSignal:
    """Fold the taste through both tables. ``weights`` float32[taste films], recency included."""
    entry_weights = weights[found.source] * found.shares
    main = tables.main.scores(found.positions, entry_weights)
    short = tables.short.scores(found.positions, entry_weights)
    main_reference, short_reference = mean_of_best(main), mean_of_best(short)
    blend = plan.main * scaled(main, main_reference) + plan.short * scaled(short, short_reference)
    return CollaborativeSignal(tables.spread(blend), main, short, main_reference, short_reference)


def dislike_penalty(tables: Collaborative, found: Entries, weights: Dense) -> Dense:
    """How much each film is like the disliked ones, float32[films] in 0 ... 1: the positive parts of their rows in
    the main table, each scaled by the mean of its best 50, weighed (``weights`` float32[disliked]), summed, capped.
    """
    rows = np.maximum(tables.main.values[found.positions].astype(np.float32), 0)
    best = np.partition(rows, -min(BEST, rows.shape[1]), axis=1)[:, -BEST:].mean(axis=1)
    share = np.where(best > 0, weights[found.source] * found.shares / np.where(best > 0, best, 1), 0)
    likeness = np.bincount(
        tables.main.columns[found.positions].ravel(), (rows * share[:, None]).ravel(), minlength=len(tables.rows)
    )
    return tables.spread(np.minimum(likeness, 1).astype(np.float32))


def leg_signal(leg: Leg | None, films: int) -> Dense:
    """A search leg as a dense signal: (score - floor) / (reference - floor), 0 for films that are no hits."""
    signal = np.zeros(films, np.float32)
    if leg is None or not len(leg.rows) or not leg.reference > leg.floor:
        return signal
    scale = np.float32(leg.reference - leg.floor)
    signal[leg.rows] = np.maximum(leg.scores - np.float32(leg.floor), 0) / scale
    return signal


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """Weighted terms over all films, float32[films] each; ``base`` is their sum. Traits come later, for the
    candidates only.
    """

    base: Dense
    terms: dict[str, Dense]


def combine(bundle: Bundle, plan: Plan, parts: dict[str, tuple[float, Dense]]) -> Signals:
    """The weighted sum of the signals given as name -> (weight, signal), on top of popularity."""
    terms: dict[str, Dense] = {"popularity": np.float32(plan.popularity) * bundle.popularity}
    terms |= {name: np.float32(weight) * signal for name, (weight, signal) in parts.items() if weight}
    base: Dense = terms["popularity"].copy()
    for name, term in terms.items():
        if name != "popularity":
            base += term
    return Signals(base, terms)


def candidates(
    base: Dense, allowed: NDArray[np.bool_], novelty: Dense | None = None, size: int = CANDIDATES
) -> NDArray[np.int32]:
    """The allowed rows with the best base score, best first, and, given ``novelty`` float32[films], the best of the
    films with few events. Ties by row, so the order is total.
    """
    rows = best_rows(base, np.flatnonzero(allowed), size)
    if novelty is None:
        return rows
    novel = best_rows(base, np.flatnonzero(allowed & (novelty >= NOVEL_FROM)), NOVEL_CANDIDATES)
    return np.concatenate([rows, novel[~np.isin(novel, rows)]])


def best_rows(base: Dense, rows: NDArray[np.intp], size: int) -> NDArray[np.int32]:
    """The ``size`` rows with the best base score, best first."""
    if len(rows) > size:
        scores = base[rows]
        cut = np.partition(scores, len(rows) - size)[len(rows) - size]
        # All ties at the cut come along and are then cut by row: argpartition alone would pick any of them.
        rows = rows[scores >= cut]
    order = np.argsort(-base[rows], kind="stable")[:size]
    return np.asarray(rows[order], np.int32)
