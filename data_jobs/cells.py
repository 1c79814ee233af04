"""Group the films of a very large catalogue into cells by spherical k-means on a sample.

I. S. Dhillon and D. S. Modha, "Concept decompositions for large sparse text data using clustering", Machine Learning
42, 2001.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data_jobs.report import Progress
from services.recommender.domain.cells import Cells
from services.recommender.domain.embeddings import VERY_MANY, Embeddings

_SEED = 17
# Sample films per cell, rounds of k-means, and films compared at once (20 MB of products).
_SAMPLE, _ROUNDS, _BLOCK = 40, 6, 5_000

Floats = NDArray[np.float32]


def with_cells(embeddings: Embeddings, progress: Progress) -> Embeddings:
    """Return the vectors with sqrt(films) cells; unchanged if there are too few films for cells to pay off. A million
    films take about 15 s on one core.
    """
    films = len(embeddings.scales)
    if films < VERY_MANY:
        return embeddings
    rng = np.random.default_rng(_SEED)
    count = round(films**0.5)
    sample = np.sort(rng.choice(films, min(films, _SAMPLE * count), replace=False))
    centres = _centres(embeddings.directions(sample), count, rng)
    cell_of = np.empty(films, np.uint16)
    for block in _blocks(films):
        cell_of[block] = _nearest(embeddings.directions(block), centres)
        progress.advance("grouping the films", int(block[-1]) + 1, films)
    return replace(embeddings, cells=Cells(centres, cell_of))


def _centres(sample: Floats, count: int, rng: np.random.Generator) -> Floats:
    centres = sample[rng.choice(len(sample), count, replace=False)]
    for _ in range(_ROUNDS):
        assigned = np.concatenate([_nearest(sample[block], centres) for block in _blocks(len(sample))])
        order = np.argsort(assigned, kind="stable")
        cells, starts = np.unique(assigned[order], return_index=True)
        # A cell that lost all its films starts again from a random one.
        centres = sample[rng.choice(len(sample), count, replace=False)]
        sums = np.add.reduceat(sample[order], starts, axis=0)
        centres[cells] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return centres


def _nearest(directions: Floats, centres: Floats) -> NDArray[np.intp]:
    return np.asarray((directions @ centres.T).argmax(axis=1))


def _blocks(count: int) -> Iterator[NDArray[np.intp]]:
    for start in range(0, count, _BLOCK):
        yield np.arange(start, min(start + _BLOCK, count))
