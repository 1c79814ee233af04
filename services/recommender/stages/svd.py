"""The re-rank preset "svd": the best candidates of the pipeline in the order of a simple, published kind of formula.

score = 1.0 cosine of SVD factors + .15 genre Jaccard + .10 year kernel + .05 popularity, then maximal marginal
relevance with lambda .8. The cosine is that of a film's factors with the sum of the liked films' directions; Jaccard
and kernel exp(-|years apart| / 8) are means over the liked films. Popularity is put into 0 ... 1. Affinity is the
score over the sum of the weights, 0 for a negative one.

MMR: J. Carbonell and J. Goldstein, SIGIR 1998, with the largest likeness to the films chosen, which is
.6 genre Jaccard + .4 cosine of factors.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.factors import ItemFactors
from services.recommender.domain.request import Pick
from services.recommender.errors import PresetUnavailable
from services.recommender.stages.diversity import genre_jaccard
from services.recommender.stages.playbook import liked_rows
from services.recommender.stages.ranker import Ranked, rank
from services.recommender.stages.taste import Taste

COLLABORATIVE = 1.0
GENRES = 0.15
YEARS = 0.10
POPULARITY = 0.05
# The score of a film for which every signal is 1.
LARGEST = np.float32(COLLABORATIVE + GENRES + YEARS + POPULARITY)
YEARS_APART = 8.0
RELEVANCE = 0.8
GENRE_LIKENESS = 0.6
# So many of the pipeline's best are put in order.
RERANKED = 200

Floats = NDArray[np.float32]
Rows = NDArray[np.int32]


def factors_of(bundle: Bundle) -> ItemFactors:
    """The factors that the preset needs. Raises PresetUnavailable for a bundle without."""
    if bundle.svd is None:
        raise PresetUnavailable(
            f"the bundle {bundle.version or 'that is served'} has no SVD factors; leave preset out or give "
            '"default", or build a bundle from ratings with `marquee build --svd-k 64`',
            "/preset",
        )
    return bundle.svd


def rerank(bundle: Bundle, candidates: Rows, taste: Taste, count: int) -> Ranked:
    """The first ``count`` of the candidates (int32[c], best first, of which the first 200 count), with their terms.
    The list for a smaller count is a prefix of that for a larger one. Raises PresetUnavailable.
    """
    factors = factors_of(bundle)
    rows = np.sort(candidates[:RERANKED])
    ranked = rank(rows, svd_terms(bundle, factors, rows, liked_rows(taste)))
    units = factors.rows(ranked.rows)
    genres = genre_jaccard(bundle.catalogue.genre_bits[ranked.rows])
    likeness = GENRE_LIKENESS * genres + (1 - GENRE_LIKENESS) * (units @ units.T)
    return ranked.take(maximal_marginal_relevance(ranked.raw / LARGEST, likeness, count))


def svd_terms(bundle: Bundle, factors: ItemFactors, rows: Rows, liked: Rows) -> dict[str, Floats]:
    """The weighed terms of the score by name, float32[rows] each."""
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
    """Cosine of each film's factors with the sum of the liked films' directions, float32[rows] in -1 ... 1; 0 for a
    film that the ratings tell nothing of.
    """
    taste = factors.rows(liked).sum(axis=0)
    length = float(np.linalg.norm(taste))
    cosines = factors.rows(rows) @ (taste / length if length > 0 else taste)
    return np.asarray(np.clip(cosines, -1, 1), np.float32)


def year_kernel(years: NDArray[np.int16], others: NDArray[np.int16]) -> Floats:
    """exp(-|years apart| / 8), float32[years, others]; 0 where either is unknown."""
    apart = np.abs(years[:, None].astype(np.float32) - others[None, :])
    known = (years > 0)[:, None] & (others > 0)[None, :]
    return np.asarray(np.where(known, np.exp(-apart / np.float32(YEARS_APART)), 0), np.float32)


def affinity(raw: Floats) -> Floats:
    """A score as a share of the largest that is possible, float32 in 0 ... 1."""
    return np.asarray(np.clip(raw / LARGEST, 0, 1), np.float32)


def with_affinity(picks: tuple[Pick, ...], top: Ranked) -> tuple[Pick, ...]:
    """The films of ``top`` with their affinity for a score."""
    shown = affinity(top.raw).tolist()
    return tuple(replace(pick, score=score) for pick, score in zip(picks, shown, strict=True))


def maximal_marginal_relevance(relevance: Floats, likeness: Floats, count: int) -> NDArray[np.intp]:
    """``count`` indices, each the one with the largest lambda relevance - (1 - lambda) largest likeness to those
    before it; ties by place. ``relevance`` float32[n], ``likeness`` float32[n, n].
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
    """The mean over the liked films, float32[rows]; 0 where there is none."""
    return np.asarray(pairs.sum(axis=1) / max(pairs.shape[1], 1), np.float32)
