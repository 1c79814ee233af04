"""Simulate viewers: the events of the sample films come from a seeded random generator.

Each viewer has two to four tastes (a genre, a director, a keyword, a decade, a language), and sees films that are
famous, that suit these tastes, or both. A second taste is mostly taken from a film that has the first, so that tastes
correlate as the films' traits do: a Kurosawa fan is likely to like samurai films. An item-item model can learn this
signal, which says nothing about real people.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data_jobs.records import Events, Film
from services.recommender.domain.history import EventKind

_LEAST_FILMS = 3
"""A trait shared by fewer films is not used as a taste."""
_WEIGHT_OF = {"genre": 0.3, "keyword": 0.3, "director": 0.2, "decade": 0.1, "language": 0.1}
_RELATED = 0.7
"""Probability that another taste comes from a film with an earlier one."""
_PULL, _MOST_PULL, _FAME = 0.8, 4.5, 0.7
"""How strongly tastes (each by its trait's rarity) and fame (log rank) attract a viewer to a film, in log odds."""
_FIRST_MS, _LAST_MS = 1_420_070_400_000, 1_735_689_600_000  # 2015-01-01 to 2025-01-01
_EVENING_MS = 86_400_000


def simulate(films: Sequence[Film], viewers: int = 600, seed: int = 7) -> Events:
    """Return ratings of ``viewers`` simulated people, "sim-0001" and so on: 15 to 80 each, at most one per film.

    Deterministic: the same films, number and seed give the same events. Raises ValueError without films.
    """
    if not films:
        raise ValueError("a simulation needs films")
    traits = _traits(films)
    fame = _fame(films)
    quality = np.random.default_rng(seed).normal(0, 0.45, len(films)) + 0.25 * (fame - fame.mean())
    histories = [_history(np.random.default_rng((seed, viewer)), traits, fame, quality) for viewer in range(viewers)]
    lengths = [len(rows) for rows, _, _ in histories]
    return Events(
        user_ids=tuple(f"sim-{viewer:04d}" for viewer in range(1, viewers + 1)),
        user=np.repeat(np.arange(viewers, dtype=np.int32), lengths),
        film=np.concatenate([np.zeros(0, np.int32), *(rows for rows, _, _ in histories)]),
        kind=np.full(sum(lengths), EventKind.RATING, np.uint8),
        value=np.concatenate([np.zeros(0, np.float32), *(stars for _, stars, _ in histories)]),
        ts_ms=np.concatenate([np.zeros(0, np.int64), *(times for _, _, times in histories)]),
    )


class _TraitMatrix:
    """Which films have which trait: ``has`` bool [traits, films], ``weight`` float64 [traits]."""

    def __init__(self, has: NDArray[np.bool_], weight: NDArray[np.float64]) -> None:
        self.has = has
        self.weight = weight


def _traits_of(film: Film) -> list[tuple[str, str]]:
    traits = [("genre", name) for name in film.genres]
    traits += [("director", name) for name in film.directors]
    traits += [("keyword", name) for name in film.keywords]
    if film.year is not None:
        traits.append(("decade", str(film.year // 10)))
    if film.language is not None:
        traits.append(("language", film.language))
    return traits


def _traits(films: Sequence[Film]) -> _TraitMatrix:
    """Return traits that at least three films but not most films share, each kind with its share of the choices."""
    rows = defaultdict(list)
    for row, film in enumerate(films):
        for trait in _traits_of(film):
            rows[trait].append(row)
    common = sorted(trait for trait, films_with in rows.items() if _LEAST_FILMS <= len(films_with) <= 0.6 * len(films))
    has = np.zeros((len(common), len(films)), np.bool_)
    weight = np.zeros(len(common))
    for place, trait in enumerate(common):
        has[place, rows[trait]] = True
        weight[place] = len(rows[trait]) ** 0.5
    for kind, share in _WEIGHT_OF.items():
        of_kind = np.array([trait[0] == kind for trait in common], np.bool_)
        weight[of_kind] *= share / max(weight[of_kind].sum(), 1e-12)
    return _TraitMatrix(has, weight)


def _fame(films: Sequence[Film]) -> NDArray[np.float64]:
    """Return -log of the popularity rank, float64[films]: each source has its own unit of popularity."""
    popularity = np.array([film.popularity or film.vote_count or 0.0 for film in films])
    rank = np.empty(len(films))
    rank[np.argsort(-popularity, kind="stable")] = np.arange(1, len(films) + 1)
    return np.asarray(-np.log(rank + 9))


def _tastes(rng: np.random.Generator, traits: _TraitMatrix) -> NDArray[np.bool_]:
    """Return two to four tastes as rows over films, bool [tastes, films]; fewer if there are fewer traits."""
    count = min(int(rng.integers(2, 5)), len(traits.weight))
    chosen: list[int] = []
    while len(chosen) < count:
        weight = traits.weight.copy()
        if chosen and rng.random() < _RELATED:
            film = rng.choice(np.flatnonzero(traits.has[chosen[0]]))
            weight *= traits.has[:, film]
        weight[chosen] = 0
        if weight.sum() > 0:
            chosen.append(int(rng.choice(len(weight), p=weight / weight.sum())))
    return traits.has[chosen]


def _history(
    rng: np.random.Generator, traits: _TraitMatrix, fame: NDArray[np.float64], quality: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
    """Return one viewer's film rows, stars and times, in time order."""
    count = min(int(rng.integers(15, 81)), len(fame))
    tastes = _tastes(rng, traits)
    matches = np.minimum(tastes.sum(axis=0), 2)
    rarity = 1 + np.log(len(fame) / np.maximum(1, tastes.sum(axis=1)))
    pull = _PULL * (rarity @ tastes)
    # Gumbel noise on log weights draws without replacement, in proportion to the weights.
    scores = np.minimum(pull, _MOST_PULL) + _FAME * fame + rng.gumbel(size=len(fame))
    rows = np.argsort(-scores, kind="stable")[:count].astype(np.int32)
    bias = rng.normal(0, 0.3)
    opinion = 2.7 + 0.85 * matches[rows] + quality[rows] + bias + rng.normal(0, 0.6, count)
    stars = np.clip(np.round(opinion * 2) / 2, 0.5, 5).astype(np.float32)
    order = rng.permutation(count)
    return rows[order], stars[order], _times(rng, count)


def _times(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Return ascending epoch ms, whole seconds: a few sittings in which some ratings share a second."""
    start = int(rng.integers(_FIRST_MS, _LAST_MS - 400 * _EVENING_MS))
    sittings = np.sort(rng.integers(0, 365, max(1, count // 12)))
    sitting = np.sort(rng.choice(sittings, count))
    pause = np.cumsum(rng.choice([0, 4, 9, 25], count, p=[0.25, 0.35, 0.25, 0.15]))
    return np.asarray(start // 1000 * 1000 + sitting * _EVENING_MS + pause * 1000, np.int64)
