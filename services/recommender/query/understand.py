"""Query understanding: conditions on films, example films, and the remaining words to search for.

A query that is a title is left as one. Each condition can be switched off; without any, the words are searched for as
they are.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.request import ConditionKind
from services.recommender.ports import TextIndex
from services.recommender.query.conditions import Condition, Sure, Understood
from services.recommender.query.lexicon import Lexicon
from services.recommender.query.marked_words import Reading, Word, WordRole, asks
from services.recommender.query.readers.kinds import read_audience, read_concept
from services.recommender.query.readers.languages_named import read_language
from services.recommender.query.readers.likes import read_comparison, read_likeness
from services.recommender.query.readers.negations import read_negation
from services.recommender.query.readers.people_named import read_people
from services.recommender.query.readers.runtimes import read_runtime
from services.recommender.query.readers.series_named import read_series
from services.recommender.query.readers.studios import read_studio
from services.recommender.query.readers.years import read_years
from services.recommender.query.titles import corrected_words, dated, is_part_of_title, near_title, together_in_titles
from services.recommender.query.tokens import Token, tokens_of
from services.recommender.query.translate import ENGLISH, as_it_is, to_english
from services.recommender.query.words import grammar

# A query with more words is not a title.
LONGEST_TITLE = 16
LONGEST_SEARCH = 12
# Up to this many remaining words may be the beginning of a title.
TITLE_WORDS = 4

# A title that is a number is not read as a year.
_NUMBERS = (ConditionKind.YEAR, ConditionKind.RUNTIME)

Rows = NDArray[np.int32]
Read = Callable[[Reading, int], int]
_READERS: tuple[tuple[Read, ...], ...] = (
    (read_runtime,),
    (read_likeness,),
    (read_negation,),
    (read_comparison,),
    (read_years,),
    (read_studio,),
    (read_series, read_people),
    (read_audience, read_concept),
    (read_language,),
)


def plain(query: str, text: str | None = None) -> Understood:
    """Return the query, or the text it stands for, without conditions: every word is searched for."""
    text = query if text is None else text
    words = tuple(dict.fromkeys(token.word for token in tokens_of(text)))
    telling = tuple(word for word in words if word not in grammar.STOP and word not in grammar.ARTICLES)
    return Understood(query, text, (telling or words)[:LONGEST_SEARCH], titled=True)


def understand(query: str, lexicon: Lexicon, index: TextIndex, ignored: Collection[str] = ()) -> Understood:
    """Interpret a query. ``ignored``: ids of conditions not to apply; their words are searched for instead."""
    tokens = tokens_of(query)
    if not tokens:
        return Understood(query, "")
    if len(tokens) <= LONGEST_TITLE:
        exact = index.named(query).rows
        if len(exact):
            return _title(query, lexicon, index, exact, ignored)
        dated_title = _dated_title(query, tokens, lexicon, index, ignored)
        if dated_title is not None:
            return dated_title
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
    """Interpret a query that is a title; if it also names a kind of film ("Scary Movie"), those films follow."""
    language, words = to_english(query, tokens_of(query))
    reading = Reading(query, words, lexicon, index, language)
    _read(reading)
    kinds = all(condition.hard and not condition.negative for *_, condition in reading.conditions)
    kinds = kinds and not any(condition.kind in _NUMBERS for *_, condition in reading.conditions)
    if not reading.conditions or not kinds or any(True for _ in reading.content()):
        return replace(plain(query), named=tuple(rows.tolist()), mentions=reading.mentions)
    if not any(condition.kind is ConditionKind.PERSON for *_, condition in reading.conditions):
        # A title that is also a kind of film is meant only if the film is well known.
        rows = rows[lexicon.catalogue.votes[rows] >= lexicon.known_votes]
    return replace(_put_together(reading, ignored), titled=True, named=tuple(rows.tolist()))


def _dated_title(
    query: str, tokens: list[Token], lexicon: Lexicon, index: TextIndex, ignored: Collection[str]
) -> Understood | None:
    """Interpret a query that is a title and its year, where only the year is a condition; None for other queries."""
    reading = Reading(query, [as_it_is(query, token) for token in tokens], lexicon, index, ENGLISH)
    rows = dated(reading)
    if not len(rows):
        return None
    read_years(reading, len(reading) - 1)
    return replace(_put_together(reading, ignored), titled=True, named=tuple(rows.tolist()))


def _read(reading: Reading) -> None:
    """Let every reader examine every position, most specific readers first."""
    for at, word in enumerate(reading.words):
        if word.quoted:
            reading.take(at, 1, WordRole.DROPPED)
    for readers in _READERS:
        at = 0
        while at < len(reading):
            used = next((used for read in readers if reading.free(at) and (used := read(reading, at))), 0)
            at += max(used, 1)
    for at, word in enumerate(reading.words):
        if word.quoted:
            reading.take(at, 1, WordRole.FREE)


def _says_numbers(reading: Reading) -> bool:
    """Return whether the query has an explicit bound: "under 80 minutes" is not part of a title."""
    return any(condition.kind in _NUMBERS and condition.sure is Sure.SAID for *_, condition in reading.conditions)


def _is_doubtful(reading: Reading) -> bool:
    """Return whether words were given a meaning that they would not have in a title."""
    return any(word.word in grammar.REQUEST for word in reading.words) or any(
        condition.kind is not ConditionKind.SERIES for *_, condition in reading.conditions
    )


def _quoted(reading: Reading) -> Rows:
    """Return the films named in quotation marks."""
    places = [at for at, word in enumerate(reading.words) if word.quoted == 1]
    if not places:
        return np.empty(0, np.int32)
    return reading.index.named(reading.typed(places[0], len(places))).rows


def _put_together(reading: Reading, ignored: Collection[str]) -> Understood:
    conditions, like = [], []
    freed: set[int] = set()
    for at, count, condition in reading.conditions:
        if condition.id not in ignored:
            conditions.append((at, condition))
        elif not condition.negative:
            reading.take(at, count, WordRole.FREE)
            if all(asks(reading.word(place)) for place in range(at, at + count)):
                freed.update(range(at, at + count))
    ids = {condition.id for _, condition in conditions}
    like = [row for which, row in reading.like if which in ids]
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
    """Return whether the few remaining words may be a title: alone, or with a bare year or person ("dracula 1931")."""
    if not 0 < len(searched) <= TITLE_WORDS or WordRole.DROPPED in reading.roles:
        return False
    kinds = {condition.kind for _, condition in conditions}
    if not kinds <= {ConditionKind.SERIES}:
        small = any(word.word in grammar.STOP for word in reading.words)
        return not small and len(searched) <= TITLE_WORDS // 2 and kinds <= {ConditionKind.YEAR, ConditionKind.PERSON}
    words = [word.word for word in searched]
    return " ".join(words) not in reading.lexicon.keywords and bool(len(together_in_titles(reading, words)))


def _drop(reading: Reading, freed: Collection[int]) -> None:
    """Drop the words of the request itself; ambiguous ones only next to another such word. Those at the positions
    ``freed`` are kept: they are all that remains of a condition the caller switched off.
    """
    asking = [asks(word.word) and reading.roles[at] is WordRole.FREE for at, word in enumerate(reading.words)]
    for at, word in enumerate(reading.words):
        if not asking[at] or word.quoted or at in freed:
            continue
        around = [place for place in (at - 1, at + 1) if 0 <= place < len(reading)]
        of_story = word.word in grammar.STORY_WORDS and not any(
            asking[place] or reading.word(place) in grammar.ASKERS for place in around
        )
        if not of_story:
            reading.take(at, 1, WordRole.DROPPED)


def _is_searched(reading: Reading, at: int) -> bool:
    """Return whether a word is searched for: a content word that is free, or of a condition that may describe plots."""
    if reading.roles[at] not in (WordRole.FREE, WordRole.CONDITION):
        return False
    return reading.word(at) not in grammar.STOP or bool(reading.words[at].quoted)


def _text(reading: Reading) -> str:
    """Return the remaining text, including stop words in between."""
    places = [at for at in range(len(reading)) if reading.roles[at] in (WordRole.FREE, WordRole.CONDITION)]
    while places and not _is_searched(reading, places[0]):
        places.pop(0)
    while places and not _is_searched(reading, places[-1]):
        places.pop()
    return " ".join(reading.words[at].shown for at in places)


def _distinct(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Remove duplicate conditions."""
    return tuple({condition.id: condition for condition in conditions}.values())
