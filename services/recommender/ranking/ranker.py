"""Ranking: the score, and the composition of a page: relevant, diverse, and shared by several clear interests.

The score is one feature table, film row x signal, a weighted sum, and a fixed function of it for display.

Diversity is maximal marginal relevance on the best 50 (after Carbonell and Goldstein, SIGIR 1998): each step picks the
film with the largest lambda * relevance - (1 - lambda) * (similarity to the chosen films); lambda = 1 - diversity.
Similarity to the chosen films is their mean, not their maximum: on validation the maximum lost twice the NDCG for the
same diversity. Films beyond the window follow by relevance. The window does not depend on k, so the result for k = 20
is a prefix of the result for k = 100.

Interests of a taste are films that are alike among themselves and unlike the others, such as westerns and cartoons. One
score for a taste favours the interest with the stronger signal, so a page is shared out: each interest has its own
list, as if the person had no other, and the lists take turns in proportion to the weight of its likes, of which recent
ones count for more.

Pal et al., "PinnerSage: Multi-Modal User Embedding Framework for Recommendations at Pinterest", KDD 2020 (interests by
agglomerative clustering); Dang and Croft, "Diversity by Proportionality", SIGIR 2012 (seats by Sainte-Laguë).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import distinct
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.request import Request, Strategy
from services.recommender.domain.weights import Weights
from services.recommender.query.matching import Matches
from services.recommender.signals import Mixture
from services.recommender.signals.plan import Plan
from services.recommender.taste.fold_in import Taste
from services.recommender.taste.traits import FilmTraits

# Beyond this rank the order of a series does not matter.
FOLLOWED = 50


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Candidates best first: ``rows`` int32[c], ``raw`` float32[c], ``terms`` float32[c, signals] named by ``names``; a
    row of terms sums to its raw score.
    """

    rows: NDArray[np.int32]
    raw: NDArray[np.float32]
    terms: NDArray[np.float32]
    names: tuple[str, ...]

    def take(self, order: NDArray[np.intp]) -> "Ranked":
        """Return the candidates at an index, in its order."""
        return Ranked(self.rows[order], self.raw[order], self.terms[order], self.names)


def rank(rows: NDArray[np.int32], terms: dict[str, NDArray[np.float32]]) -> Ranked:
    """Order candidates (``rows`` ascending) by the sum of their weighted terms (float32[c] each); ties by row."""
    table = np.stack(list(terms.values()), axis=1) if terms else np.zeros((len(rows), 0), np.float32)
    raw = table.sum(axis=1, dtype=np.float32)
    order = np.argsort(-raw, kind="stable")
    return Ranked(rows, raw, table, tuple(terms)).take(order)


def matching_first(ranked: Ranked, matched: NDArray[np.bool_]) -> Ranked:
    """Move the films that match a query (``matched`` bool[films]) before all others, in their order: deductions from a
    matching film must not put a non-matching one before it.
    """
    return ranked.take(np.argsort(~matched[ranked.rows], kind="stable"))


def next_part_first(ranked: Ranked, catalogue: Catalogue, taste: NDArray[np.int32]) -> Ranked:
    """Move the next part of each series the person follows (``taste`` rows) before the later parts, among the best
    films: it takes the place of the first of them, and they move down one each.
    """
    order = np.arange(len(ranked.rows))
    window = ranked.rows[:FOLLOWED]
    series, parts = catalogue.series[window], catalogue.parts[window]
    followed = catalogue.series[taste]
    for number in distinct(series[catalogue.of_same_series(taste, window)]).tolist():
        latest = int(catalogue.parts[taste[followed == number]].max())
        places = np.flatnonzero((series == number) & (parts > latest))
        if len(places) > 1:
            next_part = places[np.argmin(parts[places])]
            if parts[next_part] == latest + 1:
                order[places] = [next_part, *places[places != next_part].tolist()]
    return ranked.take(order)


def shown_score(raw: NDArray[np.float32], constants: Weights) -> NDArray[np.float64]:
    """Return the API's score, 0 ... 1: softsign with the bundle's constants, the same for every request."""
    return softsign(raw, constants.score_midpoint, constants.score_scale)


def softsign(raw: NDArray[np.float32], midpoint: float, scale: float) -> NDArray[np.float64]:
    """Return (1 + x / (1 + |x|)) / 2 with x = (raw - midpoint) / scale.

    It nears 1 slowly, unlike a logistic function, which shows 1.00 for every film of a clear taste.
    """
    x = (raw.astype(np.float64) - midpoint) / scale
    return np.asarray((1 + x / (1 + np.abs(x))) / 2)


WINDOW = 50

Matrix = NDArray[np.float32]


