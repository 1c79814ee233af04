"""Search for a request: names by BM25, a query's meaning by kNN, or the films nearest to those of the taste."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.recommender.candidates.retrieval import EACH, SEARCH_SIZE
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
        films = None if words else self._films(plan, taste, constants)
        vectors = self._own_vectors(films) if films is not None else meaning
        if text is None and vectors is None:
            return Searched(SearchResult(), None, degraded)
        size = SEARCH_SIZE if films is None else EACH
        try:
            with span("search"):
                hits = self.release.search.search(SearchRequest(text, vectors, request.filters, size, films), deadline)
        except SearchUnavailable as error:
            return Searched(SearchResult(), meaning, [*degraded, f"search: {error}"])
        return Searched(hits, meaning, [*degraded, *(f"search: {reason}" for reason in hits.degraded)])

    def _films(self, plan: Plan, taste: Taste, constants: Weights) -> NDArray[np.int32] | None:
        """Return the heaviest films of the taste; None if they are not needed."""
        if self.release.bundle.embeddings is None or not plan.ask_vectors or taste.is_empty:
            return None
        return taste.rows[np.argsort(-taste.weights(constants), kind="stable")[:TASTE_VECTORS]]

    def _own_vectors(self, films: NDArray[np.int32]) -> NDArray[np.float32] | None:
        embeddings = self.release.bundle.embeddings
        return None if embeddings is None else embeddings.rows(films)

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
