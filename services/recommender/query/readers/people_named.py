"""Reader for people: whole names, and last names that refer to one person."""

import json

import numpy as np

from services.recommender.domain.request import ConditionKind
from services.recommender.names.folding import spellings
from services.recommender.names.names import NameKind
from services.recommender.query.conditions import Condition, Sure
from services.recommender.query.demands import AnyFilm, HasTrait, Rows
from services.recommender.query.marked_words import Reading, WordRole, asks
from services.recommender.query.people import LONGEST_NAME, Person
from services.recommender.query.spelling import Spelling
from services.recommender.query.tokens import words_of
from services.recommender.query.words import grammar

# A last name is accepted if this many times more films have a person of that name than mention the word.
OFTEN = 2.0
OFTEN_AMONG_WORDS = 4.0
OFTEN_INTRODUCED = 0.7
FEW_WORDS = 3
LEAST_FILMS = 3
SHORTEST_FIRST_NAME = 4


def read_people(reading: Reading, at: int) -> int:
    """Read a person named here; return the number of words."""
    match = _whole_name(reading, at)
    if match is None and (count := _of_one_film(reading, at)):
        return count
    match = match or _last_name(reading, at)
    if match is None:
        return 0
    start, (count, people) = at, match
    end = at + count
    if count == 1 and _first_name(reading, at, people):
        at, count = at - 1, 2
    first, role = _introduction(reading, at)
    directing, acting = role in grammar.BY, role in grammar.WITH
    traits = _traits(people, directing, acting)
    name = " or ".join(person.name for person in people)
    text = name
    if directing and all(person.director >= 0 for person in people):
        text = f"directed by {name}"
    elif acting and all(person.cast >= 0 for person in people):
        text = f"with {name}"
    typed = reading.typed(first, at + count - first)
    condition_id = f"person:{name}".lower()
    sure = Sure.SAID if count > 1 or role else Sure.SURE
    condition = Condition(condition_id, ConditionKind.PERSON, text, typed, HasTrait(traits), sure, traits=traits)
    reading.add(first, at + count - first, condition, WordRole.NAMED)
    return end - start


def _introduction(reading: Reading, at: int) -> tuple[int, str]:
    """Return where the words introducing a name begin, and the one that gives the person's role; "" for none."""
    first, role = at, ""
    while reading.free(first - 1) and not reading.words[first].after_break:
        word = reading.word(first - 1)
        if word not in grammar.BY and word not in grammar.WITH and word not in ("the", "director", "actor", "actress"):
            break
        role = "by" if word == "director" else role or (word if word != "the" else "")
        first -= 1
    return (first, role) if role else (at, "")


def _traits(people: tuple[Person, ...], directing: bool, acting: bool) -> tuple[int, ...]:
    """Return the traits to match: films directed, acted in, or both."""
    traits: list[int] = []
    for person in people:
        both = [trait for trait in (person.director, person.cast) if trait >= 0]
        if directing and person.director >= 0:
            traits.append(person.director)
        elif acting and person.cast >= 0:
            traits.append(person.cast)
        else:
            traits += both
    return tuple(traits)


def _whole_name(reading: Reading, at: int) -> tuple[int, tuple[Person, ...]] | None:
    for count in range(reading.run(at, LONGEST_NAME), 1, -1):
        people = [reading.lexicon.people.get(name) for name in reading.names(at, count)]
        person = next((each for each in people if each is not None), None)
        # At least one word of the name must not be a stop word.
        if person is not None and any(word not in grammar.STOP for word in reading.phrase(at, count).split()):
            return count, (person,)
    return None


def _of_one_film(reading: Reading, at: int) -> int:
    """Consume the name of a person with a single film, who has no trait, if it is introduced or is the whole query;
    return the number of words.
    """
    first, role = _introduction(reading, at)
    for count in range(reading.run(at, LONGEST_NAME), 1, -1):
        others = any(not at <= place < at + count for place in reading.content())
        if (others and not role) or reading.phrase(at, count) in reading.lexicon.keywords:
            continue
        rows = _films_of_name(reading, at, count)
        if not len(rows):
            continue
        name, directed = _credited(reading, at, count, int(rows[0]))
        text = f"directed by {name}" if directed else f"with {name}"
        typed = reading.typed(first, at + count - first)
        condition = Condition(f"person:{name}".lower(), ConditionKind.PERSON, text, typed, AnyFilm(rows), Sure.SAID)
        reading.add(first, at + count - first, condition, WordRole.NAMED)
        return count
    return 0


def _films_of_name(reading: Reading, at: int, count: int) -> Rows:
    """Return the films of people with exactly this name."""
    names = reading.index.names
    for words in spellings(reading.typed(at, count)):
        name_ids = names.keyed(words)
        name_ids = name_ids[names.kinds[name_ids] == NameKind.PERSON]
        squeezed = "".join(words)
        exact = [name for name in name_ids.tolist() if names.squeezed(name) == squeezed]
        if exact:
            return np.unique(names.films_of(np.array(exact, np.int32))[0])
    return np.empty(0, np.int32)


def _credited(reading: Reading, at: int, count: int, row: int) -> tuple[str, bool]:
    """Return the name as the film's credits have it, and whether that person directed it."""
    details = json.loads(reading.catalogue.details[row])
    typed = reading.typed(at, count)
    squeezed = {"".join(words) for words in spellings(typed)}
    for job in ("directors", "cast"):
        for name in details.get(job, ()):
            if squeezed & {"".join(words) for words in spellings(name)}:
                return name, job == "directors"
    return typed, False


def _last_name(reading: Reading, at: int) -> tuple[int, tuple[Person, ...]] | None:
    word = reading.word(at)
    if not reading.free(at) or len(word) < 3 or word in grammar.STOP or asks(word) or reading.is_kind(at):
        return None
    if reading.free(at + 1) and reading.word(at + 1) in grammar.KIN:
        kin = reading.lexicon.people.kin(word)
        if kin:
            return 2, kin
    people = reading.lexicon.people.called(word)
    if not people and word.endswith("s"):
        people = reading.lexicon.people.kin(word[:-1]) or reading.lexicon.people.called(word[:-1])
    if not people or reading.within_keyword(at):
        return None
    _, role = _introduction(reading, at)
    ratio = _least_ratio(reading, at, role)
    if people[0].films < LEAST_FILMS and ratio > OFTEN_INTRODUCED:
        return None
    return (1, people) if reading.peopled(word) >= ratio * reading.mentions_of(word) else None


def _first_name(reading: Reading, at: int, people: tuple[Person, ...]) -> int:
    """Return 1 if the word before a last name is the first name with a typing error."""
    word = reading.word(at - 1)
    if len(people) != 1 or not reading.free(at - 1) or reading.words[at].after_break or len(word) < SHORTEST_FIRST_NAME:
        return 0
    first = words_of(people[0].name)[0]
    return int(Spelling.of({first: 1}).near(word) == [first] or first == word)


def _least_ratio(reading: Reading, at: int, role: str) -> float:
    """Return how much more often the word must occur as a name than as a word."""
    others = [place for place in reading.content() if place != at]
    if role or not others or asks(reading.word(at + 1)):
        return OFTEN_INTRODUCED
    return OFTEN if len(others) <= FEW_WORDS else OFTEN_AMONG_WORDS