def likeness(bundle: Bundle, rows: NDArray[np.int32]) -> Matrix:
    """Return the pairwise similarity in 0 ... 1, float32[n, n]: half genre Jaccard, half positive part of the cosine of
    centred vectors; only genres if the bundle has no vectors.
    """
    genres = genre_jaccard(bundle.catalogue.genre_bits[rows])
    if bundle.embeddings is None:
        return genres
    centred = bundle.embeddings.rows(rows) - bundle.embeddings.mean
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    centred /= np.where(length > 0, length, 1)
    cosine: Matrix = np.maximum(centred @ centred.T, 0)
    return np.asarray((genres + cosine) / 2, np.float32)


def genre_jaccard(bits: NDArray[np.uint32], others: NDArray[np.uint32] | None = None) -> Matrix:
    """Return shared genres over all genres of each pair, float32[n, n] or float32[n, others]; 0 if neither has any."""
    others = bits if others is None else others
    shared = np.bitwise_count(bits[:, None] & others[None, :]).astype(np.float32)
    either = np.bitwise_count(bits[:, None] | others[None, :])
    return np.asarray(shared / np.maximum(either, 1), np.float32)


def likeness_by_facts(catalogue: Catalogue, rows: NDArray[np.int32]) -> Matrix:
    """Return half genre Jaccard, half same decade, float32[n, n]: spreads popular films over genres and decades.

    An unknown year matches nothing.
    """
    decades = catalogue.years[rows] // 10
    same = (decades[:, None] == decades[None, :]) & (decades > 0)[:, None]
    return np.asarray((genre_jaccard(catalogue.genre_bits[rows]) + same) / 2, np.float32)


def mmr(
    relevance: NDArray[np.float32], similarity: Matrix, diversity: float, count: int, scale: float
) -> NDArray[np.intp]:
    """Return the first ``count`` films of the window in order: distinct indices into ``relevance``, which is normalised
    by its maximum; ``scale`` multiplies similarity. The choice is greedy, so the order for a smaller count is a prefix
    of that for a larger one.
    """
    n = min(count, len(relevance))
    if len(relevance) < 2 or diversity <= 0:
        return np.arange(n)
    best = float(relevance.max())
    gain = (1 - diversity) * relevance.astype(np.float64) / (best if best > 0 else 1.0)
    cost = np.zeros(len(relevance))
    likeness = similarity.astype(np.float64) * (diversity * scale)
    chosen = np.empty(n, np.intp)
    for step in range(n):
        film = int((gain - cost / max(step, 1)).argmax())
        chosen[step] = film
        gain[film] = -np.inf
        cost += likeness[film]
    return chosen


# Results of a descriptive query are diversified less.
IN_SEARCH = 0.5


def first_page(
    bundle: Bundle, ranked: Ranked, plan: Plan, request: Request, matches: Matches | None, likeness_scale: float
) -> Ranked:
    """Return the films of the page: the best 50 by maximal marginal relevance, then by relevance. For a query, films
    named by it come first, in order, then those that match. ``likeness_scale``: see ``mmr``.
    """
    page = min(request.k, len(ranked.rows))
    if request.diversity <= 0:
        return ranked.take(np.arange(page))
    first, last = (0, len(ranked.rows)) if matches is None else _varied(ranked, matches)
    last = min(last, first + WINDOW)
    rows = ranked.rows[first:last]
    by_facts = plan.strategy is Strategy.POPULAR
    similar = likeness_by_facts(bundle.catalogue, rows) if by_facts else likeness(bundle, rows)
    # Sorted, as films of a series may have swapped places.
    relevance = np.sort(ranked.raw[first:last])[::-1]
    variety = request.diversity * (IN_SEARCH if matches is not None and matches.understood.words else 1)
    order = first + mmr(relevance, similar, variety, max(page - first, 0), likeness_scale)
    rest = np.arange(last, max(last, page))
    return ranked.take(np.concatenate([np.arange(first), order, rest])[:page])


def _varied(ranked: Ranked, matches: Matches) -> tuple[int, int]:
    """Return the range of a query's films to diversify: after those named by it, before those that do not match; empty
    if the query may be a title.
    """
    leading = int(np.count_nonzero(np.isin(ranked.rows, matches.leading)))
    matched = int(np.count_nonzero(matches.matched[ranked.rows]))
    return (leading, max(matched, leading)) if not matches.understood.titled else (matched, matched)


# Minimum films of an interest, and maximum films of a taste to divide: dividing tastes of 13 to 20 films lost 3 % of
# NDCG on the sample.
LEAST, MOST = 2, 12
# Number of best candidates for interests: twice the largest page, four times the window of diversity.
CHOSEN_FROM = 200
# Minimum mean likeness of the films of an interest; and the maximum of two interests, relative to it.
ALIKE = 0.04
APART = 0.5

