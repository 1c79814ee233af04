"""Small made-up worlds to train on: a few films, and people with one taste each."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.catalogue import build_catalogue
from data_jobs.records import Dataset, Events, Film
from data_jobs.train import TrainedModel, TrainParams, train
from data_jobs.train.gram import Design
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.history import EventKind

Row = tuple[int, int, EventKind, float, int]


def events_of(rows: Sequence[Row], people: int) -> Events:
    """Return events of (person, film, kind, value, time) rows, in the given order."""
    user, film, kind, value, ts_ms = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    return Events(
        tuple(f"p{number}" for number in range(people)),
        np.array(user, np.int32),
        np.array(film, np.int32),
        np.array(kind, np.uint8),
        np.array(value, np.float32),
        np.array(ts_ms, np.int64),
    )


def ratings(*rows: tuple[int, int, float]) -> list[Row]:
    """Return (person, film, stars) as rating events, a millisecond apart."""
    return [(person, film, EventKind.RATING, stars, at) for at, (person, film, stars) in enumerate(rows)]


def two_camps(people: int = 80, films: int = 60, seed: int = 5) -> Dataset:
    """Even people like westerns (even films), odd people musicals (odd films); one film in ten the other way.

    The last film of each camp has no ratings. Events are in a random order in time.
    """
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for person in range(people):
        own_camp = rng.permutation(np.arange(person % 2, films - 2, 2))[:12]
        other_camp = rng.permutation(np.arange(1 - person % 2, films - 2, 2))[:4]
        liked = [(int(film), float(rng.choice([4.0, 4.5, 5.0]))) for film in own_camp]
        seen = [(int(film), float(rng.choice([1.0, 2.0, 3.0]))) for film in other_camp]
        shuffled = [(liked + seen)[at] for at in rng.permutation(len(own_camp) + len(other_camp))]
        rows += [(person, film, EventKind.RATING, stars, at) for at, (film, stars) in enumerate(shuffled)]
    return Dataset(camp_films(films), events_of(rows, people), ("camps",))


def camp_films(films: int) -> tuple[Film, ...]:
    """Westerns of the fifties in even rows, musicals of the nineties in odd ones."""
    camps = (("Western", 1950, "Ford"), ("Musical", 1990, "Donen"))
    return tuple(
        Film(f"f{row}", f"Film {row}", year, (genre,), (director,), vote_count=films - row)
        for row, (genre, year, director) in ((row, camps[row % 2]) for row in range(films))
    )


def trained(dataset: Dataset, params: TrainParams | None = None, embeddings: Embeddings | None = None) -> TrainedModel:
    """Train on a data set, films in its order."""
    return train(dataset, build_catalogue(dataset.films, dataset.events), params, embeddings)


def random_design(rng: np.random.Generator, rows: int, films: int, density: float = 0.3) -> sp.csr_matrix:
    """Return a sparse float32 matrix with positive entries."""
    dense = rng.random((rows, films)) * (rng.random((rows, films)) < density)
    return sp.csr_matrix(dense.astype(np.float32))


def equations_of(rows: sp.csr_matrix) -> Design:
    """Return the equations of a matrix A of any values."""
    return Design(sp.csr_matrix((0, rows.shape[1]), dtype=np.int64), 0.0, rows)


def by_definition(design: sp.csr_matrix, ridge: float, dropout: float) -> NDArray[np.float64]:
    """Return B by its definition in the papers, in float64."""
    gram = (design.T @ design).toarray().astype(np.float64)
    inverse = np.linalg.inv(gram + np.diag(ridge + dropout / (1 - dropout) * np.diag(gram)))
    weights: NDArray[np.float64] = -inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(weights, 0)
    return weights
