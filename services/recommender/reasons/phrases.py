"""Truthful reasons: each names evidence without which the film's raw score would be lower.

A cited film is the one with the largest fall when left out; a trait is cited only for its term in the score; "popular
in Western" is used if nothing personal contributed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue, TraitKind
from services.recommender.domain.genres import GENRES, NO_GENRES
from services.recommender.domain.language_names import language_name
from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.taste.fold_in import Taste

# Minimum weight of a second cited film relative to the first; minimum share of a trait.
SECOND_FILM = 0.5
SHARED_TRAIT = 0.02
# Minimum number of people who like both films to say that the same people like them.
SHARED_PEOPLE = 2
# The best-known tenth of a genre is popular in it.
POPULAR_SHARE = 0.1

_PHRASES = {
    TraitKind.DIRECTOR: (ReasonKind.DIRECTOR, "Directed by {}, whose films you liked"),
    TraitKind.KEYWORD: (ReasonKind.KEYWORD, "About “{}”, like films you liked"),
    TraitKind.GENRE: (ReasonKind.GENRE, "{}, a genre you like"),
    TraitKind.DECADE: (ReasonKind.DECADE, "From the {}, a decade you like"),
    TraitKind.CAST: (ReasonKind.CAST, "With {}, whom you have liked before"),
    TraitKind.SERIES: (ReasonKind.SERIES, "From the {} series, which you like"),
    TraitKind.ERA: (ReasonKind.DECADE, "From the {}, like films you liked"),
    TraitKind.LANGUAGE: (ReasonKind.LANGUAGE, "In {}, like films you liked"),
}


def trait_kinds(kind: ReasonKind) -> tuple[TraitKind, ...]:
    """The kinds of trait that reasons of a kind cite; none for reasons about something else."""
    return tuple(of_kind for of_kind, (cited_as, _) in _PHRASES.items() if cited_as is kind)


def display_title(catalogue: Catalogue, row: int) -> str:
    """Return "Heat (1995)", or only the title if the year is unknown."""
    year = int(catalogue.years[row])
    return f"{catalogue.titles[row]} ({year})" if year else catalogue.titles[row]


class Citations:
    """Citations of the films of one taste; each film's wording is built only once."""

    def __init__(self, catalogue: Catalogue, taste: Taste) -> None:
        self._catalogue = catalogue
        self._taste = taste
        self._words: dict[int, tuple[str, str, str]] = {}

    def reasons(self, falls: list[tuple[int, float]]) -> list[Reason]:
        """Return reasons for the most influential film of the taste, and a second with at least half its influence.
        ``falls``: the two largest, as (index into the taste, fall).
        """
        return [self._cite(index, fall) for index, fall in falls if fall >= SECOND_FILM * falls[0][1]]

    def _cite(self, index: int, fall: float) -> Reason:
        words = self._words.get(index)
        if words is None:
            words = self._words[index] = self._in_words(int(self._taste.rows[index]), float(self._taste.base[index]))
        text, title, item_id = words
        return Reason(ReasonKind.LIKED, text, title, fall, item_id)

    def _in_words(self, row: int, base: float) -> tuple[str, str, str]:
        """Return the reason's text for a film of the taste, its title and its id."""
        title = display_title(self._catalogue, row)
        verb = "liked" if base >= 1 else "watched" if base >= 0.3 else "looked at"
        return f"Because you {verb} {title}", title, self._catalogue.item_ids[row]


def trait_reason(catalogue: Catalogue, trait: int, share: float) -> Reason | None:
    """Return the reason for a film's trait (id) with its share of the score, if large enough."""
    if share < SHARED_TRAIT:
        return None
    of_kind = TraitKind(int(catalogue.traits.kinds[trait]))
    kind, phrase = _PHRASES[of_kind]
    name = trait_name(of_kind, catalogue.traits.names[trait])
    return Reason(kind, phrase.format(name), name, share)


def trait_name(kind: TraitKind, name: str) -> str:
    """Return a trait's name for reasons: a language by its name, not its code."""
    return language_name(name) if kind is TraitKind.LANGUAGE else name


def taste_reason(term: float) -> Reason:
    """Return the reason that refers to the taste as a whole, if no single film of it stands out."""
    return Reason(ReasonKind.LIKED, "Close to what you like", "what you like", term)


@dataclass(frozen=True, slots=True, eq=False)
class PopularIn:
    """``genres`` int8[films]: the genre in which a film stands out most, among those in whose best-known tenth it is;
    -1 if there is none.
    """

    genres: NDArray[np.int8]

    @classmethod
    def of(cls, catalogue: Catalogue, popularity: NDArray[np.float32]) -> "PopularIn":
        """Compare each film with the threshold of each of its genres, once per release."""
        genres = np.full(len(popularity), -1, np.int8)
        most = np.ones(len(popularity), np.float32)
        for bit in range(len(GENRES)):
            if GENRES[bit] in NO_GENRES:
                continue
            films = np.flatnonzero(catalogue.genre_bits & np.uint32(1 << bit))
            if not len(films):
                continue
            bar = max(_quantile(popularity[films], 1 - POPULAR_SHARE), 1e-6)
            above = popularity[films] / np.float32(bar)
            stands_out = films[(above > most[films]) | (above >= 1) & (genres[films] < 0)]
            genres[stands_out] = bit
            most[stands_out] = popularity[stands_out] / np.float32(bar)
        return cls(genres)

    def reason(self, row: int, term: float) -> Reason:
        """Return "Popular in Western", or a neutral text for a film that stands out in no genre."""
        genre = int(self.genres[row])
        if genre < 0:
            return Reason(ReasonKind.POPULAR, "Not yet well known here", "the catalogue", term)
        return Reason(ReasonKind.POPULAR, f"Popular in {GENRES[genre]}", GENRES[genre], term)


def _quantile(values: NDArray[np.float32], share: float) -> float:
    """Return the quantile by linear interpolation, like ``np.quantile``, which is slower and imports ``numpy.ma`` on
    its first call.
    """
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    around = np.partition(values, (low, high))[[low, high]].astype(float)
    return float(around[0] + (around[1] - around[0]) * (place - low))
