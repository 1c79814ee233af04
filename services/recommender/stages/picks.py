"""The answer's films with score, reasons and signals: the first per-film objects of a request."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.request import Pick, Reason
from services.recommender.domain.weights import Weights
from services.recommender.stages.evidence import Falls, find_falls, make_pool
from services.recommender.stages.plan import Plan
from services.recommender.stages.ranker import Ranked, shown_score
from services.recommender.stages.reasons import PopularIn, film_reasons, query_reason, trait_reason
from services.recommender.stages.retrieval import CollaborativeSignal
from services.recommender.stages.taste import Entries, Taste
from services.recommender.stages.traits import TraitRows

# Films of the taste are cited where what the tables say is at least this part of the raw score: not for a film
# that a query alone brought here.
WORTH_SAYING = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What reasons are made from. ``known`` float32[traits], the taste's traits; ``signal`` and ``found`` are None
    without a taste.
    """

    bundle: Bundle
    constants: Weights
    taste: Taste
    plan: Plan
    query: str | None
    trait_rows: TraitRows
    popular_in: PopularIn
    known: NDArray[np.float32]
    signal: CollaborativeSignal | None
    found: Entries | None

    def falls(self, rows: NDArray[np.int32]) -> Falls | None:
        """By how much each film falls without each film of the taste; None without a taste."""
        if self.signal is None or self.found is None:
            return None
        pool = make_pool(self.bundle, self.trait_rows, self.taste, self.found, self.signal, rows)
        return find_falls(self.constants, self.taste, self.plan, self.query, pool)


def make_picks(top: Ranked, context: Context | None, constants: Weights, explain: bool) -> tuple[Pick, ...]:
    """The films of ``top`` in order; without a context they carry no reasons."""
    scores = shown_score(top.raw, constants).tolist()
    falls = context.falls(top.rows) if context is not None else None
    picks = []
    for index, (row, score) in enumerate(zip(top.rows.tolist(), scores, strict=True)):
        terms = dict(zip(top.names, top.terms[index].tolist(), strict=True))
        reasons = _reasons(context, falls, index, row, terms) if context is not None else ()
        picks.append(Pick(row, score, reasons, terms if explain else {}))
    return tuple(picks)


def _reasons(
    context: Context, falls: Falls | None, index: int, row: int, terms: dict[str, float]
) -> tuple[Reason, ...]:
    """Query, cited films, shared trait; popularity only where nothing of them moved the film."""
    catalogue = context.bundle.catalogue
    found: list[Reason | None] = []
    matched = terms.get("text", 0.0) + terms.get("content", 0.0)
    if context.query is not None and matched > 0:
        found.append(query_reason(context.query, matched))
    if falls is not None and terms["collaborative"] >= WORTH_SAYING * sum(terms.values()):
        found.extend(film_reasons(catalogue, context.taste, falls, index))
    shares = np.float32(context.plan.traits) * context.trait_rows.terms(context.known, row)
    found.append(trait_reason(catalogue, row, shares))
    reasons = tuple(reason for reason in found if reason is not None)
    if reasons:
        return reasons
    popularity = float(context.bundle.popularity[row])
    return (context.popular_in.reason(catalogue, row, popularity, terms["popularity"]),)
