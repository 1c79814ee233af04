"""Count people who like both films of a pair, so that "liked by the same people" is true."""

import numpy as np
from numpy.typing import NDArray

from data_jobs.train.gram import blocks
from data_jobs.train.interactions import Interactions

MOST = 255


def shared_likes(likes: Interactions, columns: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return the number of people who like both the film of a row and that of a column, uint8[T, K] parallel to
    ``columns`` uint16[T, K]; capped at 255. ``likes`` are on the films of the table. One block of rows at a time.
    """
    people = likes.matrix()
    people.data[:] = 1
    out = np.zeros(columns.shape, np.uint8)
    for start, stop in blocks(len(columns)):
        both = (people[:, start:stop].T @ people).toarray()
        counts = np.take_along_axis(both, columns[start:stop].astype(np.intp), axis=1)
        out[start:stop] = np.minimum(counts, MOST).astype(np.uint8)
    return out
