"""Films like a film: its series, its makers, its theme and tone, and what the same people like, fame apart."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import TraitKind
from services.recommender.domain.request import Pick, Reason, ReasonKind, Strategy
from services.recommender.domain.weights import Weights
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, SearchRequest, SearchResult
from services.recommender.stages import retrieval, retrievers
from services.recommender.stages.plan import Plan
from services.recommender.stages.ranker import Ranked, logistic, rank
from services.recommender.stages.reasons import SHARED_PEOPLE, trait_reason
from services.recommender.stages.signals import Inputs, mixture_of
from services.recommender.stages.taste import Taste
from services.recommender.stages.traits import Known

# What a film is about counts beside fame only to order equals.
PRIOR = 1e-3


@dataclass(frozen=True, slots=True)
class Similar:
    """``picks``: best first, each with one reason. ``degraded``: which part another answered for, and why.
    ``stages``: milliseconds of the search, where there was one.
    """

    picks: list[Pick]
    degraded: tuple[str, ...] = ()
    stages: dict[str, float] = field(default_factory=dict)


def similar(pipeline: Pipeline, row: int, k: int, deadline: Deadline) -> Similar:
    """The k films most like the film at ``row``: the signals of a taste of that film alone, under a plan of its own."""
    facts, constants = pipeline.facts, pipeline.constants
    taste = Taste.of_film(row)
    films = facts.trait_rows.films(taste.rows)
    known = Known(facts.trait_rows, films, films.mean(taste.base))
    hits = _nearest(pipeline, row, deadline)
    inputs = Inputs(facts, constants, plan_of(constants, facts.maturity), taste, known, hits)
    allowed = np.ones(len(facts.bundle.catalogue), bool)
    allowed[row] = False
    mixture = mixture_of(inputs)
    brought = [retrievers.by_vectors(hits.knn), retrievers.by_traits(facts, known, inputs.plan, allowed)]
    rows = retrieval.candidates(mixture.base(), allowed, retrieved=brought)
    ranked = rank(rows, mixture.terms(rows))
    top = ranked.take(np.arange(min(k, len(ranked.rows))))
    scores = logistic(top.raw, constants.similar_midpoint, constants.similar_scale).tolist()
    reasons = _reasons(inputs, top)
    picks = [Pick(*found) for found in zip(top.rows.tolist(), scores, reasons, strict=True)]
    stages = {} if hits.knn is None else {"knn": hits.knn.ms}
    return Similar(picks, tuple(f"search: {reason}" for reason in hits.degraded), stages)


def plan_of(constants: Weights, maturity: float) -> Plan:
    """One film is a short profile. Where nobody has rated anything, the tables have nothing to say."""
    return Plan(
        Strategy.SEEDS,
        short=constants.similar_collaborative * maturity,
        popularity=PRIOR,
        traits=constants.similar_traits,
        content=constants.similar_content,
        lift=constants.similar_lift,
        coherence=1.0,
    )


def _nearest(pipeline: Pipeline, row: int, deadline: Deadline) -> SearchResult:
    embeddings = pipeline.bundle.embeddings
    if embeddings is None or not embeddings.scales[row] > 0:
        return SearchResult()
    vectors = embeddings.rows(np.array([row], np.int32))
    return pipeline.release.search.search(SearchRequest(vectors=vectors), deadline)


def _reasons(inputs: Inputs, top: Ranked) -> list[tuple[Reason, ...]]:
    """One reason each: who made it or what both are about, where that is told by a trait; else the largest cause."""
    tables, catalogue = inputs.bundle.collaborative, inputs.bundle.catalogue
    people = tables.supported(inputs.taste.rows, top.rows, SHARED_PEOPLE)[0].tolist()
    telling = np.isin(catalogue.traits.kinds, _TELLING)
    own = inputs.known.rows.films(top.rows)
    traits, shares = own.strongest(inputs.known.taste * telling)
    genres, genre_shares = own.strongest(inputs.known.taste * ~telling)
    terms = [dict(zip(top.names, values, strict=True)) for values in top.terms.tolist()]
    weight = np.float32(inputs.plan.traits)
    found = zip(
        terms, people, traits.tolist(), (weight * shares).tolist(), genres.tolist(), (weight * genre_shares).tolist(),
        strict=True,
    )  # fmt: skip
    return [
        (_reason(of_film, liked, trait_reason(catalogue, *told), trait_reason(catalogue, *common)),)
        for of_film, liked, *pairs in found
        for told, common in [(pairs[:2], pairs[2:])]
    ]


def _reason(terms: dict[str, float], people: bool, told: Reason | None, common: Reason | None) -> Reason:
    together = terms.get("collaborative", 0.0) if people else 0.0
    about = terms.get("content", 0.0)
    if told is not None:
        return Reason(told.kind, _SHARED[told.kind].format(told.subject), told.subject, told.weight)
    if together >= about and together > 0:
        return Reason(ReasonKind.LIKED, "Liked by the same people", "the same people", together)
    if about > 0:
        return Reason(ReasonKind.KEYWORD, "A similar story", "the story", about)
    if common is not None:
        return Reason(common.kind, f"Also {common.subject}", common.subject, common.weight)
    return Reason(ReasonKind.GENRE, "The nearest of what is left", "the catalogue", 0.0)


_SHARED = {
    ReasonKind.DIRECTOR: "Also directed by {}",
    ReasonKind.KEYWORD: "Also about “{}”",
    ReasonKind.CAST: "Also with {}",
    ReasonKind.SERIES: "Also of the {} series",
}
_TELLING: NDArray[np.uint8] = np.array([TraitKind[kind.name] for kind in _SHARED], np.uint8)
