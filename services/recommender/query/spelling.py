"""Spelling correction of unknown words: the known word with the fewest typing errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import Strings

SHORTEST = 4
LONG = 8
"""A word this long may have two typing errors, a shorter one only one."""
LONGEST = 24


@dataclass(frozen=True, slots=True, eq=False)
class Spelling:
    """``words``: all known words; aligned with them ``codes`` uint8[words, 24], their letters, ``lengths`` int16,
    ``letters`` uint64 (a bit per letter, to compare only a few) and ``films`` int32, the number of films each occurs
    in.
    """

    words: Strings
    codes: NDArray[np.uint8]
    lengths: NDArray[np.int16]
    letters: NDArray[np.uint64]
    films: NDArray[np.int32]

    @classmethod
    def of(cls, films: Mapping[str, int]) -> "Spelling":
        """Build from the words of a catalogue; words that are too short, and numbers, are left out."""
        words = tuple(sorted(word for word in films if SHORTEST - 1 <= len(word) <= LONGEST and word.isalpha()))
        codes = _codes(words)
        occurs = (np.uint64(1) << (codes & 63).astype(np.uint64)) * (codes > 0)
        return cls(
            Strings.of(words),
            codes,
            np.array([len(word) for word in words], np.int16),
            np.bitwise_or.reduce(occurs, axis=1, dtype=np.uint64),
            np.array([films[word] for word in words], np.int32),
        )

    def near(self, word: str) -> list[str]:
        """Return known words within the tolerated errors, most likely first: by errors, same first letter, number of
        films.
        """
        if not SHORTEST <= len(word) <= LONGEST or not word.isalpha():
            return []
        errors = 2 if len(word) >= LONG else 1
        codes = _codes((word,))[0]
        letters = np.bitwise_or.reduce(np.uint64(1) << (codes[: len(word)] & 63).astype(np.uint64))
        # An error changes at most two letters: one disappears, another appears.
        apart = np.bitwise_count(self.letters ^ letters)
        close = np.flatnonzero((np.abs(self.lengths - len(word)) <= errors) & (apart <= 2 * errors))
        distances = errors_between(codes[: len(word)], self.codes[close], self.lengths[close])
        close, distances = close[distances <= errors], distances[distances <= errors]
        order = np.lexsort((-self.films[close], self.codes[close, 0] != codes[0], distances))
        return [self.words[at] for at in close[order].tolist()]


def errors_between(word: NDArray[np.uint8], others: NDArray[np.uint8], lengths: NDArray[np.int16]) -> NDArray[np.int16]:
    """Count letters dropped, added, replaced or swapped with their neighbour between a word and each of some others:
    int16[others]. ``others`` uint8[others, width], padded after their ``lengths``.

    Optimal string alignment (Damerau 1964, Levenshtein 1966), over all others at once.
    """
    width = int(lengths.max(initial=0))
    rows = [np.repeat(np.arange(width + 1, dtype=np.int16)[None, :], len(others), axis=0)]
    for at, letter in enumerate(word.tolist(), 1):
        above, row = rows[-1], np.empty_like(rows[-1])
        row[:, 0] = at
        differs = others[:, :width] != letter
        for column in range(1, width + 1):
            cost = np.minimum(above[:, column] + 1, row[:, column - 1] + 1)
            cost = np.minimum(cost, above[:, column - 1] + differs[:, column - 1])
            if at > 1 and column > 1:
                swapped = ~differs[:, column - 2] & (others[:, column - 1] == word[at - 2])
                cost = np.where(swapped, np.minimum(cost, rows[-2][:, column - 2] + 1), cost)
            row[:, column] = cost
        rows.append(row)
    return np.asarray(rows[-1][np.arange(len(others)), lengths], np.int16)


def _codes(words: Sequence[str]) -> NDArray[np.uint8]:
    """Return the letters of words as numbers, uint8[words, 24]; all non-Latin-1 letters share one number."""
    text = "".join(word.ljust(LONGEST, "\0") for word in words)
    return np.frombuffer(text.encode("latin-1", "replace"), np.uint8).reshape(len(words), LONGEST)
