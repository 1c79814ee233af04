"""Search for a request: names by BM25, a query's meaning by kNN, or the films nearest to those of the taste."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.recommender.candidates.retrieval import EACH, SEARCH_SIZE
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.filters import NO_FILTERS, Filters
from services.recommender.domain.request import Request
from services.recommender.domain.weights import Weights
from services.recommender.errors import EncoderUnavailable, SearchUnavailable
from services.recommender.ports import Deadline, Release, SearchRequest, SearchResult, TextEncoder
from services.recommender.query.conditions import Understood
from services.recommender.signals.plan import Plan
from services.recommender.stopwatch import span
from services.recommender.taste.fold_in import Taste

# The heaviest films of a taste are separate query vectors, so that two tastes stay distinct.
TASTE_VECTORS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """``hits`` of both retrievers. ``vectors`` float32[1, dims]: the encoded query, if it was encoded. ``degraded``:
    what is missing from the response.
    """

    hits: SearchResult
    vectors: NDArray[np.float32] | None = None
    degraded: list[str] = field(default_factory=list)


def near_films(embeddings: Embeddings, films: NDArray[np.int32], filters: Filters = NO_FILTERS) -> SearchRequest:
    """Return the search for the films with the texts nearest to those of some films."""
    return SearchRequest(vectors=embeddings.rows(films), filters=filters, size=EACH, films=films)


@dataclass(frozen=True, slots=True, eq=False)
class Searcher:
    """Search over one release, and the query encoder, if installed."""

    release: Release
    encoder: TextEncoder | None

    def search(
        self,
        request: Request,
        understood: Understood | None,
        plan: Plan,
        taste: Taste,
        constants: Weights,
        deadline: Deadline,
    ) -> Searched:
        """Run both retrievers in one round trip. A query's words are searched as names only if they may be one:
        descriptions are matched through the bundle's own index.
        """
        words = understood is not None and bool(understood.words)
        meaning, degraded = None, []
        if understood is not None and words and plan.query_content:
            try:
                meaning = self._meaning(understood.text, deadline)
            except EncoderUnavailable as error:
                degraded.append(f"encoder: {error}")
        text = understood.text if understood is not None and words and understood.titled and plan.query_text else None
        search = SearchRequest(text, meaning, request.filters, SEARCH_SIZE)
        if not words:
            search = self._films(plan, taste, constants, request.filters) or search
        if search.text is None and search.vectors is None:
            return Searched(SearchResult(), None, degraded)
        try:
            with span("search"):
                hits = self.release.search.search(search, deadline)
        except SearchUnavailable as error:
            return Searched(SearchResult(), meaning, [*degraded, f"search: {error}"])
        return Searched(hits, meaning, [*degraded, *(f"search: {reason}" for reason in hits.degraded)])

    def _films(self, plan: Plan, taste: Taste, constants: Weights, filters: Filters) -> SearchRequest | None:
        """Return the search for films like the heaviest of the taste; None if it is not needed."""
        embeddings = self.release.bundle.embeddings
        if embeddings is None or not plan.ask_vectors or taste.is_empty:
            return None
        heaviest = np.argsort(-taste.weights(constants), kind="stable")[:TASTE_VECTORS]
        return near_films(embeddings, taste.rows[heaviest], filters)

    def _meaning(self, text: str, deadline: Deadline) -> NDArray[np.float32] | None:
        """Return unit query vectors float32[1, dims]; None if the bundle has none."""
        embeddings = self.release.bundle.embeddings
        if embeddings is None:
            return None
        if self.encoder is None:
            raise EncoderUnavailable("no text encoder is installed; only words are matched, not meaning")
        if self.encoder.encoder_id != embeddings.encoder_id:
            raise EncoderUnavailable(
                f"the films' vectors are of {embeddings.encoder_id!r}, the encoder is {self.encoder.encoder_id!r}; "
                "rebuild the bundle with it or install the other; only words are matched, not meaning"
            )
        with span("encoder"):
            return self.encoder.encode([text], deadline)
