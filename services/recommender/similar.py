"""Similar films: by series, makers, theme and tone, and shared audience; of equally similar films the better first."""

from dataclasses import dataclass, field

import numpy as np

from services.recommender.candidates import retrieval
from services.recommender.domain.request import RankedItem, Strategy
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, SearchResult
from services.recommender.ports.time import span
from services.recommender.ranking.ranker import rank, softsign
from services.recommender.reasons.reasons import likeness_reasons
from services.recommender.signals import Inputs, mixture_of
from services.recommender.signals.plan import likeness_plan
from services.recommender.taste.fold_in import Taste


@dataclass(frozen=True, slots=True)
class Similar:
    """``items``: best first, each with one reason. ``degraded``: which part was replaced by a fallback, and why.
    ``stages``: milliseconds of the search, if there was one.
    """

    items: list[RankedItem]
    degraded: tuple[str, ...] = ()
    stages: dict[str, float] = field(default_factory=dict)


def similar(pipeline: Pipeline, row: int, k: int, deadline: Deadline) -> Similar:
    """Return the k films most similar to the film at ``row``: the signals of a taste of that film only, with their own
    plan.
    """
    facts, constants = pipeline.facts, pipeline.constants
    taste = Taste.of_films((row,))
    hits = _nearest(pipeline, row, deadline)
    inputs = Inputs(facts, constants, likeness_plan(constants, facts.maturity, Strategy.SEEDS), taste)
    allowed = facts.audience.allowed_as_similar(row)
    allowed[row] = False
    mixture = mixture_of(inputs)
    retrieved = [retrieval.by_vectors(hits.knn), retrieval.by_traits(inputs, allowed)]
    rows = retrieval.candidates_of(facts, mixture, allowed, retrieved=retrieved)
    ranked = rank(rows, mixture.terms(rows))
    top = ranked.take(np.arange(min(k, len(ranked.rows))))
    scores = softsign(top.raw, constants.similar_midpoint, constants.similar_scale).tolist()
    terms = [dict(zip(top.names, values, strict=True)) for values in top.terms.tolist()]
    reasons = likeness_reasons(inputs, mixture, top.rows, terms)
    items = [RankedItem(*film) for film in zip(top.rows.tolist(), scores, reasons, strict=True)]
    stages = {} if hits.knn is None else {"knn": hits.knn.ms}
    return Similar(items, tuple(f"search: {reason}" for reason in hits.degraded), stages)


def _nearest(pipeline: Pipeline, row: int, deadline: Deadline) -> SearchResult:
    embeddings = pipeline.bundle.embeddings
    if embeddings is None or not embeddings.scales[row] > 0:
        return SearchResult()
    with span("search"):
        return pipeline.release.search.search(retrieval.near_films(embeddings, np.array([row], np.int32)), deadline)
