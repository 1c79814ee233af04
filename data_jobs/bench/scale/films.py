"""Made-up films by the million, with what real ones have: words by Zipf's law, people, keywords, series, votes."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from data_jobs.records import Film
from services.recommender.domain.genres import GENRES

SEED = 7
_BLOCK = 10_000
_CONSONANTS, _VOWELS = "bcdfghklmnprstvz", "aeiou"
_WORDS, _KEYWORDS = 40_000, 20_000
# The frequency of the word of rank r is proportional to 1 / (r + _HEAD).
_HEAD = 30.0
_LANGUAGES = ("en", "fr", "de", "es", "ja", "it", "hi", "ko", "pt", "zh")
_LANGUAGE_SHARES = (0.45, 0.1, 0.08, 0.08, 0.07, 0.06, 0.05, 0.04, 0.04, 0.03)
_OVERVIEW, _CAST = 30, 5
# Size of the pools of people, relative to the number of films.
_DIRECTORS, _ACTORS = 0.4, 1.2
_SERIES_EVERY = 25
_MOST_VOTES = 40_000
# Two of a million ids share a 40-bit hash with a probability of 37 %; with this prefix, none do.
_PREFIX = "made-"

Numbers = NDArray[np.int64]


def made_up_films(count: int, seed: int = SEED) -> Iterator[Film]:
    """Yield ``count`` films, the best known first."""
    words, keywords = _vocabulary(_WORDS), [f"{word} {word[::-1]}" for word in _vocabulary(_KEYWORDS)]
    for start in range(0, count, _BLOCK):
        yield from _Block(np.random.default_rng((seed, start)), start, min(_BLOCK, count - start), count).films(
            words, keywords
        )


def name_of(number: int) -> str:
    """Return a pronounceable word, unique to the number."""
    word = ""
    number += 1
    while number:
        number, syllable = divmod(number, len(_CONSONANTS) * len(_VOWELS))
        word += _CONSONANTS[syllable // len(_VOWELS)] + _VOWELS[syllable % len(_VOWELS)]
    return word


def _vocabulary(count: int) -> list[str]:
    return [name_of(number) for number in range(count)]


class _Block:
    """Ten thousand films at a time, drawn as columns."""

    def __init__(self, rng: np.random.Generator, start: int, size: int, films: int) -> None:
        self._rng = rng
        self._rows = np.arange(start, start + size)
        self._films = films

    def films(self, words: Sequence[str], keywords: Sequence[str]) -> Iterator[Film]:
        size, rng = len(self._rows), self._rng
        titles = self._zipf(size * 3, len(words)).reshape(size, 3)
        texts = self._zipf(size * _OVERVIEW, len(words)).reshape(size, _OVERVIEW)
        tags = self._zipf(size * 4, len(keywords)).reshape(size, 4)
        directors = self._people(size, _DIRECTORS)
        cast = self._people(size * _CAST, _ACTORS).reshape(size, _CAST)
        genres = rng.integers(0, len(GENRES), (size, 2))
        years = 2025 - np.minimum(rng.exponential(25, size).astype(np.int64), 100)
        languages = rng.choice(len(_LANGUAGES), size, p=_LANGUAGE_SHARES)
        votes = (_MOST_VOTES / (1 + self._rows / 20)).astype(np.int64)
        averages = np.clip(rng.normal(6.2, 1.1, size), 1, 10)
        for at, row in enumerate(self._rows.tolist()):
            yield Film(
                item_id=f"{_PREFIX}{row + 1}",
                title=" ".join(words[word] for word in titles[at, : 2 + row % 2]).title(),
                year=int(years[at]),
                genres=tuple(dict.fromkeys(GENRES[genre] for genre in genres[at, : 1 + row % 2].tolist())),
                directors=(_person(int(directors[at])),),
                cast=tuple(dict.fromkeys(map(_person, cast[at].tolist()))),
                keywords=tuple(dict.fromkeys(keywords[tag] for tag in tags[at, : row % 5].tolist())),
                overview=" ".join([words[word] for word in texts[at].tolist()]),
                runtime=80 + row % 60,
                language=_LANGUAGES[int(languages[at])],
                tmdb_id=row + 1,
                vote_average=round(float(averages[at]), 1),
                vote_count=int(votes[at]),
                series=f"{name_of(row // 3)} cycle" if row // 3 % _SERIES_EVERY == 0 else None,
            )

    def _zipf(self, size: int, ranks: int) -> Numbers:
        """Draw ranks 0 ... ranks - 1 with frequencies that fall as 1 / rank."""
        # The inverse of the cumulative frequencies, which are log(1 + rank / head) up to a factor.
        draws = _HEAD * np.expm1(self._rng.random(size) * np.log1p(ranks / _HEAD))
        return np.asarray(np.minimum(draws.astype(np.int64), ranks - 1))

    def _people(self, size: int, share: float) -> Numbers:
        return self._zipf(size, max(1, int(self._films * share)))


def _person(number: int) -> str:
    return f"{name_of(number % 977)} {name_of(number)}".title()
