"""The answer's films with score, reasons and signals: the first per-film objects of a request."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.genres import GENRES
from services.recommender.domain.request import Pick, Reason
from services.recommender.domain.weights import Weights
from services.recommender.stages.evidence import Falls, find_falls
from services.recommender.stages.plan import Plan
from services.recommender.stages.pool import Asked
from services.recommender.stages.ranker import Ranked, shown_score
from services.recommender.stages.reasons import Citations, PopularIn, query_reason, trait_reason
from services.recommender.stages.retrieval import CollaborativeSignal
from services.recommender.stages.taste import Entries, Taste
from services.recommender.stages.traits import FilmTraits, Known

# Films of the taste are cited where what the tables say is at least this part of the raw score: not for a film
# that a query alone brought here.
WORTH_SAYING = 0.1
CITED = 2


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What reasons are made from; ``signal`` and ``found`` are None without a taste."""

    bundle: Bundle
    constants: Weights
    taste: Taste
    plan: Plan
    query: str | None
    known: Known
    popular_in: PopularIn
    signal: CollaborativeSignal | None
    found: Entries | None

    def falls(self, rows: NDArray[np.int32], traits: FilmTraits) -> Falls | None:
        """By how much each film falls without each film of the taste; None without a taste. ``traits``: the films'
        own.
        """
        if self.signal is None or self.found is None:
            return None
        weights = self.taste.weights(self.constants)
        asked = Asked(self.bundle, self.taste, weights, self.plan, self.known, self.found, self.signal, rows, traits)
        return find_falls(self.constants, asked)


def make_picks(top: Ranked, context: Context | None, constants: Weights, explain: bool) -> tuple[Pick, ...]:
    """The films of ``top`` in order; without a context they carry no reasons."""
    scores = shown_score(top.raw, constants).tolist()
    terms = [dict(zip(top.names, values, strict=True)) for values in top.terms.tolist()]
    reasons = _reasons(context, top.rows, terms) if context is not None else [()] * len(terms)
    return tuple(
        Pick(row, score, why, signals if explain else {})
        for row, score, why, signals in zip(top.rows.tolist(), scores, reasons, terms, strict=True)
    )


def _reasons(context: Context, rows: NDArray[np.int32], terms: list[dict[str, float]]) -> list[tuple[Reason, ...]]:
    """Query, cited films, shared trait of each film; popularity only where nothing of them moved it."""
    own = context.known.rows.films(rows)
    falls = context.falls(rows, own)
    largest = falls.largest(CITED) if falls is not None else [[] for _ in terms]
    traits, shares = own.strongest(context.known.taste)
    shares = np.float32(context.plan.traits) * shares
    found = zip(rows.tolist(), terms, largest, traits.tolist(), shares.tolist(), strict=True)
    citations = Citations(context.bundle.catalogue, context.taste)
    return [_of_film(context, citations, *film) for film in found]


def _of_film(
    context: Context,
    citations: Citations,
    row: int,
    terms: dict[str, float],
    falls: list[tuple[int, float]],
    trait: int,
    share: float,
) -> tuple[Reason, ...]:
    reasons: list[Reason] = []
    matched = terms.get("text", 0.0) + terms.get("content", 0.0)
    if context.query is not None and matched > 0:
        reasons.append(query_reason(context.query, matched))
    if falls and terms["collaborative"] >= WORTH_SAYING * sum(terms.values()):
        reasons.extend(citations.reasons(falls))
    popular = None
    if not reasons:
        popular = context.popular_in.reason(row, terms["popularity"])
        # Of a film that no single film of the taste brought here, how well known it is may be what moved it most.
        if popular.subject in GENRES and popular.weight > share:
            reasons.append(popular)
    shared = trait_reason(context.bundle.catalogue, trait, share)
    if shared is not None and not (reasons and popular and shared.subject == popular.subject):
        reasons.append(shared)
    return tuple(reasons or [popular or context.popular_in.reason(row, terms["popularity"])])
