"""In-process search: tantivy for text, cosines for vectors. The default, and the fallback."""

import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray

from services.adapters.search.analyser import squeezed, terms
from services.adapters.search.hit_scores import (
    EMPTY,
    REFERENCE_HITS,
    best_known_first,
    best_of,
    check_vectors,
    ordered,
    same_scores,
    timed,
    with_reference,
)
from services.adapters.search.name_files import load_names
from services.adapters.search.query import QueryBuilder
from services.adapters.search.wording import Clause, clauses
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.filters import Filters
from services.recommender.domain.nearest import NearestFilms
from services.recommender.errors import BundleDamaged, SearchUnavailable
from services.recommender.names.names import Names
from services.recommender.ports import Deadline, Hits, Mention, NamedFilms, SearchRequest, SearchResult, TextField

# Maximum number of films with one name that are ordered by popularity.
_NAMESAKES = 200
_FIELDS = {
    "title": TextField.TITLE,
    "aka": TextField.OTHER_TITLE,
    "keywords": TextField.KEYWORDS,
    "overview": TextField.OVERVIEW,
    "people": TextField.PEOPLE,
}
_NO_MENTION = Mention(np.empty(0, np.int32), np.empty(0, np.uint8))


class EmbeddedSearch:
    """Search port over a bundle and its index folder. Thread-safe.

    Raises BundleDamaged if the index cannot be opened or does not hold the bundle's films.
    """

    def __init__(self, bundle: Bundle, index_dir: Path) -> None:
        self.index_version = f"embedded-{bundle.version}"
        self._bundle = bundle
        searcher, queries, self._names = _open(index_dir)
        self._searcher: tantivy.Searcher | None = searcher
        self._queries: QueryBuilder | None = queries
        if searcher.num_segments > 1 or searcher.num_docs != len(bundle.catalogue):
            raise BundleDamaged(
                f"{index_dir}: {searcher.num_docs} films in {searcher.num_segments} segments, "
                f"expected {len(bundle.catalogue)} in one"
            )

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:  # noqa: ARG002
        """Run both retrievers; nothing blocks, so the deadline is ignored. Raises SearchUnavailable."""
        size = max(1, request.size)
        text = knn = None
        if request.text is not None:
            text = timed(self._text_hits, request.text, request.filters, size)
        if request.vectors is not None and len(request.vectors) and self._bundle.embeddings is not None:
            films = request.films if request.filters.is_empty else None
            knn = timed(self._knn_hits, request.vectors, request.filters, size, films)
        return SearchResult(text, knn)

    @property
    def names(self) -> Names:
        """Names of the films and their people."""
        return self._names

    def mentions(self, words: Sequence[str]) -> list[Mention]:
        """Return where each word occurs, in any of its forms. Raises SearchUnavailable."""
        return [self._mention(word) for word in words]

    def named(self, text: str, errors: int = 0) -> NamedFilms:
        """Return the films with exactly this name, else those within this many errors. Raises SearchUnavailable."""
        name, queries = squeezed(text), self._builder()
        if not name:
            return NamedFilms(EMPTY.rows)
        # Main titles before alternative ones.
        hits = [
            self._best_known(self._hits(queries.named(name, field), _NAMESAKES).rows)
            for field in ("name", "other_name")
            if queries.count(field, name)
        ]
        if hits:
            return NamedFilms(np.concatenate(hits))
        for distance in range(1, errors + 1):
            rows = self._hits(queries.named(name, "name", distance), _NAMESAKES).rows
            if len(rows):
                return NamedFilms(self._best_known(rows), distance)
        return NamedFilms(EMPTY.rows)

    def close(self) -> None:
        """Release the index files; later searches raise SearchUnavailable."""
        self._searcher = self._queries = None

    def wording(self, text: str) -> list[Clause]:
        """Return the clauses for a text query. Raises SearchUnavailable."""
        return clauses(text, self._builder())

    def hits(self, clauses: list[Clause], size: int) -> Hits:
        """Return the ``size`` best films for some clauses, without reference and floor. Raises SearchUnavailable."""
        return self._hits(self._builder().text(clauses), size)

    def namesakes(self, text: str) -> NDArray[np.int32]:
        """Return the films with exactly this name if there are several, int32[n]. Raises SearchUnavailable."""
        name = squeezed(text)
        several = self._builder().count("name", name) > 1
        return self._hits(self._builder().named(name), _NAMESAKES).rows if several else EMPTY.rows

    @cached_property
    def rank(self) -> NDArray[np.int32]:
        """Popularity rank of each film, int32[films], 0 the best known: by popularity, then votes, then row."""
        order = np.lexsort((-self._bundle.catalogue.votes.astype(np.int64), -self._bundle.popularity))
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        return rank

    def _mention(self, word: str) -> Mention:
        stems = terms(word)
        if not stems:
            return _NO_MENTION
        hits = self._run(self._builder().containing(stems[0], _FIELDS), len(self._bundle.catalogue))
        rows = np.array([address.doc for _, address in hits], np.int32)
        return Mention(rows, np.array([score for score, _ in hits], np.float32).astype(np.uint8))

    def _text_hits(self, text: str, filters: Filters, size: int) -> Hits:
        clauses = self.wording(text)
        if not clauses:
            return EMPTY
        query = self._builder().text(clauses)
        unfiltered = best_known_first(self._hits(query, max(size, REFERENCE_HITS)), self.namesakes(text), self.rank)
        if filters.is_empty:
            return with_reference(unfiltered, unfiltered, size)
        hits = self._hits(self._builder().filtered(query, filters), size)
        return with_reference(same_scores(hits, unfiltered, len(self._bundle.catalogue)), unfiltered, size)

    def _knn_hits(
        self, vectors: NDArray[np.float32], filters: Filters, size: int, films: NDArray[np.int32] | None
    ) -> Hits:
        embeddings, nearest = self._bundle.embeddings, self._bundle.nearest
        assert embeddings is not None
        check_vectors(vectors, embeddings)
        if films is not None and nearest is not None and max(size, REFERENCE_HITS) <= nearest.each:
            unfiltered = best_of(*_stored_or_nearest(vectors, films, embeddings, nearest), max(size, REFERENCE_HITS))
            return with_reference(unfiltered, unfiltered, size)
        unfiltered = best_of(*embeddings.nearest(vectors), max(size, REFERENCE_HITS))
        if filters.is_empty:
            return with_reference(unfiltered, unfiltered, size)
        passing = embeddings.nearest(vectors, filters.mask(self._bundle.catalogue))
        return with_reference(best_of(*passing, size), unfiltered, size)

    def _hits(self, query: tantivy.Query, size: int) -> Hits:
        """Return the hits of an engine query; a document id is a row."""
        hits = self._run(query, size)
        rows = np.fromiter((address.doc for _, address in hits), np.int32, len(hits))
        return ordered(rows, np.fromiter((score for score, _ in hits), np.float32, len(hits)))

    def _run(self, query: tantivy.Query, size: int) -> list[tuple[float, tantivy.DocAddress]]:
        """Return score and address of each hit, best first. Raises SearchUnavailable."""
        searcher = self._searcher
        if searcher is None:
            raise SearchUnavailable("the index was closed; use the current release")
        try:
            hits: list[tuple[float, tantivy.DocAddress]] = searcher.search(query, size, count=False).hits
        except ValueError as error:
            raise SearchUnavailable(f"the embedded index failed: {error}; verify the bundle") from error
        return hits

    def _builder(self) -> QueryBuilder:
        queries = self._queries
        if queries is None:
            raise SearchUnavailable("the index was closed; use the current release")
        return queries

    def _best_known(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        return rows[np.argsort(self.rank[rows])]


def _stored_or_nearest(
    vectors: NDArray[np.float32], films: NDArray[np.int32], embeddings: Embeddings, nearest: NearestFilms
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the films nearest to any of some films, and their cosines. A search is needed only for films whose
    neighbours are not stored.
    """
    stored = films < len(nearest)
    rows, cosines = nearest.of(films[stored])
    if stored.all():
        return rows, cosines
    other_rows, other_cosines = embeddings.nearest(vectors[~stored])
    best = np.full(len(embeddings.scales), -np.inf, np.float32)
    best[other_rows] = other_cosines
    best[rows] = np.maximum(best[rows], cosines)
    nearest_rows = np.flatnonzero(np.isfinite(best)).astype(np.int32)
    return nearest_rows, best[nearest_rows]


def _open(index_dir: Path) -> tuple[tantivy.Searcher, QueryBuilder, Names]:
    """Open the index through links in a writable folder, as tantivy writes a lock file there.

    All files are mapped once the searcher exists, so the links can be removed at once.
    """
    try:
        # A tantivy thread may rewrite its lock file during the cleanup, which is harmless.
        with tempfile.TemporaryDirectory(prefix="marquee-index-", ignore_cleanup_errors=True) as links:
            for path in index_dir.iterdir():
                (Path(links) / path.name).symlink_to(path.resolve())
            index = tantivy.Index.open(links)
            index.config_reader("manual", 0)
            searcher = index.searcher()
            return searcher, QueryBuilder(index.schema, searcher), load_names(index_dir)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the engine panics on damaged bytes, which is not an Exception
        raise BundleDamaged(f"{index_dir}: cannot be opened as a text index: {error}") from error
