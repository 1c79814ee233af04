"""Replacement for ``np.unique`` that does not import ``numpy.ma``."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


def distinct(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return the distinct values in ascending order, like ``np.unique``.

    ``np.unique`` imports ``numpy.ma`` on its first call, which would delay the first response of a process.
    """
    return counted(values)[0]


def counted(values: NDArray[Scalar]) -> tuple[NDArray[Scalar], NDArray[np.intp]]:
    """Return the distinct values in ascending order, and the count of each."""
    ordered = np.sort(values)
    first = np.ones(len(ordered), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(first)
    return ordered[starts], np.diff(starts, append=len(ordered))