Interests = list[NDArray[np.intp]]


def interests_of(bundle: Bundle, traits: FilmTraits, taste: Taste) -> Interests:
    """Return the liked films of each interest, as indices into the taste; empty if there are not two clear ones."""
    liked = np.flatnonzero(taste.base >= 1)
    if not 2 * LEAST <= len(liked) <= MOST:
        return []
    groups = clusters(_likeness(bundle, traits, taste.rows[liked]))
    return [liked[group] for group in groups]


def clusters(likeness: Matrix) -> Interests:
    """Return the finest clear division of some films (average linkage) by their likeness float32[n, n]; empty if there
    is none.
    """
    groups = np.eye(len(likeness), dtype=np.float32)
    while len(groups) > 1:
        between = _mean_likeness(groups, likeness)
        np.fill_diagonal(between, -np.inf)
        if _is_clear(groups, likeness, float(between.max())):
            return [np.flatnonzero(group) for group in groups]
        first, second = np.unravel_index(between.argmax(), between.shape)
        groups[first] += groups[second]
        groups = np.delete(groups, second, axis=0)
    return []


def page_of_interests(
    bundle: Bundle,
    ranked: Ranked,
    plan: Plan,
    request: Request,
    taste: Taste,
    interests: Interests,
    mixture: Mixture,
    constants: Weights,
) -> Ranked:
    """Return the films of a page that the interests share. ``mixture``: what they are ranked by."""
    ranked = ranked.take(np.arange(min(CHOSEN_FROM, len(ranked.rows))))
    contributions = mixture.contributions(ranked.rows, len(taste.rows))
    own = np.stack([contributions[films].sum(axis=0) for films in interests])
    weights = taste.weights(constants)
    shares = np.array([weights[films].sum() for films in interests])
    interest_of = (own / shares[:, None]).argmax(axis=0)
    by_row = np.argsort(ranked.rows)
    lists = []
    for number, part in enumerate(own):
        # The score for a person without the other interests, to first order.
        alone = ranked.raw - (own.sum(axis=0) - part)
        films = np.flatnonzero(interest_of == number)
        films = films[np.argsort(-alone[films], kind="stable")]
        ranking = next_part_first(replace(ranked.take(films), raw=alone[films]), bundle.catalogue, taste.rows)
        chosen = first_page(bundle, ranking, plan, request, None, constants.mmr_likeness).rows
        lists.append(by_row[np.searchsorted(ranked.rows, chosen, sorter=by_row)].tolist())
    return ranked.take(np.array(take_turns(lists, shares.tolist(), request.k), np.intp))


def take_turns(lists: Sequence[Sequence[int]], shares: Sequence[float], count: int) -> list[int]:
    """Merge ``count`` entries of some lists by Sainte-Laguë: the next is from the list with the largest
    share / (2 taken + 1), on ties from the one whose next entry is smaller. A smaller count gives a prefix.
    """
    taken = [0] * len(lists)
    merged: list[int] = []
    while len(merged) < count:
        unfinished = [number for number, entries in enumerate(lists) if taken[number] < len(entries)]
        if not unfinished:
            break
        turn = max(
            unfinished, key=lambda number: (shares[number] / (2 * taken[number] + 1), -lists[number][taken[number]])
        )
        merged.append(lists[turn][taken[turn]])
        taken[turn] += 1
    return merged


def _likeness(bundle: Bundle, traits: FilmTraits, films: NDArray[np.int32]) -> Matrix:
    """Return the mean of trait cosine and text cosine of some films, float32[n, n]; without vectors that of traits."""
    of_films = traits.films(films)
    shared = of_films.overlaps(of_films)
    if bundle.embeddings is None:
        return shared
    texts = bundle.embeddings.centred(films)
    return np.asarray((shared + np.maximum(texts.products(texts), 0)) / 2, np.float32)


def _mean_likeness(groups: Matrix, likeness: Matrix) -> Matrix:
    """Return the mean likeness of the films of each two groups (rows of 0 and 1), float32[groups, groups]."""
    sizes = groups.sum(axis=1)
    return np.asarray(groups @ likeness @ groups.T / np.outer(sizes, sizes), np.float32)


def _is_clear(groups: Matrix, likeness: Matrix, between: float) -> bool:
    """Return whether each group has enough films, its films are similar, and no two groups are. ``between``: the
    largest mean similarity of two groups.
    """
    sizes = groups.sum(axis=1)
    if sizes.min() < LEAST:
        return False
    within = ((groups @ likeness) * groups).sum(axis=1) - groups @ np.diag(likeness)
    alike = float((within / (sizes * (sizes - 1))).min())
    return alike >= ALIKE and between <= APART * alike
