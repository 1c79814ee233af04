"""The search legs of a request: BM25 by its words, kNN by their meaning or by the films of the taste."""

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.request import Request
from services.recommender.domain.weights import Weights
from services.recommender.errors import EncoderUnavailable, SearchUnavailable
from services.recommender.ports import Deadline, Release, SearchRequest, SearchResult, TextEncoder
from services.recommender.stages.plan import Plan
from services.recommender.stages.retrieval import SEARCH_SIZE
from services.recommender.stages.taste import Taste

# The heaviest films of a taste are query vectors of their own, so that two tastes stay two.
TASTE_VECTORS = 8


def search_legs(
    release: Release,
    encoder: TextEncoder | None,
    request: Request,
    plan: Plan,
    taste: Taste,
    constants: Weights,
    deadline: Deadline,
) -> tuple[SearchResult, list[str]]:
    """Both legs in one round trip, and what of them is missing: an answer is given without, and says so."""
    vectors, degraded = None, []
    try:
        vectors = _vectors(release, encoder, request, plan, taste, constants)
    except EncoderUnavailable as error:
        degraded.append(f"encoder: {error}")
    text = request.query if plan.query_text else None
    if text is None and vectors is None:
        return SearchResult(), degraded
    try:
        wanted = SearchRequest(text, vectors, request.filters, SEARCH_SIZE)
        hits = release.search.search(wanted, deadline)
    except SearchUnavailable as error:
        return SearchResult(), [*degraded, f"search: {error}"]
    return hits, [*degraded, *(f"search: {reason}" for reason in hits.degraded)]


def _vectors(
    release: Release,
    encoder: TextEncoder | None,
    request: Request,
    plan: Plan,
    taste: Taste,
    constants: Weights,
) -> NDArray[np.float32] | None:
    """Unit query vectors float32[q, dims]; None where the leg is not wanted or the bundle has no vectors."""
    embeddings = release.bundle.embeddings
    if embeddings is None:
        return None
    if request.query is None:
        if not plan.ask_vectors or taste.is_empty:
            return None
        heaviest = np.argsort(-taste.weights(constants), kind="stable")[:TASTE_VECTORS]
        return embeddings.rows(taste.rows[heaviest])
    if not plan.query_content:
        return None
    if encoder is None:
        raise EncoderUnavailable("no text encoder is installed; words are matched, meaning is not")
    return encoder.encode([request.query])
