"""Truncate the rows of a full item-item matrix to their K largest entries, for serving."""

from collections.abc import Callable
from math import frexp, isfinite

import numpy as np
from numpy.typing import NDArray

from data_jobs.train.ease import Inverse, TrainingError
from data_jobs.train.gram import blocks
from services.recommender.domain.tables import ItemTable

MIN_WIDTH = 100
_ENTRY_BYTES = 4
_TABLES = 2
# Far above float16's coarse subnormals and far below its largest value, 65,504.
_LARGEST_EXPONENT = 10
# A table whose largest value is below 2 ** -110 holds nothing but rounding.
_MOST_EXPONENT = 120


def row_width(films: int, table_bytes: int) -> int:
    """Return the number of entries that a row keeps so that both tables fit ``table_bytes``: at least 100, at most all
    other films.
    """
    fitting = table_bytes // (_ENTRY_BYTES * _TABLES * max(films, 1))
    return max(1, min(films - 1, max(MIN_WIDTH, fitting)))


def truncated(inverse: Inverse, films: int, width: int, done: Callable[[int], None]) -> ItemTable:
    """Return the table of a solution, computed one block of rows at a time; ``done`` receives the number of rows done.

    Values are those of B times one power of two per table, which cancels in every use.
    """
    columns = np.empty((films, width), np.uint16)
    values = np.empty((films, width), np.float32)
    for start, stop in blocks(films):
        columns[start:stop], values[start:stop] = largest(inverse.rows(start, stop), width)
        done(stop)
    return ItemTable(columns, halved_precision(values))


def largest(rows: NDArray[np.float32], width: int) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
    """Return columns uint16[b, width] (ascending) and values float32[b, width] of the entries largest by absolute
    value.

    Negative entries count as much as positive ones: films that exclude each other are informative, too.
    """
    if width < rows.shape[1]:
        columns = np.argpartition(np.abs(rows), rows.shape[1] - width, axis=1)[:, -width:]
        columns.sort(axis=1)
    else:
        columns = np.broadcast_to(np.arange(rows.shape[1]), rows.shape)
    return columns.astype(np.uint16), np.take_along_axis(rows, columns, axis=1)


def halved_precision(values: NDArray[np.float32]) -> NDArray[np.float16]:
    """Return values as float16, times the power of two that brings the largest to 512 ... 1,024.

    Values of the short table are small: unscaled, many would be subnormal and lose digits. Raises TrainingError for
    values that are not finite.
    """
    peak = max(float(values.max(initial=0)), -float(values.min(initial=0)))
    if not isfinite(peak):
        raise TrainingError("the item-item table holds values that are not finite; use a larger ridge")
    exponent = _LARGEST_EXPONENT - frexp(peak)[1]
    scaled = np.ldexp(values, min(exponent, _MOST_EXPONENT))
    return np.asarray(scaled, np.float16)
