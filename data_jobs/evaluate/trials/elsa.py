"""Compressed ELSA: a shallow autoencoder x A A' - x whose rows of A keep only a few numbers.

A is float32[films, dims] with rows of length 1; the loss is the squared distance of prediction and person, both of
length 1. Sparsity by the lottery ticket: train, keep the largest numbers of each row, reset these to their initial
values, and train again, with fewer each time. Adam, in numpy.

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
    """Yield (numbers per row, A) for each of ``sizes``, descending; ``people`` float32[people, films]."""
    rng = np.random.default_rng(seed)
    people = people[np.diff(people.indptr) > 0]
    initial = rng.normal(0, dims**-0.5, (people.shape[1], dims)).astype(np.float32)
    mask = np.ones_like(initial, dtype=bool)
    trained = initial
    for size in sizes:
        if size < dims:
            threshold = np.partition(np.abs(trained), dims - size, axis=1)[:, dims - size, None]
            mask = np.abs(trained) >= threshold
        trained = _trained(people, initial * mask, mask, rng)
        yield size, _unit(trained)


def _trained(people: sp.csr_matrix, weights: Dense, mask: NDArray[np.bool_], rng: np.random.Generator) -> Dense:
    means, squares, step = np.zeros_like(weights), np.zeros_like(weights), 0
    for _ in range(EPOCHS):
        order = rng.permutation(people.shape[0])
        for start in range(0, len(order), BATCH):
            step += 1
            gradient = _gradient(people[order[start : start + BATCH]].toarray(), weights) * mask
            means += (1 - _DECAY[0]) * (gradient - means)
            squares += (1 - _DECAY[1]) * (gradient**2 - squares)
            rate = RATE * np.sqrt(1 - _DECAY[1] ** step) / (1 - _DECAY[0] ** step)
            weights = np.asarray(weights - rate * means / (np.sqrt(squares) + _EPS), np.float32)
    return weights


def _gradient(batch: Dense, weights: Dense) -> Dense:
    """Return the gradient of the mean loss of a batch, float32[films, dims]."""
    length = np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), _EPS)
    unit = weights / length
    codes = batch @ unit
    predicted = np.maximum(codes @ unit.T - batch, 0)
    norm = np.maximum(np.linalg.norm(predicted, axis=1, keepdims=True), _EPS)
    target = batch / np.maximum(np.linalg.norm(batch, axis=1, keepdims=True), _EPS)
    direction = predicted / norm
    error = 2 * (direction - target) / len(batch)
    inner = (error - direction * (error * direction).sum(axis=1, keepdims=True)) / norm * (predicted > 0)
    gradient = inner.T @ codes + batch.T @ (inner @ unit)
    return np.asarray((gradient - unit * (gradient * unit).sum(axis=1, keepdims=True)) / length, np.float32)


def _unit(weights: Dense) -> Dense:
    return np.asarray(weights / np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), _EPS), np.float32)
