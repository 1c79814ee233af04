"""Selection of a page from the ranked films: relevant and diverse."""

import numpy as np

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.request import Request, Strategy
from services.recommender.query.matching import Matches
from services.recommender.ranking import diversity
from services.recommender.ranking.ranker import Ranked
from services.recommender.signals.plan import Plan

# Results of a descriptive query are diversified less.
IN_SEARCH = 0.5


def first_page(
    bundle: Bundle, ranked: Ranked, plan: Plan, request: Request, matches: Matches | None, likeness_scale: float
) -> Ranked:
    """Return the films of the page: the best 50 by maximal marginal relevance, then by relevance. For a query, films
    named by it come first, in order, then those that match. ``likeness_scale``: see ``diversity.mmr``.
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
    # Sorted, as films of a series may have swapped places.
    relevance = np.sort(ranked.raw[first:last])[::-1]
    variety = request.diversity * (IN_SEARCH if matches is not None and matches.understood.words else 1)
    order = first + diversity.mmr(relevance, similar, variety, max(page - first, 0), likeness_scale)
    rest = np.arange(last, max(last, page))
    return ranked.take(np.concatenate([np.arange(first), order, rest])[:page])


def _varied(ranked: Ranked, matches: Matches) -> tuple[int, int]:
    """Return the range of a query's films to diversify: after those named by it, before those that do not match; empty
    if the query may be a title.
    """
    leading = int(np.count_nonzero(np.isin(ranked.rows, matches.leading)))
    matched = int(np.count_nonzero(matches.matched[ranked.rows]))
    return (leading, max(matched, leading)) if not matches.understood.titled else (matched, matched)
