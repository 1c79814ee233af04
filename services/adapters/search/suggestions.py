"""Type-ahead over titles: a sorted list of all places where a word begins, searched by bisection.

Three arrays, memory-mapped: the folded titles as bytes, the starts of their words sorted by what follows, and
the film of each start. 62,000 titles take 3 MB and no Python objects.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from services.adapters.search.analyser import words

_END = b"\n"
_PARTS = ("text", "starts", "rows")


@dataclass(frozen=True, slots=True, eq=False)
class Suggestions:
    """``text`` uint8: folded titles, a line each; ``starts`` int32[words]: where words begin in it, sorted by
    the rest of the line; ``rows`` int32[words]: the film of each start.
    """

    text: NDArray[np.uint8]
    starts: NDArray[np.int32]
    rows: NDArray[np.int32]

    @classmethod
    def of(cls, titles: Iterable[str]) -> Self:
        """The structure over titles in row order."""
        lines = bytearray()
        found: list[tuple[bytes, int, int]] = []
        for row, title in enumerate(titles):
            line = " ".join(words(title)).encode()
            offset = 0
            for word in line.split():
                found.append((line[offset:], row, len(lines) + offset))
                offset += len(word) + 1
            lines += line + _END
        found.sort()
        return cls(
            np.frombuffer(bytes(lines), np.uint8),
            np.array([start for _, _, start in found], np.int32),
            np.array([row for _, row, _ in found], np.int32),
        )

    def save(self, folder: Path) -> None:
        """Write the arrays into the folder of the text index."""
        for part in _PARTS:
            np.save(folder / f"suggest.{part}.npy", getattr(self, part))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Map the arrays of a folder. Raises whatever NumPy does for files that are no arrays."""
        text, starts, rows = (np.load(folder / f"suggest.{part}.npy", mmap_mode="r") for part in _PARTS)
        return cls(np.asarray(text), np.asarray(starts), np.asarray(rows))

    def together(self, prefix: str) -> NDArray[np.int32]:
        """Films with the words of the prefix side by side, the last one begun: int32[n], distinct, by row."""
        phrase = " ".join(words(prefix))
        return self._beginning(phrase) if phrase else np.empty(0, np.int32)

    def apart(self, prefix: str) -> NDArray[np.int32]:
        """Films where each word of the prefix begins a word somewhere: int32[n], distinct, by row."""
        wanted = words(prefix)
        if not wanted:
            return np.empty(0, np.int32)
        rows = self._beginning(wanted[0])
        for word in wanted[1:]:
            rows = np.intersect1d(rows, self._beginning(word), assume_unique=True)
        return rows

    def _beginning(self, phrase: str) -> NDArray[np.int32]:
        wanted = phrase.encode()
        places = range(len(self.starts))

        def head(place: int) -> bytes:
            start = int(self.starts[place])
            return self.text[start : start + len(wanted)].tobytes().partition(_END)[0]

        first = bisect_left(places, wanted, key=head)
        return np.unique(self.rows[first : bisect_right(places, wanted, lo=first, key=head)])
