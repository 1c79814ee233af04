"""Reasons that are true: each names evidence whose absence would lower the film's raw score.

A cited film is the one with the largest fall when left out; a trait is cited only through its term in the score;
"popular in Western" is for a film that nothing personal brought here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue, TraitKind
from services.recommender.domain.genres import GENRES
from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.stages.taste import Taste

# A second cited film or a trait must weigh at least this part of the first reason.
SECOND_FILM = 0.5
SHARED_TRAIT = 0.02
# Within its genre, the best-known tenth is popular.
POPULAR_SHARE = 0.1

_PHRASES = {
    TraitKind.DIRECTOR: (ReasonKind.DIRECTOR, "Directed by {}, whose films you liked"),
    TraitKind.KEYWORD: (ReasonKind.KEYWORD, "About “{}”, like films you liked"),
    TraitKind.GENRE: (ReasonKind.GENRE, "{}, a genre you like"),
    TraitKind.DECADE: (ReasonKind.DECADE, "From the {}, a decade you like"),
    TraitKind.CAST: (ReasonKind.CAST, "With {}, whom you have liked before"),
}


def display_title(catalogue: Catalogue, row: int) -> str:
    """ "Heat (1995)", or the bare title where the year is unknown."""
    year = int(catalogue.years[row])
    return f"{catalogue.titles[row]} ({year})" if year else catalogue.titles[row]


def film_reasons(catalogue: Catalogue, taste: Taste, falls: list[tuple[int, float]]) -> list[Reason]:
    """The film of the taste that moved this one most, and a second that did at least half as much. ``falls``: the
    two largest, as (index into the taste, fall).
    """
    strong = [item for item in falls if item[1] >= SECOND_FILM * falls[0][1]]
    return [_cite(catalogue, int(taste.rows[index]), float(taste.base[index]), fall) for index, fall in strong]


def _cite(catalogue: Catalogue, row: int, base: float, fall: float) -> Reason:
    title = display_title(catalogue, row)
    verb = "liked" if base >= 1 else "watched" if base >= 0.3 else "looked at"
    text = f"Because you {verb} {title}"
    return Reason(ReasonKind.LIKED, text, title, fall, catalogue.item_ids[row])


def trait_reason(catalogue: Catalogue, trait: int, share: float) -> Reason | None:
    """A trait of the film (id) by its term in the score, if it says anything."""
    if share < SHARED_TRAIT:
        return None
    kind, phrase = _PHRASES[TraitKind(int(catalogue.traits.kinds[trait]))]
    name = catalogue.traits.names[trait]
    return Reason(kind, phrase.format(name), name, share)


def query_reason(query: str, term: float) -> Reason:
    """The query, for a film that its text or meaning brought here."""
    shown = query if len(query) <= 40 else query[:39].rstrip() + "…"
    return Reason(ReasonKind.QUERY, f"Matches “{shown}”", query, term)


@dataclass(frozen=True, slots=True, eq=False)
class PopularIn:
    """``bars`` float32[genres]: the popularity from which on a film belongs to its genre's best-known tenth."""

    bars: NDArray[np.float32]

    @classmethod
    def of(cls, catalogue: Catalogue, popularity: NDArray[np.float32]) -> "PopularIn":
        """The bars of a catalogue; a genre without films has an infinite one."""
        bars = np.full(len(GENRES), np.inf, np.float32)
        for bit in range(len(GENRES)):
            of_genre = popularity[(catalogue.genre_bits >> np.uint32(bit)) & np.uint32(1) == 1]
            if len(of_genre):
                bars[bit] = max(np.quantile(of_genre, 1 - POPULAR_SHARE), 1e-6)
        return cls(bars)

    def reason(self, catalogue: Catalogue, row: int, popularity: float, term: float) -> Reason:
        """ "Popular in Western": the genre in which the film stands out most; a plain word where in none."""
        bits = int(catalogue.genre_bits[row])
        genres = [bit for bit in range(len(GENRES)) if bits >> bit & 1]
        best = max(genres, key=lambda bit: popularity / self.bars[bit], default=None)
        if best is None or popularity < self.bars[best]:
            return Reason(ReasonKind.POPULAR, "Fills up the list", "the catalogue", term)
        return Reason(ReasonKind.POPULAR, f"Popular in {GENRES[best]}", GENRES[best], term)
