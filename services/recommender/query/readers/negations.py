"""Reader for exclusions: "not horror", "without romance", "but no zombies", "except Star Wars"."""

from dataclasses import replace

from services.recommender.domain.request import ConditionKind
from services.recommender.query.conditions import Condition, Sure
from services.recommender.query.demands import Demand, HasFacts, Keywords, Mentions, Not, OneOf
from services.recommender.query.marked_words import Reading, WordRole, asks, singular
from services.recommender.query.readers.kinds import condition_of
from services.recommender.query.readers.languages_named import read_language
from services.recommender.query.readers.people_named import read_people
from services.recommender.query.readers.series_named import read_series
from services.recommender.query.readers.studios import ONE, read_studio
from services.recommender.query.readers.years import read_years
from services.recommender.query.words import grammar, words_in
from services.recommender.query.words.concepts import AUDIENCES, CONCEPTS

LONGEST = 6
# Maximum minutes of a film that is not "too long".
LONG = 120
_ALWAYS = frozenset(("except", "except for", "excluding", "minus", "anything but", "other than", "but not", "but no"))
# "A man without a past" tells a story; "comedies without romance" and "science fiction with no aliens" ask.
_AFTER_KINDS = frozenset(("without", "no", "with no"))
_OPINIONS = words_in("boring bad stupid silly dull terrible awful crap usual famous obvious popular mainstream hard")
_JOINTS = words_in("or and nor")
# "Not by Hitchcock", "not in French", "not from the 80s".
_INTRODUCERS = words_in("by in from with starring featuring directed made set produced")


def read_negation(reading: Reading, at: int) -> int:
    """Read a negation and what it excludes; return the number of words."""
    marker = reading.starts(grammar.NEGATIONS, at)
    if not marker:
        return 0
    stop = _end(reading, at + marker)
    first = at + marker
    while first < stop and reading.word(first) in grammar.SOFTENERS:
        first += 1
    if first >= stop or reading.word(first) in grammar.NOT_NEGATED:
        return 0
    denies = _denies(reading, at, reading.phrase(at, marker))
    if not denies and reading.word(at) in ("not", "never") and reading.word(at + marker) not in _INTRODUCERS:
        return 0
    before = len(reading.conditions)
    _read(reading, first, stop, denies)
    if len(reading.conditions) == before and reading.roles[first] is not WordRole.DENIED:
        return 0
    reading.take(at, first - at, WordRole.DENIED)
    return stop - at


def _denies(reading: Reading, at: int, phrase: str) -> bool:
    """Return whether plain words are excluded, too, unlike in "a man without a past"."""
    if phrase == "nothing":
        return at > 0 and reading.words[at].after_break  # "a comedy, nothing crude", but not "nothing to hide"
    if at == 0 or reading.words[at].after_break or phrase in _ALWAYS:
        return True
    before = reading.word(at - 1)
    if before in grammar.BREAKS or not reading.free(at - 1):
        return True
    if phrase == "not" and reading.ends_kind(at):
        return True
    if phrase in _AFTER_KINDS:
        return reading.ends_kind(at) or asks(before)
    return before in grammar.BEFORE_NEGATION


def _end(reading: Reading, first: int) -> int:
    stop = first
    while stop < min(len(reading), first + LONGEST) and reading.free(stop):
        if stop > first and (reading.words[stop].after_break or reading.word(stop) in grammar.BREAKS):
            break
        if stop > first and (
            reading.starts(grammar.NEGATIONS, stop) or reading.word(stop) in ("with", "from", "in", "for")
        ):
            break
        stop += 1
    return stop


def _read(reading: Reading, first: int, stop: int, denies: bool) -> None:
    """Read each of the parts joined by "or" and "and"."""
    at = first
    while at < stop:
        if reading.word(at) in _JOINTS or (reading.word(at) in grammar.SOFTENERS and at > first):
            reading.take(at, 1, WordRole.DENIED)
            at += 1
            continue
        end = next((place for place in range(at, stop) if reading.word(place) in _JOINTS), stop)
        used = _introduced(reading, at, end) or (_words(reading, at, end) if denies else 0)
        if not used:
            return
        at += used


def _introduced(reading: Reading, at: int, end: int) -> int:
    """Exclude a known term, alone or after words that introduce it."""
    place = at
    while place < end:
        used = _known_term(reading, place, end)
        if used:
            reading.take(at, place - at, WordRole.DENIED)
            return place - at + used
        if reading.word(place) not in _INTRODUCERS and (place == at or reading.word(place) != "the"):
            break
        place += 1
    return 0


def _known_term(reading: Reading, at: int, end: int) -> int:
    """Exclude a kind of film, a person, a series, a language or a period."""
    for count in range(end - at, 0, -1):
        phrase = singular(reading.phrase(at, count))
        concept = CONCEPTS.get(phrase)
        if concept is not None and not concept.stays and _whole(reading, at + count, end):
            excluded = replace(concept, demand=concept.denied or concept.demand)
            return _deny(reading, at, count, condition_of(excluded, reading.typed(at, count), True))
        audience = AUDIENCES.get(phrase)
        if audience is not None and _whole(reading, at + count, end):
            return _deny(reading, at, count, condition_of(audience, reading.typed(at, count), True))
    for read in (_studio, read_people, _series, read_language, read_years):
        before = len(reading.conditions)
        count = read(reading, at)
        if count and len(reading.conditions) > before:
            first, count, condition = reading.conditions.pop()
            return first + _deny(reading, first, count, condition) - at
    return 0


def _studio(reading: Reading, at: int) -> int:
    return read_studio(reading, at, ONE)


def _series(reading: Reading, at: int) -> int:
    return read_series(reading, at, alone=True)


def _whole(reading: Reading, at: int, end: int) -> bool:
    """Return whether only words for films or of a request follow."""
    following = (reading.word(place) for place in range(at, end))
    return all(word in grammar.FILMS or word in grammar.STOP or asks(word) for word in following)


def _deny(reading: Reading, at: int, count: int, condition: Condition) -> int:
    while reading.free(at + count) and reading.word(at + count) in grammar.FILMS and count < LONGEST:
        count += 1
    denied = replace(
        condition, id=f"not:{condition.id}", text=f"not {condition.text}", words=reading.typed(at, count),
        demand=Not(condition.demand), sure=Sure.SAID, hard=True, negative=True, keywords=(),
    )  # fmt: skip
    reading.add(at, count, denied, WordRole.DENIED)
    return count


def _words(reading: Reading, at: int, end: int) -> int:
    """Exclude films about the words, taken together."""
    words = tuple(word.word for word in reading.words[at:end] if word.word not in grammar.STOP and not asks(word.word))
    count = end - at
    typed = reading.typed(at, count)
    if words in (("long",), ("lengthy",)):
        demand: Demand = HasFacts(runtime_to=LONG)
        shorter = Condition("not:long", ConditionKind.RUNTIME, f"up to {LONG} minutes", typed, demand, negative=True)
        reading.add(at, count, shorter, WordRole.DENIED)
        return count
    if not words or all(word in _OPINIONS for word in words):
        reading.take(at, count, WordRole.DENIED)
        return count
    text = " ".join(word.shown for word in reading.words[at:end])
    phrase = reading.phrase(at, count)
    demand = Not(OneOf((Keywords(tuple(dict.fromkeys((phrase, singular(phrase), " ".join(words))))), Mentions(words))))
    exclusion = Condition(
        f"not:{' '.join(words)}", ConditionKind.KEYWORD, f"without “{text}”", typed, demand, Sure.SAID, negative=True
    )
    reading.add(at, count, exclusion, WordRole.DENIED)
    return count
