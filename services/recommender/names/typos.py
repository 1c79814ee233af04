"""Typing errors in names: trigrams select candidate names, which are then compared by edit distance."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BUCKETS = 1 << 16
SHORT_NAME = 6
"""Names up to this length are compared one by one: an error leaves too few of their trigrams."""
LONG_NAME = 8
"""From this length on two errors are tolerated."""
LONGEST = 56
"""Letters compared of a name; slightly fewer of the typed text."""
LONGEST_TYPED = 44
_PRIMES = np.array([1, 131, 31_337], np.int64)
_BEGIN = "\x02"
_BEYOND = np.int16(1_000)


def letters_of(names: Sequence[str], width: int) -> NDArray[np.uint16]:
    """Return the code units of names, uint16[names, width], truncated or padded with zeros."""
    letters = np.zeros((len(names), width), np.uint16)
    for at, name in enumerate(names):
        units = np.frombuffer(name[:width].encode("utf-16-le", "replace"), np.uint16)[:width]
        letters[at, : len(units)] = units
    return letters


def grams_of(name: str) -> NDArray[np.int64]:
    """Return the distinct buckets of a squeezed name's trigrams, with its beginning marked: int64[n]."""
    units = np.frombuffer((_BEGIN + name).encode("utf-16-le", "replace"), np.uint16).astype(np.int64)
    if len(units) < 3:
        return np.empty(0, np.int64)
    grams = (units[:-2] * _PRIMES[2] + units[1:-1] * _PRIMES[1] + units[2:]) % BUCKETS
    return np.unique(grams)


def errors_allowed(letters: int) -> int:
    """Return how many typing errors are tolerated in a name of this length."""
    return 0 if letters < 4 else 1 if letters < LONG_NAME else 2


def errors_inside(
    typed: NDArray[np.uint16], names: NDArray[np.uint16], *, whole: bool
) -> tuple[NDArray[np.int16], NDArray[np.int64]]:
    """Count letters dropped, added, replaced or swapped with their neighbour between the typed text, uint16[m], and the
    closest part of each name, uint16[names, width] padded with zeros. Return int16[names], and where that part ends,
    int64[names]. ``whole``: compare with the whole name.

    Sellers 1980 with the transposition of Damerau 1964; a running minimum along the name handles each typed letter in a
    few steps over all names at once.
    """
    lengths = np.count_nonzero(names, axis=1)
    names = names[:, : int(lengths.max(initial=0))]
    count, width = names.shape
    steps = np.arange(width + 1, dtype=np.int16)
    row = np.repeat(steps[None, :] if whole else np.zeros((1, width + 1), np.int16), count, axis=0)
    before, last = row, -1
    for at, letter in enumerate(typed.tolist(), 1):
        same = names == letter
        next_row = np.empty_like(row)
        next_row[:, 0] = at
        next_row[:, 1:] = np.minimum(row[:, 1:] + 1, row[:, :-1] + ~same)
        if at > 1:
            swapped = same[:, :-1] & (names[:, 1:] == last)
            next_row[:, 2:] = np.where(swapped, np.minimum(next_row[:, 2:], before[:, :-2] + 1), next_row[:, 2:])
        next_row = np.minimum.accumulate(next_row - steps, axis=1) + steps
        before, row, last = row, next_row, letter
    if whole:
        return row[np.arange(count), lengths], lengths
    row = np.where(steps > lengths[:, None], _BEYOND, row)
    ends = row.argmin(axis=1)
    return row[np.arange(count), ends], ends
