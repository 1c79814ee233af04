"""People of a catalogue by name and by last name, in columns: objects for those of a million films take 200 MB."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import TraitKind, Traits
from services.recommender.query.tokens import words_of

# Of people with the same surname, those with at least this share of the best known one's films are considered.
NAMESAKE = 0.34
MOST = 4
LONGEST_NAME = 5


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


class _HashIndex(NamedTuple):
    """Places by key, without the keys: ``hashes`` int64[n] of the keys, ascending, and ``places`` int32[n]."""

    hashes: NDArray[np.int64]
    places: NDArray[np.int32]

    def of(self, key: str) -> list[int]:
        """Return the places of a key, and of any other key with the same hash."""
        key_hash = hash(key)
        start, end = (np.searchsorted(self.hashes, key_hash, side) for side in ("left", "right"))
        places: list[int] = self.places[start:end].tolist()
        return places


@dataclass(frozen=True, slots=True, eq=False)
class NamedPeople:
    """``named``, ``director`` and ``cast`` int32[people]: the traits with a person's name, of the films directed and
    acted in; -1 for none. ``by_name``: places by squeezed name ("alfredhitchcock"); ``by_surname``: by last name, those
    with the most films first.
    """

    traits: Traits
    named: NDArray[np.int32]
    director: NDArray[np.int32]
    cast: NDArray[np.int32]
    by_name: _HashIndex
    by_surname: _HashIndex

    @classmethod
    def of(cls, traits: Traits) -> "NamedPeople":
        """Collect the people of a catalogue. Directors come first, so that their spelling of a name is used."""
        place_of: dict[str, int] = {}
        size = int(np.isin(traits.kinds, (TraitKind.DIRECTOR, TraitKind.CAST)).sum())
        columns, surnames = np.full((3, size), -1, np.int32), np.zeros(size, np.int64)
        for kind, of_kind in ((TraitKind.DIRECTOR, columns[1]), (TraitKind.CAST, columns[2])):
            for trait, name in traits.named(kind):
                words = words_of(name)
                if not words:
                    continue
                place = place_of.setdefault("".join(words), len(place_of))
                of_kind[place] = trait
                if kind is TraitKind.DIRECTOR or columns[0, place] < 0:
                    columns[0, place], surnames[place] = trait, hash(words[-1])
        named, director, cast = columns[:, : len(place_of)].copy()
        hashes = np.fromiter(map(hash, place_of), np.int64, len(place_of))
        films = _counts(traits, director) + _counts(traits, cast)
        by_name, by_surname = _index(hashes, films), _index(surnames[: len(place_of)], films)
        return cls(traits, named, director, cast, by_name, by_surname)

    def __len__(self) -> int:
        return len(self.named)

    def get(self, name: str) -> Person | None:
        """Return the person with a squeezed name."""
        people = map(self._person, self.by_name.of(name))
        return next((person for person in people if "".join(words_of(person.name)) == name), None)

    def called(self, surname: str) -> tuple[Person, ...]:
        """Return the people a surname may refer to: the best known, and those nearly as well known."""
        namesakes = self._namesakes(surname)
        best = next(namesakes, None)
        if best is None:
            return ()
        # A director is preferred to actors of the same name.
        makers = best.directed >= best.played
        well_known = (each for each in chain((best,), namesakes) if each.directed or not makers)
        return tuple(each for each in islice(well_known, MOST) if each.films >= NAMESAKE * best.films)

    def kin(self, surname: str) -> tuple[Person, ...]:
        """Return two directors with the same last name ("the Coens"); none if there are fewer."""
        makers = tuple(islice((person for person in self._namesakes(surname) if person.director >= 0), 2))
        return makers if len(makers) > 1 else ()

    def _namesakes(self, surname: str) -> Iterator[Person]:
        """Yield the people with a last name, those with the most films first."""
        people = map(self._person, self.by_surname.of(surname))
        return (person for person in people if words_of(person.name)[-1] == surname)

    def _person(self, place: int) -> Person:
        director, cast, films = int(self.director[place]), int(self.cast[place]), self.traits.films
        directed, played = (int(films[trait]) if trait >= 0 else 0 for trait in (director, cast))
        return Person(self.traits.names[int(self.named[place])], director, cast, directed, played)


def _counts(traits: Traits, ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the number of films of some traits, int32[n]; 0 for -1."""
    return np.where(ids >= 0, traits.films[ids], 0).astype(np.int32)


def _index(hashes: NDArray[np.int64], films: NDArray[np.int32]) -> _HashIndex:
    """Return the places by hash; of equal ones those with the most ``films`` first, then by place."""
    order = np.lexsort((-films, hashes))
    return _HashIndex(hashes[order], order.astype(np.int32))
