"""Interests of a taste: films that are alike among themselves and unlike the others, such as westerns and cartoons.

One score for a taste favours the interest with the stronger signal, so a page is shared out: each interest has its own
list, as if the person had no other, and the lists take turns in proportion to the weight of its likes, of which recent
ones count for more.

Pal et al., "PinnerSage: Multi-Modal User Embedding Framework for Recommendations at Pinterest", KDD 2020 (interests by
agglomerative clustering); Dang and Croft, "Diversity by Proportionality", SIGIR 2012 (seats by Sainte-Laguë).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.request import Request
from services.recommender.domain.weights import Weights
from services.recommender.ranking.page import first_page
from services.recommender.ranking.ranker import Ranked, next_part_first
from services.recommender.signals import Mixture
from services.recommender.signals.plan import Plan
from services.recommender.taste.fold_in import Taste
from services.recommender.taste.traits import TraitRows

# An interest has at least so many films. Longer tastes are left to the tables: shared out, those of 13 to 20 films lost
# 3 % of NDCG on the sample.
LEAST, MOST = 2, 12
# The best candidates that interests choose from: twice the largest page, and four times what is diversified.
CHOSEN_FROM = 200
# Mean likeness of the films of an interest; and that of two interests, relative to it.
ALIKE = 0.04
APART = 0.5

Interests = list[NDArray[np.intp]]
Floats = NDArray[np.float32]


def interests_of(bundle: Bundle, traits: TraitRows, taste: Taste) -> Interests:
    """Return the liked films of each interest, as indices into the taste; empty if there are not two clear ones."""
    liked = np.flatnonzero(taste.base >= 1)
    if not 2 * LEAST <= len(liked) <= MOST:
        return []
    groups = clusters(_likeness(bundle, traits, taste.rows[liked]))
    return [liked[group] for group in groups]


def clusters(likeness: Floats) -> Interests:
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
    of = (own / shares[:, None]).argmax(axis=0)
    by_row = np.argsort(ranked.rows)
    lists = []
    for number, part in enumerate(own):
        # The score of somebody without the other interests, to first order.
        alone = ranked.raw - (own.sum(axis=0) - part)
        films = np.flatnonzero(of == number)
        films = films[np.argsort(-alone[films], kind="stable")]
        ranking = next_part_first(replace(ranked.take(films), raw=alone[films]), bundle.catalogue, taste.rows)
        chosen = first_page(bundle, ranking, plan, request, None, constants.mmr_likeness).rows
        lists.append(by_row[np.searchsorted(ranked.rows, chosen, sorter=by_row)].tolist())
    return ranked.take(np.array(take_turns(lists, shares.tolist(), request.k), np.intp))


def take_turns(lists: Sequence[Sequence[int]], shares: Sequence[float], count: int) -> list[int]:
    """Merge ``count`` entries of some lists by Sainte-Laguë: next is the list with the largest share / (2 taken + 1),
    of equal ones that whose next entry is smaller. A shorter count gives a prefix.
    """
    taken = [0] * len(lists)
    merged: list[int] = []
    while len(merged) < count:
        left = [number for number, entries in enumerate(lists) if taken[number] < len(entries)]
        if not left:
            break
        turn = max(left, key=lambda number: (shares[number] / (2 * taken[number] + 1), -lists[number][taken[number]]))
        merged.append(lists[turn][taken[turn]])
        taken[turn] += 1
    return merged


def _likeness(bundle: Bundle, traits: TraitRows, films: NDArray[np.int32]) -> Floats:
    """Return the mean of trait cosine and text cosine of some films, float32[n, n]; without vectors that of traits."""
    of_films = traits.films(films)
    shared = of_films.overlaps(of_films)
    if bundle.embeddings is None:
        return shared
    texts = bundle.embeddings.centred(films)
    return np.asarray((shared + np.maximum(texts.products(texts), 0)) / 2, np.float32)


def _mean_likeness(groups: Floats, likeness: Floats) -> Floats:
    """Return the mean likeness of the films of each two groups (rows of 0 and 1), float32[groups, groups]."""
    sizes = groups.sum(axis=1)
    return np.asarray(groups @ likeness @ groups.T / np.outer(sizes, sizes), np.float32)


def _is_clear(groups: Floats, likeness: Floats, between: float) -> bool:
    """Whether each group has enough films, which are alike, and no two groups are. ``between``: the largest mean
    likeness of two groups.
    """
    sizes = groups.sum(axis=1)
    if sizes.min() < LEAST:
        return False
    within = ((groups @ likeness) * groups).sum(axis=1) - groups @ np.diag(likeness)
    alike = float((within / (sizes * (sizes - 1))).min())
    return alike >= ALIKE and between <= APART * alike
