"""Films like a film: what the same people like, what it is about, and who made it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.request import Pick, Reason, ReasonKind
from services.recommender.ports import Deadline, Release, SearchRequest, SearchResult
from services.recommender.stages import retrieval
from services.recommender.stages.ranker import rank
from services.recommender.stages.reasons import SHARED_PEOPLE, trait_reason
from services.recommender.stages.taste import entries
from services.recommender.stages.traits import TraitRows

# Weights of the three signals; chosen on held-out co-likes and on series.
COLLABORATIVE = 1.0
CONTENT = 0.5
TRAITS = 0.5
SCORE_MIDPOINT = 1.2
SCORE_SCALE = 0.6


@dataclass(frozen=True, slots=True)
class Similar:
    """``picks``: best first, each with one reason. ``degraded``: which part another answered for, and why.
    ``stages``: milliseconds of the search, where there was one.
    """

    picks: list[Pick]
    degraded: tuple[str, ...] = ()
    stages: dict[str, float] = field(default_factory=dict)


def similar(release: Release, trait_rows: TraitRows, row: int, k: int, deadline: Deadline) -> Similar:
    """The k films most like the film at ``row``."""
    bundle = release.bundle
    films = len(bundle.catalogue)
    film = np.array([row], np.int32)
    together = np.float32(COLLABORATIVE) * liked_together(bundle, film)
    hits = SearchResult()
    if bundle.embeddings is not None and bundle.embeddings.scales[row] > 0:
        hits = release.search.search(SearchRequest(vectors=bundle.embeddings.rows(film)), deadline)
    about = np.float32(CONTENT) * retrieval.leg_signal(hits.knn, films)
    allowed = np.ones(films, bool)
    allowed[row] = False
    prior = np.float32(1e-3) * bundle.popularity
    rows = retrieval.candidates(together + about + prior, allowed)
    known = trait_rows.films(film).mean(np.ones(1, np.float32))
    terms = {
        "collaborative": together[rows],
        "content": about[rows],
        "popularity": prior[rows],
        "traits": np.float32(TRAITS) * trait_rows.films(rows).scores(known),
    }
    ranked = rank(rows, terms)
    scores = 1 / (1 + np.exp(-(ranked.raw[:k].astype(float) - SCORE_MIDPOINT) / SCORE_SCALE))
    traits, shares = trait_rows.films(ranked.rows[:k]).strongest(known)
    shares = np.float32(TRAITS) * shares
    people = bundle.collaborative.supported(film, ranked.rows[:k], SHARED_PEOPLE)[0].tolist()
    found = zip(
        ranked.rows[:k].tolist(), scores.tolist(), ranked.terms, traits.tolist(), shares.tolist(), people, strict=False
    )
    picks = [
        Pick(film, score, (_reason(terms.tolist(), trait_reason(bundle.catalogue, trait, share), shared),))
        for film, score, terms, trait, share, shared in found
    ]
    stages = {} if hits.knn is None else {"knn": hits.knn.ms}
    return Similar(picks, tuple(f"search: {reason}" for reason in hits.degraded), stages)


def liked_together(bundle: Bundle, film: NDArray[np.int32]) -> NDArray[np.float32]:
    """The film's row of the short table, scaled by its best 50; float32[films]. One film is a short profile."""
    tables = bundle.collaborative
    found = entries(tables, film)
    scores = tables.short.scores(found.positions, found.shares)
    return tables.spread(retrieval.scaled(scores, retrieval.mean_of_best(scores)))


def _reason(terms: list[float], shared: Reason | None, people: bool) -> Reason:
    together, about = terms[0] if people else 0.0, terms[1]
    if shared is not None and shared.kind in (ReasonKind.DIRECTOR, ReasonKind.KEYWORD, ReasonKind.CAST):
        return Reason(shared.kind, _SHARED[shared.kind].format(shared.subject), shared.subject, shared.weight)
    if together >= about and together > 0:
        return Reason(ReasonKind.LIKED, "Liked by the same people", "the same people", together)
    if about > 0:
        return Reason(ReasonKind.KEYWORD, "A story much alike", "the story", about)
    subject = shared.subject if shared is not None else "the catalogue"
    return Reason(ReasonKind.GENRE, f"Also {subject}" if shared is not None else "Closest that is left", subject, 0.0)


_SHARED = {
    ReasonKind.DIRECTOR: "Also directed by {}",
    ReasonKind.KEYWORD: "Also about “{}”",
    ReasonKind.CAST: "Also with {}",
}
