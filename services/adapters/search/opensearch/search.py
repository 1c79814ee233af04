"""Search in a bundle's OpenSearch index: BM25 and k-NN, with and without filters, as one ``_msearch``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from services.adapters.foreign import translated
from services.adapters.search.hit_scores import (
    EMPTY,
    REFERENCE_HITS,
    best_known_first,
    check_vectors,
    ordered,
    same_scores,
    with_reference,
)
from services.adapters.search.opensearch.index import IndexMismatch, IndexNote, notes_body, notes_of
from services.adapters.search.opensearch.query_bodies import Query, filtered, search_body, text_query, vector_query
from services.adapters.search.opensearch.scores import cosines
from services.adapters.search.opensearch.search_client import SearchClient
from services.adapters.search.remote_failure import RemoteFailure, unreadable
from services.adapters.search.wording import Clause
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.filters import NO_FILTERS
from services.recommender.ports import Deadline, Hits, SearchRequest, SearchResult


class Words(Protocol):
    """Words and names of the bundle's own text index."""

    @property
    def rank(self) -> NDArray[np.int32]:
        """Popularity rank, int32[films], 0 for the best known film."""
        ...

    def wording(self, text: str) -> list[Clause]:
        """Return the clauses for a text query."""
        ...

    def namesakes(self, text: str) -> NDArray[np.int32]:
        """Return the films with exactly this name if there are several."""
        ...


class OpenSearchSearch:
    """Text and vector search in one bundle's index, which is checked before the first search unless its ``note`` is
    given.

    Thread-safe. ``words`` interprets a query with the bundle's vocabulary, so one round trip suffices to know which
    words are typing errors and which are names.
    """

    def __init__(
        self, bundle: Bundle, words: Words, client: SearchClient, index: str, note: IndexNote | None = None
    ) -> None:
        self.index_version = index
        self._bundle = bundle
        self._words = words
        self._client = client
        self._note = note

    @translated(unreadable, "the index description of OpenSearch")
    def check(self, deadline: Deadline) -> IndexNote:
        """Return the index's note. Raises IndexMismatch if it belongs to another bundle, RemoteFailure if it is
        missing, incomplete or unreachable.
        """
        mapping = self._client.mapping(self.index_version, deadline)
        note = IndexNote.read(mapping)
        if note is None or not note.complete:
            [response] = self._client.msearch(self.index_version, notes_body(), deadline)
            note = IndexNote.read(mapping, notes_of(response))
        if note is None or not note.complete:
            raise RemoteFailure("index incomplete", f"{self.index_version}; run `marquee index`")
        note.check(self._bundle)
        self._note = note
        return note

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        """Run both retrievers. Raises RemoteFailure, and SearchUnavailable for query vectors of the wrong length."""
        vectors = self._vectors(request)
        clauses = [] if request.text is None else self._words.wording(request.text)
        start = deadline.clock.monotonic()
        note = self._note or self._checked_note(deadline)
        queries = self._queries(request, clauses, vectors, note)
        responses = [*self._client.msearch(self.index_version, search_body(queries), deadline)] if queries else []
        spent_ms = 1_000 * (deadline.clock.monotonic() - start)
        results = iter(responses)
        text_count = (1 if request.filters.is_empty else 2) if clauses else 0
        text_ms, knn_ms = _times(responses[:text_count], responses[text_count:], spent_ms)
        text = None if request.text is None else EMPTY
        if request.text is not None and clauses:
            text = replace(self._text_hits(request.text, request, results), ms=text_ms)
        knn = None
        if vectors is not None:
            knn = replace(self._knn_hits(request, note, results), ms=knn_ms) if len(vectors) else EMPTY
        return SearchResult(text, knn)

    def close(self) -> None:
        """Release the connections."""
        self._client.close()

    def _checked_note(self, deadline: Deadline) -> IndexNote:
        try:
            return self.check(deadline)
        except IndexMismatch as error:
            raise RemoteFailure("index mismatch", str(error)) from error

    def _vectors(self, request: SearchRequest) -> NDArray[np.float32] | None:
        """Return the query vectors that have a direction; None if there are none."""
        vectors, embeddings = request.vectors, self._bundle.embeddings
        if vectors is None or not len(vectors) or embeddings is None:
            return None
        check_vectors(vectors, embeddings)
        # A seed film may lack a vector, and the engine rejects a zero query.
        return vectors[np.any(vectors != 0, axis=1)]

    @staticmethod
    def _queries(
        request: SearchRequest, clauses: list[Clause], vectors: NDArray[np.float32] | None, note: IndexNote
    ) -> list[tuple[Query, int]]:
        """Return query and number of hits: each retriever without filters, for reference and floor, and with them if
        any.
        """
        size, filters = max(1, request.size), request.filters
        wide = max(size, REFERENCE_HITS)
        queries = []
        if clauses:
            query = text_query(clauses, note.text_scale)
            queries += [(query, wide)] if filters.is_empty else [(query, wide), (filtered(query, filters), size)]
        if vectors is not None and len(vectors):
            queries.append((vector_query(vectors, wide, NO_FILTERS), wide))
            if not filters.is_empty:
                queries.append((vector_query(vectors, size, filters), size))
        return queries

    def _text_hits(self, text: str, request: SearchRequest, results: Iterator[Mapping[str, Any]]) -> Hits:
        films, size = len(self._bundle.catalogue), max(1, request.size)
        unfiltered = best_known_first(hits_of(next(results), films), self._words.namesakes(text), self._words.rank)
        if request.filters.is_empty:
            return with_reference(unfiltered, unfiltered, size)
        return with_reference(same_scores(hits_of(next(results), films), unfiltered, films), unfiltered, size)

    def _knn_hits(self, request: SearchRequest, note: IndexNote, results: Iterator[Mapping[str, Any]]) -> Hits:
        films, size = len(self._bundle.catalogue), max(1, request.size)
        unfiltered = self._as_cosines(hits_of(next(results), films), note)
        if request.filters.is_empty:
            return with_reference(unfiltered, unfiltered, size)
        return with_reference(self._as_cosines(hits_of(next(results), films), note), unfiltered, size)

    @staticmethod
    def _as_cosines(hits: Hits, note: IndexNote) -> Hits:
        return ordered(hits.rows, cosines(hits.scores, note.engine, note.space))


