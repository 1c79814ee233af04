"""What somebody means by a query: conditions on films, films to be like, and the words that are left to search for.

A query that is a title stays one. What is understood can be switched off, condition by condition; without any
condition the words are searched for as they are.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.request import ConditionKind
from services.recommender.ports import TextIndex
from services.recommender.query.conditions import Condition, Sure, Understood
from services.recommender.query.lexicon import Lexicon
from services.recommender.query.readers.kinds import read_audience, read_concept
from services.recommender.query.readers.likes import read_comparison, read_likeness
from services.recommender.query.readers.negations import read_negation
from services.recommender.query.readers.people import read_people
from services.recommender.query.readers.runtimes import read_runtime
from services.recommender.query.readers.series import read_series
from services.recommender.query.readers.tongues import read_language
from services.recommender.query.readers.years import read_years
from services.recommender.query.reading import Reading, Role, Word, asks
from services.recommender.query.titles import corrected_words, is_part_of_title, near_title, together_in_titles
from services.recommender.query.tokens import tokens_of
from services.recommender.query.translate import to_english
from services.recommender.query.words import grammar

# A query of more words than this is no title.
LONGEST_TITLE = 16
LONGEST_SEARCH = 12
# So many words left to search for may be the beginning of a title.
TITLE_WORDS = 4

# A title that is a number is no year.
_NUMBERS = (ConditionKind.YEAR, ConditionKind.RUNTIME)

Rows = NDArray[np.int32]
Read = Callable[[Reading, int], int]
_READERS: tuple[tuple[Read, ...], ...] = (
    (read_runtime,),
    (read_likeness,),
    (read_negation,),
    (read_comparison,),
    (read_years,),
    (read_series, read_people),
    (read_audience, read_concept),
    (read_language,),
)


def plain(query: str, text: str | None = None) -> Understood:
    """The query, or the text that it means, as it is: every word is searched for, nothing is a condition."""
    text = query if text is None else text
    words = tuple(dict.fromkeys(token.word for token in tokens_of(text)))
    telling = tuple(word for word in words if word not in grammar.STOP and word not in grammar.ARTICLES)
    return Understood(query, text, (telling or words)[:LONGEST_SEARCH], titled=True)


def understand(query: str, lexicon: Lexicon, index: TextIndex, ignored: Collection[str] = ()) -> Understood:
    """Read a query. ``ignored``: ids of conditions that are not to apply; their words are searched for instead."""
    tokens = tokens_of(query)
    if not tokens:
        return Understood(query, "")
    if len(tokens) <= LONGEST_TITLE:
        exact = index.named(query).rows
        if len(exact):
            return _title(query, lexicon, index, exact, ignored)
    language, words = to_english(query, tokens)
    reading = Reading(query, words, lexicon, index, language)
    corrected = corrected_words(reading)
    if len(tokens) <= LONGEST_TITLE:
        near = near_title(reading, corrected)
        if len(near):
            title = lexicon.catalogue.titles[int(near[0])]
            return replace(plain(query, title), named=tuple(near.tolist()), mentions=reading.mentions)
    reading = Reading(query, corrected, lexicon, index, language, mentions=reading.mentions)
    _read(reading)
    quoted = _quoted(reading)
    if len(quoted):
        return replace(_put_together(reading, ignored), titled=True, named=tuple(quoted.tolist()))
    if _is_doubtful(reading) and not _says_numbers(reading) and is_part_of_title(reading):
        return replace(plain(query, " ".join(word.shown for word in corrected)), mentions=reading.mentions)
    return _put_together(reading, ignored)


def _title(query: str, lexicon: Lexicon, index: TextIndex, rows: Rows, ignored: Collection[str]) -> Understood:
    """A query that is a title. One that says a kind of film as well ("Scary Movie") brings these behind it."""
    language, words = to_english(query, tokens_of(query))
    reading = Reading(query, words, lexicon, index, language)
    _read(reading)
    kinds = all(condition.hard and not condition.negative for *_, condition in reading.found)
    kinds = kinds and not any(condition.kind in _NUMBERS for *_, condition in reading.found)
    if not reading.found or not kinds or any(True for _ in reading.content()):
        return replace(plain(query), named=tuple(rows.tolist()), mentions=reading.mentions)
    if not any(condition.kind is ConditionKind.PERSON for *_, condition in reading.found):
        # Of films that are called like a kind of film only a known one is meant.
        rows = rows[lexicon.catalogue.votes[rows] >= lexicon.known_votes]
    return replace(_put_together(reading, ignored), titled=True, named=tuple(rows.tolist()))


def _read(reading: Reading) -> None:
    """Let every reader look at every place, in the order of what would be misread first."""
    for at, word in enumerate(reading.words):
        if word.quoted:
            reading.take(at, 1, Role.DROPPED)
    for readers in _READERS:
        at = 0
        while at < len(reading):
            used = next((used for read in readers if reading.free(at) and (used := read(reading, at))), 0)
            at += max(used, 1)
    for at, word in enumerate(reading.words):
        if word.quoted:
            reading.take(at, 1, Role.FREE)


def _says_numbers(reading: Reading) -> bool:
    """Whether a bound is said: "under 80 minutes" is none of a title."""
    return any(condition.kind in _NUMBERS and condition.sure is Sure.SAID for *_, condition in reading.found)


def _is_doubtful(reading: Reading) -> bool:
    """Whether words were taken for something that they would not be in a title."""
    return any(word.word in grammar.REQUEST for word in reading.words) or any(
        condition.kind is not ConditionKind.SERIES for *_, condition in reading.found
    )


def _quoted(reading: Reading) -> Rows:
    """The films that go by what stands in quotation marks."""
    places = [at for at, word in enumerate(reading.words) if word.quoted == 1]
    if not places:
        return np.empty(0, np.int32)
    return reading.index.named(reading.typed(places[0], len(places))).rows


def _put_together(reading: Reading, ignored: Collection[str]) -> Understood:
    conditions, like = [], []
    freed: set[int] = set()
    for at, count, condition in reading.found:
        if condition.id not in ignored:
            conditions.append((at, condition))
        elif not condition.negative:
            reading.take(at, count, Role.FREE)
            if all(asks(reading.word(place)) for place in range(at, at + count)):
                freed.update(range(at, at + count))
    kept = {condition.id for _, condition in conditions}
    like = [row for which, row in reading.like if which in kept]
    _drop(reading, freed)
    searched = [word for at, word in enumerate(reading.words) if _is_searched(reading, at)]
    return Understood(
        query=reading.query,
        text=_text(reading),
        words=tuple(dict.fromkeys(word.word for word in searched))[:LONGEST_SEARCH],
        conditions=_distinct(condition for _, condition in sorted(conditions, key=lambda pair: pair[0])),
        titled=_may_be_title(reading, conditions, searched),
        like=tuple(dict.fromkeys(like)),
        esteemed=any(word.word in grammar.QUALITY for word in reading.words),
        language=reading.language,
        mentions=reading.mentions,
    )


def _may_be_title(reading: Reading, conditions: list[tuple[int, Condition]], searched: list[Word]) -> bool:
    """Whether a few words that ask for nothing are left: alone, or beside a bare year or person ("dracula 1931")."""
    if not 0 < len(searched) <= TITLE_WORDS or Role.DROPPED in reading.roles:
        return False
    kinds = {condition.kind for _, condition in conditions}
    if not kinds <= {ConditionKind.SERIES}:
        small = any(word.word in grammar.STOP for word in reading.words)
        return not small and len(searched) <= TITLE_WORDS // 2 and kinds <= {ConditionKind.YEAR, ConditionKind.PERSON}
    words = [word.word for word in searched]
    return " ".join(words) not in reading.lexicon.keywords and bool(len(together_in_titles(reading, words)))


def _drop(reading: Reading, freed: Collection[int]) -> None:
    """Drop the words that only ask; one that tells a story as often, only beside another that asks. Those at the
    places ``freed`` are kept: they are all there is of a condition that the caller switched off.
    """
    asking = [asks(word.word) and reading.roles[at] is Role.FREE for at, word in enumerate(reading.words)]
    for at, word in enumerate(reading.words):
        if not asking[at] or word.quoted or at in freed:
            continue
        around = [place for place in (at - 1, at + 1) if 0 <= place < len(reading)]
        told = word.word in grammar.STORY_WORDS and not any(
            asking[place] or reading.word(place) in grammar.ASKERS for place in around
        )
        if not told:
            reading.take(at, 1, Role.DROPPED)


def _is_searched(reading: Reading, at: int) -> bool:
    """Free words that say something, and those of conditions that tell of the plot as well."""
    if reading.roles[at] is Role.FREE:
        return reading.word(at) not in grammar.STOP or bool(reading.words[at].quoted)
    return reading.roles[at] is Role.CONDITION


def _text(reading: Reading) -> str:
    """What is left, with the small words between."""
    left = [at for at in range(len(reading)) if reading.roles[at] in (Role.FREE, Role.CONDITION)]
    while left and not _is_searched(reading, left[0]):
        left.pop(0)
    while left and not _is_searched(reading, left[-1]):
        left.pop()
    return " ".join(reading.words[at].shown for at in left)


def _distinct(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Each condition once."""
    return tuple({condition.id: condition for condition in conditions}.values())
