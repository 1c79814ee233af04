"""Queries that are titles: complete, with typing errors, or a large part of one."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.ports import TextField
from services.recommender.query.marked_words import Reading, Word
from services.recommender.query.readers.years import year_of
from services.recommender.query.tokens import tokens_of, words_of
from services.recommender.query.words import grammar
from services.recommender.query.words.concepts import CONCEPT_WORDS

# If a query's words occur together in a title and make up at least this share of it, it is that title.
TITLE_PART = 0.75
# A name this long may have two typing errors, a shorter one only one; the shortest none.
LONG_NAME, SHORT_NAME = 9, 5
# A name this long hardly matches by chance.
SURE_NAME = 12
# Maximum number of titles to compare.
MOST_COMPARED = 50
# Articles that people leave out before a title.
_ARTICLES = ("the", "a", "an")


def corrected_words(reading: Reading) -> list[Word]:
    """Return the words, with unknown ones replaced by the known words they resemble."""
    words = [_corrected(reading, at) for at in range(len(reading))]
    return _as_series(reading, words)


def _corrected(reading: Reading, at: int) -> Word:
    word = reading.words[at]
    translated = word.shown != reading.query[word.start : word.end]
    is_known = word.word in grammar.KNOWN or word.word in CONCEPT_WORDS or reading.is_kind(at)
    if translated or is_known or len(reading.mention(word.word).rows):
        return word
    near = reading.lexicon.spelling.near(word.word)
    return replace(word, word=near[0], shown=near[0]) if near else word


def _as_series(reading: Reading, words: list[Word]) -> list[Word]:
    """Return the words of a series if the whole query is a typing error away from its name: "star wrs"."""
    if not any(not len(reading.mention(word.word).rows) for word in words if word.word not in grammar.STOP):
        return words
    series = reading.lexicon.series_near("".join(word.word for word in words))
    if series is None:
        return words
    first, last = words[0], words[-1]
    return [Word(word, first.start, last.end, word) for word in words_of(series.name)]


def near_title(reading: Reading, corrected: list[Word]) -> NDArray[np.int32]:
    """Return the films whose title is a typing error away from the query, if it is likely a title."""
    length = sum(len(word.word) for word in reading.words)
    if length < SHORT_NAME:
        return np.empty(0, np.int32)
    is_misspelt = [word.word for word in reading.words] != [word.word for word in corrected]
    is_misspelt = is_misspelt or any(
        not len(reading.mention(word.word).rows) for word in corrected if word.word not in grammar.STOP
    )
    if is_misspelt:
        return _named(reading, 2 if length >= LONG_NAME else 1)
    if length < LONG_NAME or any(map(reading.is_kind, range(len(reading)))):
        return np.empty(0, np.int32)
    if " ".join(word.word for word in reading.words) in reading.lexicon.keywords:
        return np.empty(0, np.int32)
    rows = _named(reading, 1)
    # If all words are known, it is a misspelt title only if the film is well known.
    return rows if length >= SURE_NAME else rows[reading.catalogue.votes[rows] >= reading.lexicon.known_votes]


def _named(reading: Reading, errors: int) -> NDArray[np.int32]:
    """Return the films within ``errors`` typing errors of the query, or of the query with an article in front."""
    rows = reading.index.named(reading.query, errors).rows
    if len(rows) or reading.word(0) in _ARTICLES:
        return rows
    with_article = (reading.index.named(f"{article} {reading.query}", errors).rows for article in _ARTICLES)
    return next(filter(len, with_article), rows)


def dated(reading: Reading) -> NDArray[np.int32]:
    """Return the films whose title is followed by their year, or an adjacent one: "the italian job 1969"."""
    last = len(reading) - 1
    year = year_of(reading, last)
    if year is None or not last:
        return np.empty(0, np.int32)
    rows = reading.index.named(reading.query[: reading.words[last].start]).rows
    apart = np.abs(reading.catalogue.years[rows].astype(np.int32) - year)
    return np.asarray(rows[apart == apart.min(initial=1)], np.int32)


def is_part_of_title(reading: Reading) -> bool:
    """Return whether conditions were read into a large part of a title: "no country old men"."""
    words = [word.word for word in reading.words if word.word not in grammar.STOP and word.word not in grammar.FILMS]
    if len(words) < 2 or any(reading.words[at].after_break for at in range(1, len(reading))):
        return False
    letters = sum(map(len, words))
    titles = (reading.catalogue.titles[row] for row in together_in_titles(reading, words)[:MOST_COMPARED].tolist())
    return any(letters >= TITLE_PART * _letters(title) for title in titles)


def together_in_titles(reading: Reading, words: list[str]) -> NDArray[np.int32]:
    """Return the films whose title contains all the words, int32[n]."""
    rows = np.empty(0, np.int32)
    for at, word in enumerate(words):
        mention = reading.mention(word)
        inside = mention.rows[(mention.fields & TextField.TITLE) != 0]
        rows = inside if at == 0 else np.intersect1d(rows, inside, assume_unique=True)
        if not len(rows):
            break
    return rows


def _letters(title: str) -> int:
    return sum(len(token.word) for token in tokens_of(title) if token.word not in grammar.STOP)
