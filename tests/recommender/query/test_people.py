"""People by name and by last name: the same as from a dictionary of objects."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.arrays import Strings
from services.recommender.domain.catalogue import TraitKind, Traits
from services.recommender.query.people import MOST, NAMESAKE, NamedPeople, Person
from services.recommender.query.tokens import words_of

DIRECTOR, CAST, KEYWORD = TraitKind.DIRECTOR, TraitKind.CAST, TraitKind.KEYWORD
Named = tuple[TraitKind, str, int]


def traits_of(named: Sequence[Named]) -> Traits:
    kinds, names, films = zip(*named, strict=True) if named else ((), (), ())
    empty = np.zeros(1, np.int32)
    return Traits(empty, empty[:0], np.array(kinds, np.uint8), np.array(films, np.int32), Strings.of(names))


def people_of(*named: Named) -> NamedPeople:
    return NamedPeople.of(traits_of(named))


def test_who_directs_and_acts_is_one_person_spelled_as_the_director():
    people = people_of((CAST, "WOODY ALLEN", 9), (DIRECTOR, "Woody Allen", 40), (KEYWORD, "new york", 80))
    assert len(people) == 1
    assert people.get("woodyallen") == Person("Woody Allen", 1, 0, 40, 9)
    assert people.get("newyork") is None


def test_a_last_name_means_the_best_known_and_those_nearly_as_well_known():
    people = people_of(*[(CAST, f"{first} Jones", films) for first, films in (("A", 9), ("B", 30), ("C", 11))])
    assert [person.name for person in people.called("jones")] == ["B Jones", "C Jones"]
    assert people.called("smith") == ()


def test_a_director_is_preferred_to_actors_of_the_same_name():
    people = people_of((DIRECTOR, "John Ford", 50), (CAST, "Harrison Ford", 45))
    assert [person.name for person in people.called("ford")] == ["John Ford"]


def test_two_directors_of_one_name_are_kin_but_not_one_alone():
    people = people_of((DIRECTOR, "Joel Coen", 14), (DIRECTOR, "Ethan Coen", 13), (CAST, "Sacha Coen", 20))
    assert [person.name for person in people.kin("coen")] == ["Joel Coen", "Ethan Coen"]
    assert people_of((DIRECTOR, "Joel Coen", 14), (CAST, "Sacha Coen", 20)).kin("coen") == ()


def test_names_that_share_a_hash_are_told_apart_by_their_letters():
    people = people_of((CAST, "Ann Lee", 2), (CAST, "Bo Li", 3))
    name, surname = hash("annlee"), hash("lee")
    colliding = replace(
        people,
        by_name=people.by_name._replace(hashes=np.array([name, name])),
        by_surname=people.by_surname._replace(hashes=np.array([surname, surname])),
    )
    assert colliding.get("annlee") == people.get("annlee")
    assert [person.name for person in colliding.called("lee")] == ["Ann Lee"]


names = st.sampled_from(["Al", "Al B", "AL B", "A L B", "C B", "D", "D B", "e d", "Ed", "É D", "..."])
everyone = st.lists(st.tuples(st.sampled_from([DIRECTOR, CAST, KEYWORD]), names, st.integers(2, 6)), max_size=14)


@given(everyone)
def test_look_ups_equal_those_in_dictionaries(named):
    people, expected = NamedPeople.of(traits_of(named)), dict[str, Person]()
    for trait, (kind, name, films) in enumerate(named):
        if kind is DIRECTOR and words_of(name):
            expected["".join(words_of(name))] = Person(name, trait, -1, films, 0)
    for trait, (kind, name, films) in enumerate(named):
        if kind is CAST and words_of(name):
            known = expected.get("".join(words_of(name)), Person(name, -1, -1, 0, 0))
            expected["".join(words_of(name))] = known._replace(cast=trait, played=films)
    assert {name: people.get(name) for name in expected} == expected
    namesakes = defaultdict(list)
    for person in sorted(expected.values(), key=lambda person: -person.films):
        namesakes[words_of(person.name)[-1]].append(person)
    for surname, group in namesakes.items():
        makers = group[0].directed >= group[0].played
        called = [each for each in group if each.films >= NAMESAKE * group[0].films and (each.directed or not makers)]
        assert list(people.called(surname)) == called[:MOST]
        directors = [each for each in group if each.director >= 0]
        assert list(people.kin(surname)) == (directors[:2] if len(directors) > 1 else [])
