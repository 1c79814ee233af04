"""Array helpers: packed strings, distinct values, the mean of the best scores, lifts, and a cache by array of rows."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value")
Rows = NDArray[np.int32]
Floats = NDArray[np.float32]
Count = NDArray[np.float32] | int

# Every signal is scaled by the mean of its best 50 *before* filters, so that a film's score does not depend on the
# filters. z-scores explode on short profiles; the mean of the best does not.
BEST = 50


class ByRows(Generic[Value]):
    """Cache of values by array of rows: a request ranks one array of candidates and gives reasons for one page, and
    several signals need the same values for them. Arrays are identified by identity and must not be changed.
    """

    def __init__(self) -> None:
        # The array is stored with its value, so that no other array can get its identity.
        self._values: dict[int, tuple[Rows, Value]] = {}

    def get(self, rows: Rows, compute: Callable[[Rows], Value]) -> Value:
        """Return the value for ``rows``, computed on first use."""
        entry = self._values.get(id(rows))
        if entry is None:
            entry = self._values[id(rows)] = (rows, compute(rows))
        return entry[1]


Scalar = TypeVar("Scalar", bound=np.generic)


def distinct(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return the distinct values in ascending order, like ``np.unique``.

    ``np.unique`` imports ``numpy.ma`` on its first call, which would delay the first response of a process.
    """
    ordered = np.sort(values)
    return ordered[_first(ordered)]


def counted(values: NDArray[Scalar]) -> tuple[NDArray[Scalar], NDArray[np.intp]]:
    """Return the distinct values in ascending order, and the count of each."""
    ordered = np.sort(values)
    starts = np.append(np.flatnonzero(_first(ordered)), len(ordered))
    return ordered[starts[:-1]], starts[1:] - starts[:-1]


def _first(ordered: NDArray[Scalar]) -> NDArray[np.bool_]:
    """Return which of some ascending values differ from the one before, bool[n]."""
    first = np.ones(len(ordered), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return first


def mean_of_best(scores: Floats) -> float:
    """Return the mean of the best 50 scores; 0 if it is not positive, which disables the signal."""
    if len(scores) <= BEST:
        mean = float(scores.mean()) if len(scores) else 0.0
    else:
        mean = float(np.partition(scores, -BEST)[-BEST:].mean())
    return mean if np.isfinite(mean) and mean > 0 else 0.0


# Number of typical films added to a sample: a lift from this many films counts by half.
UNTYPICAL = 5


def shrunk_lift(both: Count, films: Count, others: Count, total: int) -> NDArray[np.floating]:
    """Return the lift of a property, shrunk towards 1: its share among some ``films``, ``both`` of which have it, over
    its share among all ``total`` films, ``others`` of which have it. The fewer films, the nearer to 1, as if
    ``UNTYPICAL`` typical ones were added. Counts are numbers or arrays that broadcast, and so is the result.
    """
    usual = np.maximum(others, 1) / max(total, 1)
    return np.asarray((both / usual + UNTYPICAL) / (films + UNTYPICAL))


def lengths_of(sums: Floats, least: float) -> Floats:
    """Return the lengths of weighted sums of vectors float32[s, k], float32[s, 1]; infinite if not above
    ``least``: such a sum is a rounding error without a direction, and dividing it by its length gives 0.
    """
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.where(lengths > least, lengths, np.float32(np.inf))


def scaled(scores: Floats, reference: float) -> Floats:
    """Return the scores divided by their reference; zeros if the reference is 0."""
    return scores / np.float32(reference) if reference > 0 else np.zeros_like(scores)


@dataclass(frozen=True, slots=True, eq=False)
class Strings:
    """UTF-8 strings as two arrays, so that 62,000 titles can be memory-mapped without creating objects.

    ``offsets`` int64[n + 1] into ``data`` uint8[bytes]; row i is ``data[offsets[i]:offsets[i + 1]]``.
    """

    offsets: NDArray[np.int64]
    data: NDArray[np.uint8]

    @classmethod
    def of(cls, values: Iterable[str]) -> Self:
        """Pack an iterable of strings; lone surrogates, which UTF-8 cannot encode, are replaced."""
        encoded = [value.encode("utf-8", "replace") for value in values]
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(value) for value in encoded], out=offsets[1:])
        return cls(offsets, np.frombuffer(b"".join(encoded), np.uint8))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> str:
        return self.data[self.offsets[row] : self.offsets[row + 1]].tobytes().decode("utf-8")

    def take(self, rows: NDArray[np.int32]) -> list[str]:
        """Return the strings of some rows, with one access to the arrays for all of them."""
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        ends = np.cumsum(lengths)
        at = np.repeat(starts - (ends - lengths), lengths) + np.arange(int(lengths.sum()))
        whole = self.data[at].tobytes()
        return [
            whole[start:end].decode("utf-8")
            for start, end in zip((ends - lengths).tolist(), ends.tolist(), strict=True)
        ]

    def __iter__(self) -> Iterator[str]:
        whole = self.data.tobytes()
        bounds = self.offsets.tolist()
        for start, end in pairwise(bounds):
            yield whole[start:end].decode("utf-8")
