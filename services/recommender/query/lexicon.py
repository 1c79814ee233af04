"""Lexicon of a catalogue: people, series, keywords; built once per release, at the first query."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from services.recommender.domain.catalogue import Catalogue, TraitKind
from services.recommender.query.people import NamedPeople
from services.recommender.query.spelling import Spelling
from services.recommender.query.tokens import words_of

_ARTICLES = ("the", "a", "an")
_ENDINGS = ("saga", "series", "trilogy", "collection")


class NamedSeries(NamedTuple):
    """A series: its name and its trait."""

    name: str
    trait: int


@dataclass(frozen=True, eq=False)
class Lexicon:
    """``series`` by squeezed name without its article; ``keywords``: trait ids by space-separated words."""

    people: NamedPeople
    series: dict[str, NamedSeries]
    keywords: dict[str, tuple[int, ...]]
    catalogue: Catalogue

    @classmethod
    def of(cls, catalogue: Catalogue) -> "Lexicon":
        """Build the lexicon from a catalogue's traits."""
        traits = catalogue.traits
        keywords: dict[str, list[int]] = defaultdict(list)
        for trait, name in traits.named(TraitKind.KEYWORD):
            keywords[" ".join(words_of(name))].append(trait)
        series: dict[str, NamedSeries] = {}
        for trait, name in traits.named(TraitKind.SERIES):
            words = words_of(name)
            bare = words[1:] if len(words) > 1 and words[0] in _ARTICLES else words
            entry = NamedSeries(name, trait)
            if len(bare) > 1 and bare[-1] in _ENDINGS:
                series.setdefault("".join(bare[:-1]), entry)
            series["".join(bare)] = entry
        return cls(
            NamedPeople.of(traits),
            series,
            {words: tuple(entry) for words, entry in keywords.items()},
            catalogue,
        )

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
        for trait, name in traits.named(TraitKind.DIRECTOR, TraitKind.CAST, TraitKind.KEYWORD, TraitKind.SERIES):
            for word in words_of(name):
                weights[word] += int(traits.films[trait])
        for word, films in _word_counts(self.catalogue.titles).items():
            weights[word] += films
        return Spelling.of(weights)


def _word_counts(titles: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for title in titles:
        for word in words_of(title):
            counts[word] += 1
    return counts
