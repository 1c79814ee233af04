"""The usual recipe for a hybrid recommender, as a preset for comparison with the default.

score = .7 kNN + .3 BM25 + .10 popularity + .05 recency + .05 genre match. The kNN query is the mean vector of the liked
films, the BM25 query the names of the taste's strongest traits. Both retrievers are scaled as elsewhere: the score at
the cut is 0, the mean of the best 50 is 1.
"""

import numpy as np
from numpy.typing import NDArray

from services.recommender.candidates.retrieval import SEARCH_SIZE, Dense, hits_signal
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.catalogue import Catalogue, TraitKind
from services.recommender.domain.filters import NO_FILTERS, Filters
from services.recommender.domain.genres import GENRES
from services.recommender.errors import SearchUnavailable
from services.recommender.ports import Deadline, Release, SearchRequest, SearchResult
from services.recommender.signals.signal import Cites
from services.recommender.taste.fold_in import Taste
from services.recommender.taste.traits import FilmTraits

VECTOR = 0.7
TEXT = 0.3
POPULARITY = 0.10
RECENCY = 0.05
GENRE_MATCH = 0.05
RECENT_FROM, RECENT_SPAN = 2015, 10
QUERY_TRAITS = 5
CITES = {"content": Cites.FILMS}


def baseline_terms(
    release: Release, trait_rows: FilmTraits, taste: Taste, deadline: Deadline, filters: Filters
) -> tuple[dict[str, Dense], list[str]]:
    """Return the terms, and why search failed, if it did: then only the other terms count."""
    try:
        hits = release.search.search(baseline_request(release.bundle, trait_rows, taste, filters), deadline)
    except SearchUnavailable as error:
        return formula_terms(release.bundle, taste, SearchResult()), [f"search: {error}"]
    return formula_terms(release.bundle, taste, hits), [f"search: {reason}" for reason in hits.degraded]


def baseline_scores(
    release: Release, trait_rows: FilmTraits, taste: Taste, deadline: Deadline, filters: Filters = NO_FILTERS
) -> dict[str, Dense]:
    """Return the weighted terms over all films by name, float32[films] each; a film's score is their sum.

    Raises SearchUnavailable.
    """
    hits = release.search.search(baseline_request(release.bundle, trait_rows, taste, filters), deadline)
    return formula_terms(release.bundle, taste, hits)


def baseline_request(bundle: Bundle, trait_rows: FilmTraits, taste: Taste, filters: Filters) -> SearchRequest:
    """Return a request for both retrievers in one round trip; a retriever without input is omitted."""
    liked = liked_rows(taste)
    return SearchRequest(
        text=strongest_traits(bundle.catalogue, trait_rows, liked) or None,
        vectors=_mean_vector(bundle, liked),
        filters=filters,
        size=SEARCH_SIZE,
    )


def formula_terms(bundle: Bundle, taste: Taste, hits: SearchResult) -> dict[str, Dense]:
    """Apply the formula to the hits of both retrievers."""
    films = len(bundle.catalogue)
    parts = {
        "content": (VECTOR, hits_signal(hits.knn, films)),
        "text": (TEXT, hits_signal(hits.text, films)),
        "popularity": (POPULARITY, bundle.popularity),
        "recency": (RECENCY, recency_of_release(bundle.catalogue)),
        "genres": (GENRE_MATCH, genre_match(bundle.catalogue, liked_rows(taste))),
    }
    return {name: np.float32(weight) * signal for name, (weight, signal) in parts.items()}


def liked_rows(taste: Taste) -> NDArray[np.int32]:
    """Return the liked films; all films of the taste if none was liked outright."""
    liked = taste.rows[taste.base >= 1]
    return liked if len(liked) else taste.rows


def strongest_traits(catalogue: Catalogue, trait_rows: FilmTraits, rows: NDArray[np.int32]) -> str:
    """Return the names of some films' strongest traits, as search words, except decades, which occur in no text."""
    worth = trait_rows.films(rows).mean(np.ones(len(rows), np.float32))
    worth[np.isin(catalogue.traits.kinds, (TraitKind.DECADE, TraitKind.ERA))] = 0
    best = np.argsort(-worth, kind="stable")[:QUERY_TRAITS]
    return " ".join(catalogue.traits.names[int(trait)] for trait in best if worth[trait] > 0)


def recency_of_release(catalogue: Catalogue) -> Dense:
    """Return max(0, (year - 2015) / 10), float32[films]; 0 for an unknown year."""
    return np.maximum(0, (catalogue.years.astype(np.float32) - RECENT_FROM) / RECENT_SPAN)


def genre_match(catalogue: Catalogue, rows: NDArray[np.int32]) -> Dense:
    """Return the sum of a film's genres' shares in the genre counts of ``rows``; float32[films] in 0 ... 1."""
    bits = np.arange(len(GENRES), dtype=np.uint32)
    has = (catalogue.genre_bits[:, None] >> bits & np.uint32(1)).astype(np.float32)
    counts = has[rows].sum(axis=0)
    share: Dense = has @ (counts / max(float(counts.sum()), 1.0)).astype(np.float32)
    return share


def _mean_vector(bundle: Bundle, rows: NDArray[np.int32]) -> NDArray[np.float32] | None:
    """Return the mean vector of some films at unit length, float32[1, dims]; None without vectors."""
    if bundle.embeddings is None or not len(rows):
        return None
    mean = bundle.embeddings.rows(rows).mean(axis=0, keepdims=True)
    length = float(np.linalg.norm(mean))
    return np.asarray(mean / length, np.float32) if length > 0 else None
