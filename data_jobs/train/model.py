"""Train a model: the steps in order."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.records import Dataset, Film
from data_jobs.report import Progress, Silent
from data_jobs.train.als import PASSES, latent_factors
from data_jobs.train.borrowing import borrowing
from data_jobs.train.counted import Counted, CountedFilms
from data_jobs.train.ease import TrainingError, solver_for
from data_jobs.train.gram import Design, design, weighted
from data_jobs.train.interactions import Interactions, interactions_of
from data_jobs.train.parallel_tables import both_tables
from data_jobs.train.params import TrainParams
from data_jobs.train.popularity import acclaim, popularity
from data_jobs.train.svd import Svd, factorise
from data_jobs.train.tags import tag_matrix
from data_jobs.train.tune import Split, Trial, choose, later_likes, moment_of, newest_likes
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


@dataclass(frozen=True, slots=True, eq=False)
class _Material:
    """Films in catalogue order and all interactions; with ``counted``, only those of the sample that chooses lambda."""

    films: list[Film | None]
    interactions: Interactions
    user_ids: Sequence[str]
    params: TrainParams
    counted: CountedFilms | None

    @property
    def likes(self) -> NDArray[np.int64]:
        """Return how many people like each film, int64[films]."""
        return self.interactions.likes() if self.counted is None else self.counted.likes

    def rows(self, matrix: str, votes: NDArray[np.int32], count: int) -> NDArray[np.int32]:
        """Return the ``count`` most liked rows, ascending. If people were counted elsewhere, all films of the matrix
        are among them, even if they are more.
        """
        if self.counted is None:
            return most_liked(self.likes, votes, count)
        chosen = self.counted.chosen(matrix)
        likes = self.likes.copy()
        likes[chosen[chosen >= 0]] = np.iinfo(np.int64).max
        return most_liked(likes, votes, max(count, int((chosen >= 0).sum())))

    def tags(self, rows: NDArray[np.int32]) -> sp.csr_matrix:
        """Return the tags of some catalogue rows, float32[tags, rows]."""
        return tag_matrix([self.films[row] for row in rows.tolist()], self.params.min_tag_films)

    def equations(self, rows: NDArray[np.int32]) -> Design | Counted:
        """Return the equations of the tables over some catalogue rows."""
        exponent, weight, tags = self.params.row_exponent, self.params.tag_weight, self.tags(rows)
        if self.counted is None:
            return design(self.interactions.on(rows).matrix(), tags, exponent, weight)
        return self.counted.equations("table", rows, weighted(tags, weight), exponent)

    def tuning_splits(self, rows: NDArray[np.int32]) -> list[tuple[Split, Design | Counted]]:
        """Return the splits on which lambda is chosen, each with the equations of its training part; none if there are
        too few people.
        """
        likes, counted = self.interactions.on(rows), self.counted
        moment_ms = moment_of(self.interactions.ts_ms) if counted is None else counted.moment_ms
        exponent, weight, tags = self.params.row_exponent, self.params.tag_weight, self.tags(rows)

        def equations(split: Split, matrix: str) -> Design | Counted:
            if counted is None:
                return design(split.training.matrix(), tags, exponent, weight)
            return counted.equations(matrix, rows, weighted(tags, weight), exponent)

        splits: list[tuple[Split, Design | Counted]] = []
        newest = newest_likes(likes, self.user_ids)
        if newest is not None:
            every = equations(newest, "tuning")
            splits.append((newest, every if isinstance(every, Design) else every.less(likes, newest.training)))
        later = later_likes(likes, self.user_ids, moment_ms)
        if later is not None:
            splits.append((later, equations(later, "past")))
        return splits

    def events(self) -> NDArray[np.int32]:
        """Return how many people have an event with each film, int32[films]."""
        counts = np.bincount(self.interactions.film, minlength=len(self.films))
        return (counts if self.counted is None else self.counted.events).astype(np.int32)

    def shared(self, rows: NDArray[np.int32], columns: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Return the number of people who like both films of each entry of a table over some rows."""
        if self.counted is None:
            return self.interactions.take(self.interactions.liked).on(rows).shared_likes(columns)
        return self.counted.equations("table", rows, self.tags(rows)[:0], self.params.row_exponent).shared_likes(
            columns
        )

    def people(self) -> sp.csr_matrix | None:
        """Return the people of A over the whole catalogue, without tags; None if there are no likes, or if people were
        counted elsewhere, since the counts do not say who likes a film outside the tables.
        """
        if self.counted is not None:
            return None
        no_tags = sp.csr_matrix((0, len(self.films)))
        people = design(self.interactions.matrix(), no_tags, self.params.row_exponent, 0.0).matrix()
        return people if people.nnz else None


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


def _material(dataset: Dataset, catalogue: Catalogue, params: TrainParams, counted: CountedFilms | None) -> _Material:
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
    return _Material(films, interactions, dataset.events.user_ids, params, counted)


def _factors(
    dataset: Dataset,
    catalogue: Catalogue,
    material: _Material,
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
    material: _Material,
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


def most_liked(likes: NDArray[np.int64], votes: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """Return the rows of the most liked films, ties by votes, then row; ascending int32."""
    order = np.lexsort((np.arange(len(likes)), -votes.astype(np.int64), -likes))
    return np.sort(order[:count]).astype(np.int32)


def _tuned(material: _Material, votes: NDArray[np.int32], progress: Progress) -> tuple[Trial, ...]:
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
    material: _Material, rows: NDArray[np.int32], params: TrainParams, progress: Progress
) -> tuple[ItemTable, ItemTable, str]:
    """Return the main and short-profile tables, and which form was solved."""
    reporters = (_reporter(progress, step, len(rows)) for step in ("main table", "short-profile table"))
    return both_tables(material.equations(rows), params, *reporters)


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
    material: _Material, rows: NDArray[np.int32], main: ItemTable, form: str, trials: tuple[Trial, ...]
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
