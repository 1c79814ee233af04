"""Lexicon of a catalogue: people, series, keywords; built once per release, at the first query."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from services.recommender.domain.catalogue import Catalogue, TraitKind
from services.recommender.query.spelling import Spelling
from services.recommender.query.tokens import words_of

# Of people with the same surname, those with at least this share of the best known one's films are considered.
NAMESAKE = 0.34
MOST = 4
LONGEST_NAME = 5
_ARTICLES = ("the", "a", "an")
_ENDINGS = ("saga", "series", "trilogy", "collection")


class Person(NamedTuple):
    """A person with at least two films: their trait ids, -1 for none, and numbers of films."""

    name: str
    director: int
    cast: int
    directed: int
    played: int

    @property
    def films(self) -> int:
        """Number of films; films both directed and acted in count twice."""
        return self.directed + self.played


class NamedSeries(NamedTuple):
    """A series: its name and its trait."""

    name: str
    trait: int


@dataclass(frozen=True, eq=False)
class Lexicon:
    """``people`` by whole squeezed name ("alfredhitchcock"); ``surnames``: the same by last name; ``series`` by
    squeezed name without its article; ``keywords``: trait ids by space-separated words.
    """

    people: dict[str, Person]
    surnames: dict[str, tuple[Person, ...]]
    series: dict[str, NamedSeries]
    keywords: dict[str, tuple[int, ...]]
    catalogue: Catalogue

    @classmethod
    def of(cls, catalogue: Catalogue) -> "Lexicon":
        """Build the lexicon from a catalogue's traits."""
        traits = catalogue.traits
        names = list(traits.names)
        counts = traits.films.tolist()
        kinds = {kind: np.flatnonzero(traits.kinds == kind).tolist() for kind in TraitKind}
        people = _people(kinds, names, counts)
        keywords: dict[str, list[int]] = defaultdict(list)
        for trait in kinds[TraitKind.KEYWORD]:
            keywords[" ".join(words_of(names[trait]))].append(trait)
        series: dict[str, NamedSeries] = {}
        for trait in kinds[TraitKind.SERIES]:
            words = words_of(names[trait])
            bare = words[1:] if len(words) > 1 and words[0] in _ARTICLES else words
            entry = NamedSeries(names[trait], trait)
            if len(bare) > 1 and bare[-1] in _ENDINGS:
                series.setdefault("".join(bare[:-1]), entry)
            series["".join(bare)] = entry
        surnames: dict[str, list[Person]] = defaultdict(list)
        for person in people.values():
            surnames[words_of(person.name)[-1]].append(person)
        return cls(
            people,
            {name: tuple(sorted(entry, key=lambda person: -person.films)) for name, entry in surnames.items()},
            series,
            {words: tuple(entry) for words, entry in keywords.items()},
            catalogue,
        )

    def people_called(self, surname: str) -> tuple[Person, ...]:
        """Return the people a surname may refer to: the best known, and those nearly as well known."""
        namesakes = self.surnames.get(surname, ())
        # A director is preferred to actors of the same name.
        makers = bool(namesakes) and namesakes[0].directed >= namesakes[0].played
        least = NAMESAKE * namesakes[0].films if namesakes else 0
        well_known = [each for each in namesakes if each.films >= least and (each.directed or not makers)]
        return tuple(well_known[:MOST])

    def kin(self, surname: str) -> tuple[Person, ...]:
        """Return two directors with the same last name ("the Coens"); none if there are fewer."""
        makers = [person for person in self.surnames.get(surname, ()) if person.director >= 0]
        return tuple(makers[:2]) if len(makers) > 1 else ()

    def keyword(self, name: str) -> tuple[int, ...]:
        """Return the traits of a keyword in any spelling: "neo-noir" is "neo noir"."""
        return self.keywords.get(" ".join(words_of(name)), ())

    def series_near(self, name: str) -> NamedSeries | None:
        """Return the series with a squeezed name, or one a typing error away."""
        near = self._series_names.near(name)
        return self.series[near[0]] if near else self.series.get(name)

    @cached_property
    def _series_names(self) -> Spelling:
        films = self.catalogue.traits.films
        return Spelling.of({name: int(films[series.trait]) for name, series in self.series.items()})

    @cached_property
    def known_votes(self) -> int:
        """Minimum votes of the best known fifth of films; an ambiguous word hardly means any other film."""
        votes = self.catalogue.votes
        return int(np.partition(votes, -max(len(votes) // 5, 1))[-max(len(votes) // 5, 1)]) if len(votes) else 0

    @cached_property
    def spelling(self) -> Spelling:
        """Words of titles, names and keywords, for correcting unknown words."""
        traits = self.catalogue.traits
        weights: dict[str, int] = defaultdict(int)
        has_words = np.isin(traits.kinds, (TraitKind.DIRECTOR, TraitKind.CAST, TraitKind.KEYWORD, TraitKind.SERIES))
        for trait in np.flatnonzero(has_words).tolist():
            for word in words_of(traits.names[trait]):
                weights[word] += int(traits.films[trait])
        for word, films in _word_counts(self.catalogue.titles).items():
            weights[word] += films
        return Spelling.of(weights)


def _people(kinds: dict[TraitKind, list[int]], names: list[str], counts: list[int]) -> dict[str, Person]:
    """Return people by squeezed name; directors first, so that their spelling is used."""
    people: dict[str, Person] = {}
    for trait in kinds[TraitKind.DIRECTOR]:
        words = words_of(names[trait])
        if words:
            people["".join(words)] = Person(names[trait], trait, -1, counts[trait], 0)
    for trait in kinds[TraitKind.CAST]:
        words = words_of(names[trait])
        if not words:
            continue
        person = people.get("".join(words), Person(names[trait], -1, -1, 0, 0))
        people["".join(words)] = person._replace(cast=trait, played=counts[trait])
    return people


def _word_counts(titles: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for title in titles:
        for word in words_of(title):
            counts[word] += 1
    return counts
