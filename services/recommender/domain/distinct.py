"""Different values of an array."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


def distinct(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """The different values in ascending order, as ``np.unique`` gives them.

    That one imports ``numpy.ma`` when it is first called, which the first answer of a process would wait for.
    """
    return counted(values)[0]


def counted(values: NDArray[Scalar]) -> tuple[NDArray[Scalar], NDArray[np.intp]]:
    """The different values in ascending order, and how often each is there."""
    ordered = np.sort(values)
    first = np.ones(len(ordered), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(first)
    return ordered[starts], np.diff(starts, append=len(ordered))
