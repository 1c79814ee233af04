"""Scores of one retriever's hits: order, reference and floor as the search port defines them."""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import ParamSpec

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.embeddings import Embeddings
from services.recommender.errors import SearchUnavailable
from services.recommender.ports import Hits

P = ParamSpec("P")
REFERENCE_HITS = 50

EMPTY = Hits(np.empty(0, np.int32), np.empty(0, np.float32), 0.0)


def check_vectors(vectors: NDArray[np.float32], embeddings: Embeddings) -> None:
    """Raise SearchUnavailable unless query vectors float32[q, dims] have the length of the films' vectors."""
    if vectors.ndim != 2 or vectors.shape[1] != embeddings.dims:
        raise SearchUnavailable(
            f"query vectors of shape {vectors.shape} for films of {embeddings.dims} dimensions; "
            f"the bundle was built with the encoder {embeddings.encoder_id!r}, use the same"
        )


def timed(retriever: Callable[P, Hits], *args: P.args, **kwargs: P.kwargs) -> Hits:
    """Run a retriever and record its milliseconds."""
    start = perf_counter()
    result = retriever(*args, **kwargs)
    return replace(result, ms=(perf_counter() - start) * 1_000)


def with_reference(hits: Hits, unfiltered: Hits, size: int) -> Hits:
    """Return the ``size`` best of ``hits``, with reference and floor of ``unfiltered``: the hits without filters.

    ``unfiltered`` holds at least the best :data:`REFERENCE_HITS`, however small ``size`` is.
    """
    best = unfiltered.scores[:REFERENCE_HITS]
    reference = float(best.mean(dtype=np.float64)) if len(best) else 0.0
    floor = float(unfiltered.scores[size - 1]) if len(unfiltered.scores) >= size else 0.0
    return Hits(hits.rows[:size], hits.scores[:size], reference, floor)


def ordered(rows: NDArray[np.int32], scores: NDArray[np.float32]) -> Hits:
    """Return hits best first, equal scores by row; reference and floor are set later."""
    order = np.lexsort((rows, -scores))
    return Hits(rows[order], scores[order], 0.0)


def best_of(rows: NDArray[np.int32], scores: NDArray[np.float32], size: int) -> Hits:
    """Return the ``size`` best of some films and their scores."""
    if size < len(rows):
        best = np.argpartition(-scores, size - 1)[:size]
        rows, scores = rows[best], scores[best]
    return ordered(rows, scores)


def same_scores(hits: Hits, unfiltered: Hits, films: int) -> Hits:
    """Return ``hits`` with their scores in ``unfiltered``, where it has them."""
    score_of = np.full(films, np.nan, np.float32)
    score_of[unfiltered.rows] = unfiltered.scores
    scores = score_of[hits.rows]
    return ordered(hits.rows, np.where(np.isnan(scores), hits.scores, scores))


def best_known_first(hits: Hits, group: NDArray[np.int32], rank: NDArray[np.int32]) -> Hits:
    """Swap the scores of a group of films among the ``hits``, so that the best known one gets the best score.

    ``rank`` int32[films]: 0 for the best known film.
    """
    at = np.flatnonzero(np.isin(hits.rows, group))
    if len(at) < 2:
        return hits
    rows = hits.rows.copy()
    rows[at] = rows[at][np.argsort(rank[rows[at]], kind="stable")]
    return ordered(rows, hits.scores)