def hits_of(response: Mapping[str, Any], films: int) -> Hits:
    """Return rows and scores of one response. Raises RemoteFailure if it is malformed."""
    try:
        sort_values = [hit["sort"] for hit in response["hits"]["hits"]]
        rows = np.fromiter((row for _, row in sort_values), np.int32, len(sort_values))
        scores = np.fromiter((score for score, _ in sort_values), np.float32, len(sort_values))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RemoteFailure("unreadable answer", f"hits without score and row ({error!r})") from error
    if len(rows) and not (rows.min() >= 0 and rows.max() < films):
        raise RemoteFailure("index mismatch", f"rows {rows.min()} to {rows.max()} in an index of {films} films")
    return ordered(rows, scores)


def _times(text: Sequence[Mapping[str, Any]], knn: Sequence[Mapping[str, Any]], spent_ms: float) -> tuple[float, float]:
    """Return milliseconds of both retrievers: the engine's time for each, plus the rest of the round trip for both, as
    they run together.
    """
    text_ms, knn_ms = _engine_ms(text), _engine_ms(knn)
    overhead = max(0.0, spent_ms - max(text_ms, knn_ms))
    return text_ms + overhead, knn_ms + overhead


def _engine_ms(results: Sequence[Mapping[str, Any]]) -> float:
    """Return the engine's reported whole milliseconds."""
    return float(sum(response.get("took", 0) for response in results))
