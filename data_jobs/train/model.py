"""The steps of the training in order."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.records import Dataset, Film
from data_jobs.report import Progress, Silent
from data_jobs.train.ease import TrainingError, solver_for
from data_jobs.train.gram import design
from data_jobs.train.interactions import Interactions, interactions_of
from data_jobs.train.outside import borrowing
from data_jobs.train.params import TrainParams
from data_jobs.train.popularity import acclaim, popularity
from data_jobs.train.shared import shared_likes
from data_jobs.train.svd import Svd, factorise
from data_jobs.train.tags import tag_matrix
from data_jobs.train.together import both_tables
from data_jobs.train.tune import Trial, choose, newest_likes
from services.recommender.domain.catalogue import Catalogue, Traits
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.factors import ItemFactors
from services.recommender.domain.tables import CollaborativeTables, ItemTable

# Films for choosing lambda: likes of the others are few, and the grid would cost as much as the tables.
TUNING_FILMS = 3_000


@dataclass(frozen=True, slots=True, eq=False)
class TrainedModel:
    """``popularity`` and ``acclaim`` float32[films]. ``model_version`` names the content: "ease-" and eight hex digits.
    ``params``: those given with the lambda used; ``figures``: counts, and the results of each lambda. ``svd``: of the
    ratings; None if ratings or ``svd_k`` allow none.
    """

    collaborative: CollaborativeTables
    popularity: NDArray[np.float32]
    acclaim: NDArray[np.float32]
    model_version: str
    params: TrainParams
    figures: Mapping[str, Any]
    svd: Svd | None = None

    @property
    def factors(self) -> ItemFactors | None:
        """Return what a bundle keeps of the SVD."""
        return None if self.svd is None else ItemFactors.of(self.svd.scaled(self.params.svd_scaling))


@dataclass(frozen=True, slots=True, eq=False)
class _Material:
    """Films in catalogue order and all their interactions."""

    films: list[Film | None]
    interactions: Interactions
    params: TrainParams

    def design(self, rows: NDArray[np.int32], interactions: Interactions) -> sp.csr_matrix:
        """Return the matrix A over some catalogue rows; ``interactions`` are already on those rows."""
        tags = tag_matrix([self.films[row] for row in rows.tolist()], self.params.min_tag_films)
        return design(interactions.matrix(), tags, self.params.row_exponent, self.params.tag_weight)


def train(
    dataset: Dataset,
    catalogue: Catalogue,
    params: TrainParams | None = None,
    embeddings: Embeddings | None = None,
    progress: Progress | None = None,
) -> TrainedModel:
    """Train tables, popularity and their version. Embeddings (by catalogue row) place films outside the tables that
    have no traits.

    Raises TrainingError for an empty catalogue, a film of the data set that is not in the catalogue, and equations
    without a solution.
    """
    params, progress = params or TrainParams(), progress or Silent()
    material = _material(dataset, catalogue, params)
    likes = material.interactions.likes()
    rows = most_liked(likes, catalogue.votes, _table_size(likes, catalogue.votes, params))
    trials = _tuned(material, likes, catalogue.votes, progress)
    params = replace(params, ridge=params.ridge or (trials[0].ridge if trials else params.ridge_untuned))
    main, short, form = _tables(material, rows, params, progress)
    collaborative = _collaborative(material, rows, (main, short), catalogue.traits, embeddings)
    popular = popularity(likes, catalogue.votes)
    praised = acclaim(*_votes(material.films))
    svd = _svd(dataset, catalogue, params, progress)
    svd_arrays = () if svd is None else (svd.factors, svd.singular_values)
    figures = _figures(material, rows, main, form, trials) | {"svd_k": 0 if svd is None else len(svd.singular_values)}
    version = _version(params, collaborative, (popular, praised, *svd_arrays))
    return TrainedModel(collaborative, popular, praised, version, params, figures, svd)


def _material(dataset: Dataset, catalogue: Catalogue, params: TrainParams) -> _Material:
    if not len(catalogue):
        raise TrainingError("the catalogue has no films: nothing can be trained")
    rows = catalogue.rows_of(film.item_id for film in dataset.films)
    if (rows < 0).any():
        missing = dataset.films[int(np.argmax(rows < 0))].item_id
        raise TrainingError(
            f"film {missing!r} is not in the catalogue; make the catalogue from the same data set, or change the "
            "id if its hash of 40 bits is another film's"
        )
    films: list[Film | None] = [None] * len(catalogue)
    for row, film in zip(rows.tolist(), dataset.films, strict=True):
        films[row] = film
    interactions = interactions_of(dataset.events, rows, len(catalogue), params.graded)
    return _Material(films, interactions, params)


def _svd(dataset: Dataset, catalogue: Catalogue, params: TrainParams, progress: Progress) -> Svd | None:
    done = _reporter(progress, "truncated SVD", 1)
    rows = catalogue.rows_of(film.item_id for film in dataset.films)
    svd = factorise(dataset.events, rows, len(catalogue), params.svd_k, params.svd_centred)
    done(1)
    return svd


def _table_size(likes: NDArray[np.int64], votes: NDArray[np.int32], params: TrainParams) -> int:
    """Return the number of films in the tables. Without likes, the time of a build would be cubic in the films that
    have only tags; but without votes no film is better known than another, so all are used.
    """
    voted = int(np.count_nonzero(votes))
    if likes.any() or voted < params.max_films_unliked:
        return params.max_films
    return min(params.max_films, params.max_films_unliked)


def most_liked(likes: NDArray[np.int64], votes: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """Return the rows of the most liked films, ties by votes, then row; ascending int32."""
    order = np.lexsort((np.arange(len(likes)), -votes.astype(np.int64), -likes))
    return np.sort(order[:count]).astype(np.int32)


def _tuned(
    material: _Material, likes: NDArray[np.int64], votes: NDArray[np.int32], progress: Progress
) -> tuple[Trial, ...]:
    """Return the results of each lambda, best first; empty if lambda is given or there are too few people."""
    params = material.params
    if params.ridge is not None:
        return ()
    rows = most_liked(likes, votes, min(TUNING_FILMS, params.max_films))
    split = newest_likes(material.interactions.on(rows))
    if split is None:
        return ()
    done = _reporter(progress, "choosing lambda", len(params.ridge_grid))
    solver = solver_for(material.design(rows, split.training))
    trials = choose(split, solver, params.ridge_grid, params.dropout, done, params.ridge_untuned)
    done(len(params.ridge_grid))
    return trials


def _tables(
    material: _Material, rows: NDArray[np.int32], params: TrainParams, progress: Progress
) -> tuple[ItemTable, ItemTable, str]:
    """Return main and short table, and which form was solved."""
    design = material.design(rows, material.interactions.on(rows))
    reporters = (_reporter(progress, step, len(rows)) for step in ("main table", "short-profile table"))
    return both_tables(design, params, *reporters)


def _reporter(progress: Progress, step: str, total: int) -> Callable[[int], None]:
    progress.advance(step, 0, total)
    return lambda done: progress.advance(step, done, total)


def _collaborative(
    material: _Material,
    rows: NDArray[np.int32],
    tables: tuple[ItemTable, ItemTable],
    traits: Traits,
    embeddings: Embeddings | None,
) -> CollaborativeTables:
    films = len(material.films)
    position = np.full(films, -1, np.int32)
    position[rows] = np.arange(len(rows), dtype=np.int32)
    outside = np.flatnonzero(position < 0).astype(np.int32)
    params = material.params
    borrowed = borrowing(traits, embeddings, rows, outside, params.neighbours, params.neighbour_damping)
    neighbours = np.ascontiguousarray(borrowed.neighbours.T)
    weights = np.ascontiguousarray(borrowed.weights.T, np.float32)
    people = material.interactions
    events = np.bincount(people.film, minlength=films).astype(np.int32)
    shared = shared_likes(people.take(people.liked).on(rows), tables[0].columns)
    return CollaborativeTables(rows, position, *tables, outside, neighbours, weights, events, shared)


def _votes(films: list[Film | None]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return vote counts and averages (0 to 10, NaN if missing), float64[films] each, from the catalogue's source."""
    counts = [film.vote_count or 0 if film is not None else 0 for film in films]
    averages = [film.vote_average if film is not None and film.vote_average else np.nan for film in films]
    return np.array(counts, np.float64), np.array(averages, np.float64)


def _figures(
    material: _Material, rows: NDArray[np.int32], main: ItemTable, form: str, trials: tuple[Trial, ...]
) -> dict[str, Any]:
    interactions = material.interactions
    return {
        "films": len(material.films),
        "films_in_tables": len(rows),
        "people": interactions.people,
        "interactions": len(interactions),
        "likes": int(interactions.liked.sum()),
        "row_width": main.columns.shape[1],
        "form": form,
        "trials": [{"ridge": t.ridge, "recall": round(t.recall, 5), "ndcg": round(t.ndcg, 5)} for t in trials],
    }


def _version(params: TrainParams, tables: CollaborativeTables, priors: tuple[NDArray[np.float32], ...]) -> str:
    """Return the name of the content: parameters and every array that is served."""
    digest = hashlib.sha256(json.dumps(params.to_json(), sort_keys=True).encode())
    arrays: list[NDArray[Any]] = [tables.rows, tables.outside, tables.neighbours, tables.neighbour_weights]
    arrays += [tables.events, tables.shared, *priors]
    for table in (tables.main, tables.short):
        arrays += [table.columns, table.values]
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return f"ease-{digest.hexdigest()[:8]}"
