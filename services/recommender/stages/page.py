"""The films of a page, out of those that were ranked: relevant, and not all alike."""

import numpy as np

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.request import Request, Strategy
from services.recommender.query.matching import Matches
from services.recommender.stages import diversity
from services.recommender.stages.plan import Plan
from services.recommender.stages.ranker import Ranked

# What was described in words is varied less than what was not.
IN_SEARCH = 0.5


def first_page(bundle: Bundle, ranked: Ranked, plan: Plan, request: Request, matches: Matches | None) -> Ranked:
    """The films of the page: the best 50 by maximal marginal relevance, then by relevance. Of a query's films those
    that match come first, and those that are called by their name before them, in order.
    """
    page = min(request.k, len(ranked.rows))
    if request.diversity <= 0:
        return ranked.take(np.arange(page))
    first, last = (0, len(ranked.rows)) if matches is None else _varied(ranked, matches)
    last = min(last, first + diversity.WINDOW)
    rows = ranked.rows[first:last]
    if plan.strategy is Strategy.POPULAR:
        similar = diversity.likeness_by_facts(bundle.catalogue, rows)
    else:
        similar = diversity.likeness(bundle, rows)
    # By place: films of a series may have traded theirs.
    relevance = np.sort(ranked.raw[first:last])[::-1]
    variety = request.diversity * (IN_SEARCH if matches is not None and matches.understood.words else 1)
    order = first + diversity.mmr(relevance, similar, variety, max(page - first, 0))
    rest = np.arange(last, max(last, page))
    return ranked.take(np.concatenate([np.arange(first), order, rest])[:page])


def _varied(ranked: Ranked, matches: Matches) -> tuple[int, int]:
    """The part of a query's films that is varied: behind those called by their name, before those that do not match;
    none of it where a name is looked for.
    """
    leading = int(np.count_nonzero(np.isin(ranked.rows, matches.leading)))
    matched = int(np.count_nonzero(matches.matched[ranked.rows]))
    return (leading, max(matched, leading)) if not matches.understood.titled else (matched, matched)
