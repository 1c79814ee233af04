"""The names of a catalogue: people, series, keywords; made once a release, when somebody first asks in words."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from services.recommender.domain.catalogue import Catalogue, TraitKind
from services.recommender.query.spelling import Spelling
from services.recommender.query.tokens import words_of

# Of people who share a surname those count who have at least this part of the best known one's films.
NAMESAKE = 0.34
MOST = 4
LONGEST_NAME = 5
_ARTICLES = ("the", "a", "an")
_ENDINGS = ("saga", "series", "trilogy", "collection")


class Person(NamedTuple):
    """Somebody of at least two films: the traits they are, -1 for none, and how many films."""

    name: str
    director: int
    cast: int
    directed: int
    played: int

    @property
    def films(self) -> int:
        """How many films, those counted twice that they directed and played in."""
        return self.directed + self.played


class Series(NamedTuple):
    """A series: its name, its trait."""

    name: str
    trait: int


@dataclass(frozen=True, eq=False)
class Lexicon:
    """``people`` by whole name, squeezed ("alfredhitchcock"); ``surnames``: the same by last name; ``series`` by
    squeezed name without its article; ``keywords``: trait ids by words with a space between.
    """

    people: dict[str, Person]
    surnames: dict[str, tuple[Person, ...]]
    series: dict[str, Series]
    keywords: dict[str, tuple[int, ...]]
    catalogue: Catalogue

    @classmethod
    def of(cls, catalogue: Catalogue) -> "Lexicon":
        """Read the traits of a catalogue."""
        traits = catalogue.traits
        names = list(traits.names)
        counts = traits.films.tolist()
        kinds = {kind: np.flatnonzero(traits.kinds == kind).tolist() for kind in TraitKind}
        people = _people(kinds, names, counts)
        keywords: dict[str, list[int]] = defaultdict(list)
        for trait in kinds[TraitKind.KEYWORD]:
            keywords[" ".join(words_of(names[trait]))].append(trait)
        series: dict[str, Series] = {}
        for trait in kinds[TraitKind.SERIES]:
            words = words_of(names[trait])
            bare = words[1:] if len(words) > 1 and words[0] in _ARTICLES else words
            found = Series(names[trait], trait)
            if len(bare) > 1 and bare[-1] in _ENDINGS:
                series.setdefault("".join(bare[:-1]), found)
            series["".join(bare)] = found
        surnames: dict[str, list[Person]] = defaultdict(list)
        for person in people.values():
            surnames[words_of(person.name)[-1]].append(person)
        return cls(
            people,
            {name: tuple(sorted(found, key=lambda person: -person.films)) for name, found in surnames.items()},
            series,
            {words: tuple(found) for words, found in keywords.items()},
            catalogue,
        )

    def people_called(self, surname: str) -> tuple[Person, ...]:
        """Those a surname stands for: the best known, and who is nearly as well known."""
        found = self.surnames.get(surname, ())
        # Who makes films is meant before those of the same name who play in them.
        makers = bool(found) and found[0].directed >= found[0].played
        known = [each for each in found if each.films >= NAMESAKE * found[0].films and (each.directed or not makers)]
        return tuple(known[:MOST])

    def kin(self, surname: str) -> tuple[Person, ...]:
        """Two who made films under one last name: "the Coens"; none where there is one or no such."""
        found = [person for person in self.surnames.get(surname, ()) if person.director >= 0]
        return tuple(found[:2]) if len(found) > 1 else ()

    def keyword(self, name: str) -> tuple[int, ...]:
        """The traits of a keyword, however it is spelt: "neo-noir" is "neo noir"."""
        return self.keywords.get(" ".join(words_of(name)), ())

    def series_near(self, name: str) -> Series | None:
        """The series of a squeezed name, or of one a typing error away."""
        near = self._series_names.near(name)
        return self.series[near[0]] if near else self.series.get(name)

    @cached_property
    def _series_names(self) -> Spelling:
        films = self.catalogue.traits.films
        return Spelling.of({name: int(films[series.trait]) for name, series in self.series.items()})

    @cached_property
    def known_votes(self) -> int:
        """The votes that one in five films has: others are hardly meant by a word that has another meaning."""
        votes = self.catalogue.votes
        return int(np.partition(votes, -max(len(votes) // 5, 1))[-max(len(votes) // 5, 1)]) if len(votes) else 0

    @cached_property
    def spelling(self) -> Spelling:
        """The words of titles, names and keywords, to tell what a word that stands nowhere was meant to be."""
        traits = self.catalogue.traits
        weights: dict[str, int] = defaultdict(int)
        named = np.isin(traits.kinds, (TraitKind.DIRECTOR, TraitKind.CAST, TraitKind.KEYWORD, TraitKind.SERIES))
        for trait in np.flatnonzero(named).tolist():
            for word in words_of(traits.names[trait]):
                weights[word] += int(traits.films[trait])
        for word, films in _counted(self.catalogue.titles).items():
            weights[word] += films
        return Spelling.of(weights)


def _people(kinds: dict[TraitKind, list[int]], names: list[str], counts: list[int]) -> dict[str, Person]:
    """By squeezed name; directors first, so that a name is spelt as on the poster."""
    people: dict[str, Person] = {}
    for trait in kinds[TraitKind.DIRECTOR]:
        words = words_of(names[trait])
        if words:
            people["".join(words)] = Person(names[trait], trait, -1, counts[trait], 0)
    for trait in kinds[TraitKind.CAST]:
        words = words_of(names[trait])
        if not words:
            continue
        known = people.get("".join(words), Person(names[trait], -1, -1, 0, 0))
        people["".join(words)] = known._replace(cast=trait, played=counts[trait])
    return people


def _counted(titles: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for title in titles:
        for word in words_of(title):
            counts[word] += 1
    return counts
