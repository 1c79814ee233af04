"""Train a model: the steps in order."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_jobs.records import Dataset, Film
from data_jobs.report import Progress, Silent
from data_jobs.train.als import PASSES, latent_factors
from data_jobs.train.borrowing import borrowing
from data_jobs.train.counted import CountedFilms
from data_jobs.train.ease import TrainingError, solver_for
from data_jobs.train.interactions import interactions_of
from data_jobs.train.material import Material
from data_jobs.train.parallel_tables import both_tables
from data_jobs.train.params import TrainParams
from data_jobs.train.popularity import acclaim, popularity
from data_jobs.train.svd import Svd, factorise
from data_jobs.train.tune import Trial, choose
from services.recommender.domain.catalogue import Catalogue, Traits
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.factors import ItemFactors
from services.recommender.domain.tables import CollaborativeTables, ItemTable

# Films on which lambda is chosen: the others have few likes, and with them the grid would cost as much as the tables.
TUNING_FILMS = 3_000


@dataclass(frozen=True, slots=True, eq=False)
class TrainedModel:
    """A trained model. ``popularity`` and ``acclaim`` float32[films]. ``model_version`` names the content: "ease-" and
    eight hex digits. ``params``: those given, with the lambda used; ``figures``: counts, and the result of each
    lambda. ``svd``: of the ratings; None if ratings or ``svd_k`` allow none. ``latent``: factors of the tables' films;
    None without likes.
    """

    collaborative: CollaborativeTables
    popularity: NDArray[np.float32]
    acclaim: NDArray[np.float32]
    model_version: str
    params: TrainParams
    figures: Mapping[str, Any]
    svd: Svd | None = None
    latent: NDArray[np.float16] | None = None

    @property
    def factors(self) -> ItemFactors | None:
        """Return what a bundle keeps of the SVD."""
        return None if self.svd is None else ItemFactors.of(self.svd.scaled(self.params.svd_scaling))


def train(
    dataset: Dataset,
    catalogue: Catalogue,
    params: TrainParams | None = None,
    embeddings: Embeddings | None = None,
    progress: Progress | None = None,
    counted: CountedFilms | None = None,
) -> TrainedModel:
    """Train tables, popularity and their version. Embeddings (by catalogue row) place films outside the tables that
    have no traits. ``counted``: people counted elsewhere; the events are then those of their sample.

    Raises TrainingError for an empty catalogue, a film of the data set that is not in the catalogue, and equations
    without a solution.
    """
    params, progress = params or TrainParams(), progress or Silent()
    material = _material(dataset, catalogue, params, counted)
    likes = material.likes
    rows = material.rows("table", catalogue.votes, _table_size(likes, catalogue.votes, params))
    trials = _tuned(material, catalogue.votes, progress)
    params = replace(params, ridge=params.ridge or (trials[0].ridge if trials else params.ridge_untuned))
    main, short, form = _tables(material, rows, params, progress)
    collaborative = _collaborative(material, rows, (main, short), catalogue.traits, embeddings)
    popular = popularity(likes, catalogue.votes)
    praised = acclaim(*_votes(material.films))
    svd, latent = None, None
    if counted is None:
        svd, latent = _factors(dataset, catalogue, material, rows, embeddings, progress)
    served: list[NDArray[np.floating]] = [
        popular,
        praised,
        *([] if svd is None else [svd.factors, svd.singular_values]),
    ]
    served += [] if latent is None else [latent]
    figures = _figures(material, rows, main, form, trials) | {"svd_k": 0 if svd is None else len(svd.singular_values)}
    version = _version(params, collaborative, served)
    return TrainedModel(collaborative, popular, praised, version, params, figures, svd, latent)


def _material(dataset: Dataset, catalogue: Catalogue, params: TrainParams, counted: CountedFilms | None) -> Material:
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
    return Material(films, interactions, dataset.events.user_ids, params, counted)


def _factors(
    dataset: Dataset,
    catalogue: Catalogue,
    material: Material,
    rows: NDArray[np.int32],
    embeddings: Embeddings | None,
    progress: Progress,
) -> tuple[Svd | None, NDArray[np.float16] | None]:
    """Return the SVD and the latent factors, made at the same time: the SVD's sparse products release the interpreter
    lock.
    """
    params, done = material.params, _reporter(progress, "SVD and latent factors", PASSES + 1)
    film_rows = catalogue.rows_of(film.item_id for film in dataset.films)
    with ThreadPoolExecutor(1) as pool:
        svd = pool.submit(factorise, dataset.events, film_rows, len(catalogue), params.svd_k, params.svd_centred)
        latent = _latent(material, rows, catalogue.traits, embeddings, done)
        result = svd.result()
    done(PASSES + 1)
    return result, latent


def _latent(
    material: Material,
    rows: NDArray[np.int32],
    traits: Traits,
    embeddings: Embeddings | None,
    on_pass: Callable[[int], None],
) -> NDArray[np.float16] | None:
    """Return the latent factors. A film without likes has those of similar films: with zeros it would fall
    behind all others by what they gain.
    """
    params = material.params
    latent = latent_factors(material.interactions.on(rows).matrix(), params, on_pass)
    if latent is not None:
        has_factors = latent.any(axis=1)
        lenders, borrowers = rows[has_factors], rows[~has_factors]
        similar = borrowing(traits, embeddings, lenders, borrowers, params.neighbours, params.neighbour_damping)
        weights = similar.weights.astype(np.float32)[:, :, None]
        latent[~has_factors] = (weights * latent[has_factors][similar.neighbours]).sum(axis=1)
    return latent


def _table_size(likes: NDArray[np.int64], votes: NDArray[np.int32], params: TrainParams) -> int:
    """Return the number of films in the tables. Without likes it is limited, since a build takes cubic time for films
    that have only tags; but without votes no film is better known than another, so there is no such limit.
    """
    voted = int(np.count_nonzero(votes))
    if likes.any() or voted < params.max_films_unliked:
        return params.max_films
    return min(params.max_films, params.max_films_unliked)


def _tuned(material: Material, votes: NDArray[np.int32], progress: Progress) -> tuple[Trial, ...]:
    """Return the results of each lambda, best first; empty if lambda is given or there are too few people."""
    params = material.params
    if params.ridge is not None:
        return ()
    rows = material.rows("tuning", votes, min(TUNING_FILMS, params.max_films))
    splits = material.tuning_splits(rows)
    if not splits:
        return ()
    done = _reporter(progress, "choosing lambda", len(params.ridge_grid))
    solvers = [(split, solver_for(equations)) for split, equations in splits]
    trials = choose(solvers, params.ridge_grid, params.dropout, done, params.ridge_untuned)
    done(len(params.ridge_grid))
    return trials


def _tables(
    material: Material, rows: NDArray[np.int32], params: TrainParams, progress: Progress
) -> tuple[ItemTable, ItemTable, str]:
    """Return the main and short-profile tables, and which form was solved."""
    reporters = (_reporter(progress, step, len(rows)) for step in ("main table", "short-profile table"))
    return both_tables(material.equations(rows), params, *reporters)


def _reporter(progress: Progress, step: str, total: int) -> Callable[[int], None]:
    progress.advance(step, 0, total)
    return lambda done: progress.advance(step, done, total)


def _collaborative(
    material: Material,
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
    people = material.people() if params.neighbours_by_people and len(outside) else None
    borrowed = borrowing(traits, embeddings, rows, outside, params.neighbours, params.neighbour_damping, people)
    neighbours = np.ascontiguousarray(borrowed.neighbours.T)
    weights = np.ascontiguousarray(borrowed.weights.T, np.float32)
    shared = material.shared(rows, tables[0].columns)
    return CollaborativeTables(rows, position, *tables, outside, neighbours, weights, material.events(), shared)


def _votes(films: list[Film | None]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return vote counts and averages (0 to 10, NaN if missing), float64[films] each, from the catalogue's source."""
    counts = [film.vote_count or 0 if film is not None else 0 for film in films]
    averages = [film.vote_average if film is not None and film.vote_average else np.nan for film in films]
    return np.array(counts, np.float64), np.array(averages, np.float64)


def _figures(
    material: Material, rows: NDArray[np.int32], main: ItemTable, form: str, trials: tuple[Trial, ...]
) -> dict[str, Any]:
    people = material.interactions.people if material.counted is None else material.counted.log.about["people"]
    return {
        "films": len(material.films),
        "films_in_tables": len(rows),
        "people": people,
        "interactions": int(material.events().sum()),
        "likes": int(material.likes.sum()),
        "row_width": main.columns.shape[1],
        "form": form,
        "trials": [{"ridge": t.ridge, "recall": _rounded(t.recall), "ndcg": _rounded(t.ndcg)} for t in trials],
    }


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 5) for value in values]


def _version(params: TrainParams, tables: CollaborativeTables, served: Sequence[NDArray[np.floating]]) -> str:
    """Return the name of the content: parameters and every array that is served."""
    digest = hashlib.sha256(json.dumps(params.to_json(), sort_keys=True).encode())
    arrays: list[NDArray[Any]] = [tables.rows, tables.outside, tables.neighbours, tables.neighbour_weights]
    arrays += [tables.events, tables.shared, *served]
    for table in (tables.main, tables.short):
        arrays += [table.columns, table.values]
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return f"ease-{digest.hexdigest()[:8]}"
