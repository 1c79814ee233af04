"""Values computed once for each array of rows, within one request."""

from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value")
Rows = NDArray[np.int32]


class ByRows(Generic[Value]):
    """Remembers what was computed for an array: a request ranks one array of candidates and gives reasons for one page,
    and several signals ask about each. Arrays are told apart by identity and must not be changed.
    """

    def __init__(self) -> None:
        # The array is kept with its value, so that no other one can take its identity.
        self._values: dict[int, tuple[Rows, Value]] = {}

    def get(self, rows: Rows, compute: Callable[[Rows], Value]) -> Value:
        """Return the value for ``rows``, computed on first use."""
        kept = self._values.get(id(rows))
        if kept is None:
            kept = self._values[id(rows)] = (rows, compute(rows))
        return kept[1]
