"""Truthful reasons: each names evidence without which the film's raw score would be lower.

A cited film is the one with the largest fall when left out; a trait is cited only for its term in the score; "popular
in Western" is used if nothing personal contributed.
"""

from services.recommender.domain.catalogue import Catalogue, TraitKind, display_title
from services.recommender.domain.language_names import language_name
from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.taste.fold_in import Taste

# Minimum weight of a second cited film relative to the first; minimum share of a trait.
SECOND_FILM = 0.5
SHARED_TRAIT = 0.02
# Minimum number of people who like both films to say that the same people like them.
SHARED_PEOPLE = 2

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
    """Return the kinds of trait that a kind of reason cites; none for other reasons."""
    return tuple(of_kind for of_kind, (cited_as, _) in _PHRASES.items() if cited_as is kind)


class Citations:
    """Citations of the films of one taste; each film's wording is built only once."""

    def __init__(self, catalogue: Catalogue, taste: Taste) -> None:
        self._catalogue = catalogue
        self._taste = taste
        self._words: dict[int, tuple[str, str, str]] = {}

    def reasons(self, influential: list[tuple[int, float]]) -> list[Reason]:
        """Return reasons for the most influential film of the taste, and a second with at least half its influence.
        ``influential``: the two largest, as (index into the taste, influence).
        """
        return [self._cite(index, fall) for index, fall in influential if fall >= SECOND_FILM * influential[0][1]]

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
