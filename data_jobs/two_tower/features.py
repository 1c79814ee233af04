"""Features of a film for its tower, apart from its id: genres, half-decades, reduced tags, tag genome, text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.records import Film
from data_jobs.train.svd import truncated_svd
from data_jobs.train.tags import tag_matrix
from data_jobs.two_tower.genome import Genome

Dense = NDArray[np.float32]

# There are thousands of keywords, actors and directors; the first singular directions hold most of the information.
TAG_DIMS = 128
MIN_TAG_FILMS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """``values`` float32[films, features], columns of mean 0 and comparable spread; ``names``: of the columns."""

    names: tuple[str, ...]
    values: Dense


def features_of(films: Sequence[Film], genome: Genome | None = None, vectors: Dense | None = None) -> Features:
    """Return the features of films in the order given. ``vectors`` float32[films, dims]: of their texts."""
    blocks = [_genres(films), _half_decades(films), _tags(films)]
    if genome is not None:
        blocks.append(([f"genome {name}" for name in genome.tags], genome.of([film.item_id for film in films])))
    if vectors is not None:
        blocks.append(([f"text {at}" for at in range(vectors.shape[1])], vectors.astype(np.float32)))
    names = [name for block, _ in blocks for name in block]
    return Features(tuple(names), np.concatenate([_normalised(values) for _, values in blocks], axis=1))


def _normalised(values: Dense) -> Dense:
    """Return a block with columns of mean 0 and rows of mean square length 1, so that a block's influence does not
    depend on its width.
    """
    values = values - values.mean(axis=0)
    length = float(np.sqrt((values**2).sum(axis=1).mean())) if values.size else 0.0
    return np.asarray(values / length if length > 0 else values, np.float32)


def _one_hot(films: Sequence[Film], names: list[str], has: list[set[str]]) -> Dense:
    values = np.zeros((len(films), len(names)), np.float32)
    for row, row_names in enumerate(has):
        values[row, [names.index(name) for name in row_names]] = 1
    return values


def _genres(films: Sequence[Film]) -> tuple[list[str], Dense]:
    has = [set(film.genres) for film in films]
    names = sorted(set().union(*has))
    return [f"genre {name}" for name in names], _one_hot(films, names, has)


def _half_decades(films: Sequence[Film]) -> tuple[list[str], Dense]:
    has = [set() if film.year is None else {str(film.year // 5 * 5)} for film in films]
    names = sorted(set().union(*has))
    return [f"years from {name}" for name in names], _one_hot(films, names, has)


def _tags(films: Sequence[Film]) -> tuple[list[str], Dense]:
    """Return the films' coordinates in the first singular directions of tags x films, scaled as the tags are."""
    matrix = tag_matrix(films, MIN_TAG_FILMS)
    if not matrix.nnz:
        return [], np.zeros((len(films), 0), np.float32)
    vectors, values = truncated_svd(matrix.astype(np.float64), TAG_DIMS)
    return [f"tags {at}" for at in range(len(values))], np.asarray(vectors * values, np.float32)
