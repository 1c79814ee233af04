"""Compressed ELSA: a shallow autoencoder x A A' - x whose rows of A keep only a few numbers.

A is float32[films, dims] with rows of length 1; the loss is the squared distance of prediction and person, both of
length 1. Sparsity by the lottery ticket: train, keep the largest numbers of each row, go back to the first values of
those kept, train again, with half as many each time. Adam, in numpy.

Sources: V. Vančura et al., "Scalable linear shallow autoencoder for collaborative filtering" (ELSA), RecSys 2022;
"Efficient sparse representations for large-scale recommendation" (compressed ELSA), WWW 2026.
"""

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.evaluate.trials.inner import Dense

EPOCHS, BATCH, RATE = 25, 128, 0.01
_DECAY = (0.9, 0.999)
_EPS = 1e-8


def compressed(people: sp.csr_matrix, dims: int, sizes: tuple[int, ...], seed: int) -> Iterator[tuple[int, Dense]]:
    """Yield (numbers a row, A) for each of ``sizes``, descending; ``people`` float32[people, films]."""
    rng = np.random.default_rng(seed)
    people = people[np.diff(people.indptr) > 0]
    first = rng.normal(0, dims**-0.5, (people.shape[1], dims)).astype(np.float32)
    mask = np.ones_like(first, dtype=bool)
    trained = first
    for size in sizes:
        if size < dims:
            least = np.partition(np.abs(trained), dims - size, axis=1)[:, dims - size, None]
            mask = np.abs(trained) >= least
        trained = _trained(people, first * mask, mask, rng)
        yield size, _unit(trained)


def _trained(people: sp.csr_matrix, free: Dense, mask: NDArray[np.bool_], rng: np.random.Generator) -> Dense:
    means, squares, step = np.zeros_like(free), np.zeros_like(free), 0
    for _ in range(EPOCHS):
        order = rng.permutation(people.shape[0])
        for start in range(0, len(order), BATCH):
            step += 1
            slope = _slope(people[order[start : start + BATCH]].toarray(), free) * mask
            means += (1 - _DECAY[0]) * (slope - means)
            squares += (1 - _DECAY[1]) * (slope**2 - squares)
            rate = RATE * np.sqrt(1 - _DECAY[1] ** step) / (1 - _DECAY[0] ** step)
            free = np.asarray(free - rate * means / (np.sqrt(squares) + _EPS), np.float32)
    return free


def _slope(batch: Dense, free: Dense) -> Dense:
    """Return the gradient of the mean loss of a batch, float32[films, dims]."""
    length = np.maximum(np.linalg.norm(free, axis=1, keepdims=True), _EPS)
    unit = free / length
    codes = batch @ unit
    found = np.maximum(codes @ unit.T - batch, 0)
    norm = np.maximum(np.linalg.norm(found, axis=1, keepdims=True), _EPS)
    wanted = batch / np.maximum(np.linalg.norm(batch, axis=1, keepdims=True), _EPS)
    direction = found / norm
    off = 2 * (direction - wanted) / len(batch)
    inner = (off - direction * (off * direction).sum(axis=1, keepdims=True)) / norm * (found > 0)
    slope = inner.T @ codes + batch.T @ (inner @ unit)
    return np.asarray((slope - unit * (slope * unit).sum(axis=1, keepdims=True)) / length, np.float32)


def _unit(free: Dense) -> Dense:
    return np.asarray(free / np.maximum(np.linalg.norm(free, axis=1, keepdims=True), _EPS), np.float32)
