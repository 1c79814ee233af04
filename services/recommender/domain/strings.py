"""UTF-8 strings as two arrays, so that 62,000 titles can be memory-mapped without creating objects."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Strings:
    """``offsets`` int64[n + 1] into ``data`` uint8[bytes]; row i is ``data[offsets[i]:offsets[i + 1]]``."""

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
