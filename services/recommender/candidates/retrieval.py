"""Retrieval: the search for a request, and its candidates: the best films by the sum of all signals, and what other
retrievers add.

Search finds films by name (BM25), by a query's meaning (kNN), or near those of the taste. The other retrievers find
films that share the taste's strongest traits, its nearest texts, and its series. They are used for a coherent taste,
and if the tables know little about the catalogue.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import distinct
from services.recommender.domain.best_sums import Goal
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.filters import NO_FILTERS, Filters
from services.recommender.domain.request import Request
from services.recommender.domain.weights import Weights
from services.recommender.errors import EncoderUnavailable, SearchUnavailable
from services.recommender.facts import Facts
from services.recommender.ports import Deadline, Hits, Release, SearchRequest, SearchResult, TextEncoder
from services.recommender.ports.time import span
from services.recommender.query.conditions import Understood
from services.recommender.signals import Inputs, Mixture
from services.recommender.signals.plan import Plan
from services.recommender.taste.fold_in import Taste

CANDIDATES = 500
# Places reserved for films with few events, which content could otherwise never lift.
NOVEL_CANDIDATES = 200
NOVEL_FROM = 0.1
# One film in so many is compared first, to find which of the others can be among the best.
SAMPLED = 8
SEARCH_SIZE = 1_000

# The heaviest films of a taste are separate query vectors, so that two tastes stay distinct.
TASTE_VECTORS = 8

Dense = NDArray[np.float32]
Vectors = NDArray[np.float32]


def search_for(
    request: Request,
    understood: Understood | None,
    plan: Plan,
    taste: Taste,
    constants: Weights,
    release: Release,
    encoder: TextEncoder | None,
    deadline: Deadline,
) -> tuple[SearchResult, Vectors | None]:
    """Run both retrievers in one round trip. Return their hits, ``degraded`` as the response reports it, and the
    encoded query, float32[1, dims], if it was encoded. A query's words are searched as names only if they may be one:
    descriptions are matched through the bundle's own index.
    """
    words = understood is not None and bool(understood.words)
    text, meaning, degraded = None, None, []
    if understood is not None and words:
        text = understood.text if understood.titled and plan.query_text else None
        if plan.query_content:
            try:
                meaning = _encoded(understood.text, release.bundle.embeddings, encoder, deadline)
            except EncoderUnavailable as error:
                degraded.append(f"encoder: {error}")
    search = None if words else _near_taste(release.bundle.embeddings, plan, taste, constants, request.filters)
    if text is not None or meaning is not None:
        search = SearchRequest(text, meaning, request.filters, SEARCH_SIZE)
    if search is None:
        return SearchResult(degraded=tuple(degraded)), None
    try:
        with span("search"):
            hits = release.search.search(search, deadline)
    except SearchUnavailable as error:
        return SearchResult(degraded=(*degraded, f"search: {error}")), meaning
    return replace(hits, degraded=(*degraded, *(f"search: {reason}" for reason in hits.degraded))), meaning


def near_films(embeddings: Embeddings, films: NDArray[np.int32], filters: Filters = NO_FILTERS) -> SearchRequest:
    """Return the search for the films with the texts nearest to those of some films."""
    return SearchRequest(vectors=embeddings.rows(films), filters=filters, size=EACH, films=films)


def _near_taste(
    embeddings: Embeddings | None, plan: Plan, taste: Taste, constants: Weights, filters: Filters
) -> SearchRequest | None:
    """Return the search for films like the heaviest of the taste; None if it is not needed."""
    if embeddings is None or not plan.ask_vectors or taste.is_empty:
        return None
    heaviest = np.argsort(-taste.weights(constants), kind="stable")[:TASTE_VECTORS]
    return near_films(embeddings, taste.rows[heaviest], filters)


def _encoded(
    text: str, embeddings: Embeddings | None, encoder: TextEncoder | None, deadline: Deadline
) -> Vectors | None:
    """Return unit query vectors float32[1, dims]; None if the bundle has none. Raises EncoderUnavailable."""
    if embeddings is None:
        return None
    if encoder is None:
        raise EncoderUnavailable(
            "no text encoder is installed, so only words are matched; "
            "install 'marquee-films[encoder]' to search by meaning"
        )
    if encoder.encoder_id != embeddings.encoder_id:
        raise EncoderUnavailable(
            f"the films' vectors are of {embeddings.encoder_id!r}, the encoder is {encoder.encoder_id!r}; "
            "only words are matched, not meaning; set ENCODER and EMBEDDER_DIR as when the bundle was built, or "
            "rebuild it"
        )
    with span("encoder"):
        return encoder.encode([text], deadline)


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


def candidates_of(
    facts: Facts,
    mixture: Mixture,
    allowed: NDArray[np.bool_],
    novelty: bool = False,
    retrieved: Sequence[NDArray[np.int32]] = (),
) -> NDArray[np.int32]:
    """Return the candidates of a mixture: those of ``candidates``, without a sum for every film of a large catalogue if
    possible.
    """
    best = _best_by_sums(facts, mixture, allowed, novelty)
    if best is None:
        return candidates(mixture.base(), allowed, facts.novelty if novelty else None, retrieved)
    chosen = np.concatenate([*best, *retrieved])
    return distinct(chosen[allowed[chosen]]).astype(np.int32)


def _best_by_sums(
    facts: Facts, mixture: Mixture, allowed: NDArray[np.bool_], novelty: bool
) -> list[NDArray[np.int32]] | None:
    """Return the best allowed films, and those that few people have touched; None if that takes sums for all films."""
    finder = facts.best_sums
    sums = mixture.table_sums() if finder is not None else None
    if finder is None or sums is None:
        return None
    goals = [Goal(CANDIDATES, lambda rows: allowed[rows])]
    if novelty:
        goals.append(Goal(NOVEL_CANDIDATES, lambda rows: allowed[rows] & (facts.novelty[rows] >= NOVEL_FROM)))
    return finder.best(sums, goals)


def best_rows(base: Dense, allowed: NDArray[np.bool_], size: int) -> NDArray[np.int32]:
    """Return the ``size`` allowed rows with the best base score, best first."""
    positive = allowed & (base > 0)
    count = int(np.count_nonzero(positive))
    if count < size:
        positive, count = allowed, int(np.count_nonzero(allowed))
    rows = np.flatnonzero(positive) if count <= size else _enough(base, positive, size)
    # All ties at the cut are included and now cut by row; argpartition alone would pick arbitrary ones.
    order = np.argsort(-base[rows], kind="stable")[:size]
    return np.asarray(rows[order], np.int32)


def _enough(base: Dense, among: NDArray[np.bool_], size: int) -> NDArray[np.intp]:
    """Return the ``size`` best of more films, ties in the order of rows, and possibly others that equal the last."""
    # At least ``size`` films reach this score, and few others do. A partition of all would take longer, most of all if
    # many are equal: if nothing is known of the taste's films, all score 0.
    threshold = _sampled_threshold(base, among, size)
    rows = np.flatnonzero(among & (base > threshold))
    if len(rows) <= size:
        return np.concatenate([rows, np.flatnonzero(among & (base == threshold))[: size - len(rows)]])
    scores = base[rows]
    return np.asarray(rows[scores >= np.partition(scores, len(rows) - size)[len(rows) - size]])


def _sampled_threshold(base: Dense, among: NDArray[np.bool_], size: int) -> np.float32:
    """Return a score that at least ``size`` of the films ``among`` reach: the ``size``-th best in a sample of them.
    -inf if the sample is too small.
    """
    sample = base[::SAMPLED][among[::SAMPLED]]
    if len(sample) < size:
        return np.float32(-np.inf)
    return np.float32(np.partition(sample, len(sample) - size)[len(sample) - size])


# Number of the taste's traits to look up, and the share and number of films above which a trait is too common to be
# worth it.
STRONGEST = 24
COMMON, MOST_COMMON = 0.1, 10_000
# Maximum number of films from each retriever.
EACH = 150


def by_traits(inputs: Inputs, allowed: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the allowed films with the most of the taste's strongest traits, best first; none if the plan ignores
    them.
    """
    if not inputs.plan.coherence and not inputs.plan.content:
        return np.empty(0, np.int32)
    facts, taste = inputs.facts, inputs.taste_traits
    traits = distinct(inputs.film_traits.ids)
    common = min(COMMON * len(allowed), MOST_COMMON)
    traits = traits[(facts.bundle.catalogue.traits.films[traits] <= common) & (taste[traits] > 0)]
    strongest = np.sort(traits[np.argsort(-taste[traits], kind="stable")[:STRONGEST]])
    films, scores = facts.postings.scores(strongest, taste[strongest])
    is_allowed = allowed[films]
    films, scores = films[is_allowed], scores[is_allowed]
    return films[best_rows(scores * facts.quality[films], np.ones(len(films), bool), EACH)]


def by_vectors(hits: Hits | None) -> NDArray[np.int32]:
    """Return the films nearest to those of the taste, from search."""
    return np.empty(0, np.int32) if hits is None else hits.rows[:EACH]


def by_series(facts: Facts, taste: Taste, allowed: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the allowed films of the series in the taste."""
    parts, series = facts.series_parts, facts.bundle.catalogue.series
    followed = distinct(series[taste.rows])
    starts = np.searchsorted(facts.series_of_parts, followed)
    ends = np.searchsorted(facts.series_of_parts, followed, side="right")
    films = [parts[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    rows = np.sort(np.concatenate([parts[:0], *films]))
    return np.asarray(rows[allowed[rows]], np.int32)
