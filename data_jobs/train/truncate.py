"""Rows of a full item-item matrix cut to their K largest entries, which is what gets served."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from data_jobs.train.ease import Inverse
from data_jobs.train.gram import blocks
from services.recommender.domain.tables import ItemTable

MIN_WIDTH = 100
_ENTRY_BYTES = 4
_TABLES = 2
_LARGEST = float(np.finfo(np.float16).max)


def row_width(films: int, table_bytes: int) -> int:
    """Entries a row keeps so that both tables fit ``table_bytes``: at least 100, at most all other films."""
    fitting = table_bytes // (_ENTRY_BYTES * _TABLES * max(films, 1))
    return max(1, min(films - 1, max(MIN_WIDTH, fitting)))


def truncated(inverse: Inverse, films: int, width: int, done: Callable[[int], None]) -> ItemTable:
    """The table of a solution, a block of rows at a time; ``done`` is told how many rows are through."""
    columns = np.empty((films, width), np.uint16)
    values = np.empty((films, width), np.float16)
    for start, stop in blocks(films):
        columns[start:stop], values[start:stop] = largest(inverse.rows(start, stop), width)
        done(stop)
    return ItemTable(columns, values)


def largest(rows: NDArray[np.float32], width: int) -> tuple[NDArray[np.uint16], NDArray[np.float16]]:
    """Columns uint16[b, width] (ascending) and values float16[b, width] of the entries largest by absolute value.

    Negatives count as much as positives: that two films exclude each other is knowledge, too. What float16
    can't hold is capped at 65,504.
    """
    if width < rows.shape[1]:
        columns = np.argpartition(np.abs(rows), rows.shape[1] - width, axis=1)[:, -width:]
        columns.sort(axis=1)
    else:
        columns = np.broadcast_to(np.arange(rows.shape[1]), rows.shape)
    values = np.clip(np.take_along_axis(rows, columns, axis=1), -_LARGEST, _LARGEST)
    return columns.astype(np.uint16), values.astype(np.float16)
