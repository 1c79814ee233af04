"""Candidate selection: each retriever is a signal over all films in row space; the best of their weighted sum are kept.

Every signal is scaled by the mean of its best 50 *before* filters, so that a film's score does not depend on the
filters. z-scores explode on short profiles; the mean of the best does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.tables import CollaborativeTables, ItemTable
from services.recommender.ports import Hits
from services.recommender.taste.fold_in import Entries

BEST = 50
POOL = 100
CANDIDATES = 500
# Places reserved for films with few events, which content could otherwise never lift.
NOVEL_CANDIDATES = 200
NOVEL_FROM = 0.1
# From this share of allowed films on, masking the others is cheaper than gathering these.
NEARLY_ALL = 0.9
SEARCH_SIZE = 1_000

Dense = NDArray[np.float32]


def mean_of_best(scores: Dense) -> float:
    """Return the mean of the best 50 scores; 0 if it is not positive, which disables the signal."""
    if len(scores) <= BEST:
        mean = float(scores.mean()) if len(scores) else 0.0
    else:
        mean = float(np.partition(scores, -BEST)[-BEST:].mean())
    return mean if np.isfinite(mean) and mean > 0 else 0.0


def scaled(scores: Dense, reference: float) -> Dense:
    """Return the scores divided by their reference; zeros if there is none."""
    return scores / np.float32(reference) if reference > 0 else np.zeros_like(scores)


@dataclass(frozen=True, slots=True, eq=False)
class TableScore:
    """``raw`` float32[T]: a taste's scores in one table; their ``reference``, 0 if none is above 0; ``best`` intp[p]:
    positions of the best 100 and ties, the only ones that can move the reference when the taste changes.
    """

    raw: Dense
    reference: float
    best: NDArray[np.intp]

    @property
    def scaled(self) -> Dense:
        """Scores over their reference, float32[T]."""
        return scaled(self.raw, self.reference)


def table_score(table: ItemTable, found: Entries, weights: Dense, lift: Dense | None = None) -> TableScore:
    """Return one table's scores for weighted entries, each film's score times its ``lift`` float32[T]."""
    scores = table.scores(found.positions, weights)
    if lift is not None:
        scores *= lift
    # Most films are untouched and score 0, so only positive scores are searched.
    positive = np.flatnonzero(scores > 0)
    if len(positive) > POOL:
        kept = scores[positive]
        positive = positive[kept >= np.partition(kept, -POOL)[-POOL]]
    # Fewer than 50 positive scores are padded with zeros, unless the table itself is smaller.
    best = np.sort(scores[positive])[::-1][:BEST]
    reference = float(best.sum()) / min(BEST, len(scores)) if len(best) else 0.0
    return TableScore(scores, reference, positive)


def dislike_penalty(tables: CollaborativeTables, found: Entries, weights: Dense) -> Dense:
    """Return each film's similarity to the disliked ones, float32[T] in 0 ... 1, in table space: the positive parts of
    their rows in the main table, each scaled by the mean of its best 50, weighted (``weights`` float32[disliked]),
    summed and capped.
    """
    rows = np.maximum(tables.main.rows(found.positions), 0)
    best = np.partition(rows, -min(BEST, rows.shape[1]), axis=1)[:, -BEST:].mean(axis=1)
    share = np.where(best > 0, weights[found.source] * found.shares / np.where(best > 0, best, 1), np.float32(0))
    likeness = np.zeros(len(tables.rows), np.float32)
    rows *= share[:, None]
    np.add.at(likeness, tables.main.columns[found.positions].ravel().astype(np.intp), rows.ravel())
    return np.minimum(likeness, 1)


def hits_signal(hits: Hits | None, films: int) -> Dense:
    """Return hits as a dense signal: (score - floor) / (reference - floor), 0 for films without a hit."""
    signal = np.zeros(films, np.float32)
    if hits is None or not len(hits.rows) or not hits.reference > hits.floor:
        return signal
    scale = np.float32(hits.reference - hits.floor)
    signal[hits.rows] = np.maximum(hits.scores - np.float32(hits.floor), 0) / scale
    return signal


def candidates(
    base: Dense,
    allowed: NDArray[np.bool_],
    novelty: Dense | None = None,
    retrieved: Sequence[NDArray[np.int32]] = (),
    size: int = CANDIDATES,
) -> NDArray[np.int32]:
    """Return the allowed rows with the best base score, given ``novelty`` float32[films] also the best films with few
    events, and the rows of other retrievers (``retrieved``); ascending. Ties at the cut are decided by row, so the
    choice is deterministic.
    """
    chosen = np.zeros(len(base), bool)
    chosen[best_rows(base, allowed, size)] = True
    if novelty is not None:
        chosen[best_rows(base, allowed & (novelty >= NOVEL_FROM), NOVEL_CANDIDATES)] = True
    for rows in retrieved:
        chosen[rows] = True
    return np.asarray(np.flatnonzero(chosen & allowed), np.int32)


def best_rows(base: Dense, allowed: NDArray[np.bool_], size: int) -> NDArray[np.int32]:
    """Return the ``size`` allowed rows with the best base score, best first."""
    positive = allowed & (base > 0)
    count = int(np.count_nonzero(positive))
    if count < size:
        positive, count = allowed, int(np.count_nonzero(allowed))
    if count <= size:
        rows = np.flatnonzero(positive)
    elif count >= NEARLY_ALL * len(base):
        masked = np.where(positive, base, np.float32(-np.inf))
        rows = np.flatnonzero(masked >= np.partition(masked, len(base) - size)[len(base) - size])
    else:
        # A partition over all films is slowed by equal values: of those a filter masks, and of those nothing is known
        # of, which score 0.
        rows = np.flatnonzero(positive)
        scores = base[rows]
        rows = rows[scores >= np.partition(scores, count - size)[count - size]]
    # All ties at the cut are included and now cut by row; argpartition alone would pick arbitrary ones.
    order = np.argsort(-base[rows], kind="stable")[:size]
    return np.asarray(rows[order], np.int32)
