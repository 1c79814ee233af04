"""The nearest films of the best known films by their texts, computed once per build.

Most films that people name are among the best known: their neighbours are looked up instead of searched for, which is
exact and takes no time that grows with the catalogue.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import counted

# Marks the end of a row that has fewer films.
NONE = -1


@dataclass(frozen=True, slots=True, eq=False)
class NearestFilms:
    """Neighbours of the films 0 ... n-1: ``rows`` int32[n, k], nearest first, the film itself included, ``NONE`` where
    there are no more; ``cosines`` float16[n, k]. The row of a film without a vector has none.
    """

    rows: NDArray[np.int32]
    cosines: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def each(self) -> int:
        """Number of neighbours per film; lists up to this length are exact."""
        return int(self.rows.shape[1])

    def of(self, films: NDArray[np.integer]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return all neighbours of some films, ascending and distinct, and their best cosines: int32[m], float32[m].

        The best ``each`` of them are the best of the whole catalogue: a film among the best by its largest cosine is
        also among the neighbours of the film with which it has that cosine.
        """
        rows, cosines = self.rows[films].ravel(), self.cosines[films].ravel().astype(np.float32)
        present = rows != NONE
        rows, cosines = rows[present], cosines[present]
        best_last = np.lexsort((cosines, rows))
        neighbours, times = counted(rows)
        return neighbours, cosines[best_last][np.cumsum(times) - 1]
