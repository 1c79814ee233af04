"""Re-ranking preset "svd": the pipeline's best candidates, ordered by a simple formula of a published kind.

score = 1.0 cosine of SVD factors + .15 genre Jaccard + .10 year kernel + .05 popularity, then maximal marginal
relevance with lambda .8. The cosine is between a film's factors and the sum of the liked films' directions; Jaccard and
kernel exp(-|years apart| / 8) are means over the liked films. Popularity is scaled to 0 ... 1. Affinity is the score
over the sum of the weights, 0 for a negative one.

MMR: J. Carbonell and J. Goldstein, SIGIR 1998, with the largest similarity to the chosen films, which is
.6 genre Jaccard + .4 cosine of factors.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.factors import ItemFactors
from services.recommender.domain.request import RankedItem
from services.recommender.errors import PresetUnavailable
from services.recommender.presets.baseline import liked_rows
from services.recommender.ranking.ranker import Ranked, genre_jaccard, rank
from services.recommender.signals.signal import Cites
from services.recommender.taste.fold_in import Taste

COLLABORATIVE = 1.0
GENRES = 0.15
YEARS = 0.10
POPULARITY = 0.05
# The score of a film for which every signal is 1.
LARGEST = np.float32(COLLABORATIVE + GENRES + YEARS + POPULARITY)
YEARS_APART = 8.0
RELEVANCE = 0.8
GENRE_LIKENESS = 0.6
# Number of the pipeline's best films to re-rank.
RERANKED = 200
CITES = {"collaborative": Cites.FILMS}

Floats = NDArray[np.float32]
Rows = NDArray[np.int32]


def factors_of(bundle: Bundle) -> ItemFactors:
    """Return the factors that the preset requires. Raises PresetUnavailable for a bundle without them."""
    if bundle.svd is None:
        raise PresetUnavailable(
            f"the bundle {bundle.version or 'being served'} has no SVD factors; omit preset or use "
            '"default", or build a bundle from ratings with `marquee build --svd-k 64`',
            "/preset",
        )
    return bundle.svd


def rerank(bundle: Bundle, candidates: Rows, taste: Taste, count: int) -> Ranked:
    """Return the first ``count`` of the candidates (int32[c], best first, of which the first 200 are used), with their
    terms. The list for a smaller count is a prefix of that for a larger one. Raises PresetUnavailable.
    """
    factors = factors_of(bundle)
    rows = np.sort(candidates[:RERANKED])
    ranked = rank(rows, svd_terms(bundle, factors, rows, liked_rows(taste)))
    units = factors.rows(ranked.rows)
    genres = genre_jaccard(bundle.catalogue.genre_bits[ranked.rows])
    likeness = GENRE_LIKENESS * genres + (1 - GENRE_LIKENESS) * (units @ units.T)
    return ranked.take(maximal_marginal_relevance(ranked.raw / LARGEST, likeness, count))


def svd_terms(bundle: Bundle, factors: ItemFactors, rows: Rows, liked: Rows) -> dict[str, Floats]:
    """Return the weighted terms of the score by name, float32[rows] each."""
    catalogue = bundle.catalogue
    bits, years = catalogue.genre_bits, catalogue.years
    largest = max(float(bundle.popularity.max(initial=0)), 1e-9)
    parts = {
        "collaborative": (COLLABORATIVE, cosine_with(factors, rows, liked)),
        "genres": (GENRES, _mean(genre_jaccard(bits[rows], bits[liked]))),
        "years": (YEARS, _mean(year_kernel(years[rows], years[liked]))),
        "popularity": (POPULARITY, bundle.popularity[rows] / np.float32(largest)),
    }
    return {name: np.asarray(weight * signal, np.float32) for name, (weight, signal) in parts.items()}


def cosine_with(factors: ItemFactors, rows: Rows, liked: Rows) -> Floats:
    """Return the cosine of each film's factors with the sum of the liked films' directions, float32[rows] in -1 ... 1;
    0 for a film without ratings.
    """
    taste = factors.rows(liked).sum(axis=0)
    length = float(np.linalg.norm(taste))
    cosines = factors.rows(rows) @ (taste / length if length > 0 else taste)
    return np.asarray(np.clip(cosines, -1, 1), np.float32)


def year_kernel(years: NDArray[np.int16], others: NDArray[np.int16]) -> Floats:
    """Return exp(-|years apart| / 8), float32[years, others]; 0 if either is unknown."""
    apart = np.abs(years[:, None].astype(np.float32) - others[None, :])
    known = (years > 0)[:, None] & (others > 0)[None, :]
    return np.asarray(np.where(known, np.exp(-apart / np.float32(YEARS_APART)), 0), np.float32)


def affinity(raw: Floats) -> Floats:
    """Return a score as a share of the largest possible one, float32 in 0 ... 1."""
    return np.asarray(np.clip(raw / LARGEST, 0, 1), np.float32)


def with_affinity(items: tuple[RankedItem, ...], top: Ranked) -> tuple[RankedItem, ...]:
    """Return the films of ``top`` with their affinity as score."""
    shown = affinity(top.raw).tolist()
    return tuple(replace(item, score=score) for item, score in zip(items, shown, strict=True))


def maximal_marginal_relevance(relevance: Floats, likeness: Floats, count: int) -> NDArray[np.intp]:
    """Return ``count`` indices, each with the largest lambda relevance - (1 - lambda) largest similarity to the
    previous ones; ties by place. ``relevance`` float32[n], ``likeness`` float32[n, n].
    """
    gain = RELEVANCE * relevance.astype(np.float64)
    nearest = np.zeros(len(gain))
    chosen = np.empty(min(count, len(gain)), np.intp)
    for step in range(len(chosen)):
        film = int((gain - (1 - RELEVANCE) * nearest).argmax())
        chosen[step] = film
        gain[film] = -np.inf
        nearest = np.maximum(nearest, likeness[film])
    return chosen


def _mean(pairs: Floats) -> Floats:
    """Return the mean over the liked films, float32[rows]; 0 if there are none."""
    return np.asarray(pairs.sum(axis=1) / max(pairs.shape[1], 1), np.float32)
