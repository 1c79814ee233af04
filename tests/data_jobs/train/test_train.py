"""The whole training on small made-up worlds."""

from dataclasses import replace

import numpy as np
import pytest

from data_jobs.catalogue import build_catalogue
from data_jobs.records import Dataset, Events, Film
from data_jobs.train import TrainedModel, TrainingError, TrainParams, train
from data_jobs.train.material import most_liked
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.tables import ItemTable
from tests.data_jobs.train.worlds import events_of, trained, two_camps

GIVEN = TrainParams(ridge=20.0)


def scores(model: TrainedModel, film: int, table: str = "main") -> np.ndarray:
    """Return the scores that a like of one film gives all films, by catalogue row."""
    item_table: ItemTable = getattr(model.collaborative, table)
    position = model.collaborative.position[[film]]
    return model.collaborative.spread(item_table.scores(position, np.ones(1, np.float32)))


def array_bytes(model: TrainedModel) -> list[bytes]:
    tables = model.collaborative
    arrays = [tables.main.columns, tables.main.values, tables.short.columns, tables.short.values, model.popularity]
    return [array.tobytes() for array in (*arrays, tables.neighbours, tables.neighbour_weights)]


@pytest.mark.parametrize("table", ["main", "short"])
def test_two_tastes_are_separated(table: str) -> None:
    model = trained(two_camps(), GIVEN)
    for film in (0, 1, 10, 31):
        result = scores(model, film, table)
        same, opposite = np.arange(film % 2, 60, 2), np.arange(1 - film % 2, 60, 2)
        assert result[same[same != film]].mean() > result[opposite].mean() + 0.05 * result.max()
        assert result[film] == 0


def test_unrated_films_get_scores_from_their_tags_alone() -> None:
    westerns, musicals = 58, 59
    with_tags, without = (trained(two_camps(), replace(GIVEN, tag_weight=weight)) for weight in (15.0, 0.0))
    assert scores(with_tags, 0)[westerns] > 0
    assert scores(with_tags, 0)[westerns] > scores(with_tags, 0)[musicals]
    assert scores(without, 0)[westerns] == 0


def test_shapes_and_types_are_those_of_the_bundle() -> None:
    model = trained(two_camps(), replace(GIVEN, max_films=50))
    tables = model.collaborative
    assert (tables.rows.dtype, tables.position.dtype, tables.outside.dtype) == (np.int32, np.int32, np.int32)
    for table in (tables.main, tables.short):
        assert (table.columns.dtype, table.columns.shape) == (np.uint16, (50, 49))
        assert (table.values.dtype, table.values.shape) == (np.float16, (50, 49))
    assert (tables.neighbours.dtype, tables.neighbours.shape) == (np.uint16, (4, 10))
    assert (tables.neighbour_weights.dtype, tables.neighbour_weights.shape) == (np.float32, (4, 10))
    assert (model.popularity.dtype, model.popularity.shape) == (np.float32, (60,))
    assert np.array_equal(tables.position[tables.rows], np.arange(50))
    assert np.array_equal(np.sort(np.concatenate([tables.rows, tables.outside])), np.arange(60))
    assert (np.diff(tables.outside) > 0).all()


def test_the_most_liked_are_in_the_tables_and_the_others_borrow_from_their_camp() -> None:
    model = trained(two_camps(), replace(GIVEN, max_films=50))
    assert {58, 59} <= set(model.collaborative.outside.tolist())
    likes = model.popularity
    assert likes[model.collaborative.rows].min() >= likes[model.collaborative.outside].max()
    assert scores(model, int(model.collaborative.rows[0]))[58] != 0
    borrowed = model.collaborative.rows[model.collaborative.neighbours[:, model.collaborative.outside == 58]]
    assert (borrowed % 2 == 0).all()


def test_a_film_outside_borrows_by_its_people_unless_only_traits_are_compared() -> None:
    dataset, few = two_camps(), replace(GIVEN, max_films=40)
    outside = trained(dataset, few).collaborative.outside.tolist()
    bare = tuple(
        Film(film.item_id, film.title, vote_count=film.vote_count) if at in outside else film
        for at, film in enumerate(dataset.films)
    )
    by_people, by_traits = (
        trained(replace(dataset, films=bare), replace(few, neighbours_by_people=chosen)).collaborative
        for chosen in (True, False)
    )
    watched = by_people.events[by_people.outside] > 0
    neighbours = by_people.rows[by_people.neighbours[0, watched]]
    assert (neighbours % 2 == by_people.outside[watched] % 2).mean() > 0.8
    assert (by_people.neighbour_weights[0, watched] > 0).all()
    assert (by_traits.neighbour_weights[0] > 0).mean() < 0.2


def test_without_likes_the_tables_hold_the_best_known_films() -> None:
    few = replace(GIVEN, max_films_unliked=40)
    untouched = replace(two_camps(), events=events_of([], 0))
    model = trained(untouched, few)
    assert model.collaborative.rows.tolist() == list(range(40))  # votes fall with the row
    assert len(model.collaborative.outside) == 20
    assert scores(model, 0)[58] > scores(model, 0)[59]
    assert len(trained(two_camps(), few).collaborative.rows) == 60


def test_without_likes_and_votes_every_film_is_in_the_tables() -> None:
    films = tuple(replace(film, vote_count=None if row else 9) for row, film in enumerate(two_camps().films))
    untouched = replace(two_camps(), films=films, events=events_of([], 0))
    assert len(trained(untouched, replace(GIVEN, max_films_unliked=40)).collaborative.rows) == 60


def test_vectors_place_films_outside_that_have_no_traits() -> None:
    bare = two_camps()
    dataset = replace(bare, films=tuple(Film(film.item_id, film.title) for film in bare.films))
    # Film i points to angle i.
    angles = np.radians(np.arange(60))
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    model = trained(dataset, replace(GIVEN, max_films=58), Embeddings.quantise(vectors, "plane"))
    outside = model.collaborative.outside.tolist()
    for film, neighbours in zip(outside, model.collaborative.neighbours.T, strict=True):
        assert abs(model.collaborative.rows[neighbours] - film).max() <= 6


def test_same_data_same_bytes_and_same_version() -> None:
    first, second = (trained(two_camps(), replace(GIVEN, max_films=50)) for _ in range(2))
    assert array_bytes(first) == array_bytes(second)
    assert first.model_version == second.model_version
    assert first.figures == second.figures


def test_the_version_depends_on_data_and_parameters() -> None:
    versions = {
        trained(two_camps(), GIVEN).model_version,
        trained(two_camps(seed=6), GIVEN).model_version,
        trained(two_camps(), replace(GIVEN, dropout=0.6)).model_version,
    }
    assert len(versions) == 3
    assert all(len(version) == 13 and version.startswith("ease-") for version in versions)


def test_lambda_is_chosen_and_reported() -> None:
    model = trained(two_camps(), TrainParams(ridge_grid=(2.0, 50.0, 5_000.0)))
    trials = model.figures["trials"]
    assert len(trials) == 3
    assert model.params.ridge == trials[0]["ridge"]
    worth = [sum(trial["recall"]) + sum(trial["ndcg"]) for trial in trials]
    assert worth[0] == max(worth)


def test_a_given_lambda_is_used_and_none_is_tried() -> None:
    model = trained(two_camps(), GIVEN)
    assert model.params == GIVEN
    assert model.figures["trials"] == []


def test_too_few_people_take_the_documented_default() -> None:
    model = trained(two_camps(people=40))
    assert model.params.ridge == TrainParams().ridge_untuned


def test_figures_count_what_was_trained_on() -> None:
    figures = trained(two_camps(), GIVEN).figures
    assert figures["people"] == 80
    assert figures["interactions"] == 80 * 16
    assert figures["likes"] == 80 * 12
    assert (figures["films"], figures["films_in_tables"], figures["row_width"]) == (60, 60, 59)


def test_a_catalogue_in_another_order_means_the_same_films() -> None:
    dataset = two_camps()
    backwards = build_catalogue(dataset.films[::-1], Events.empty())
    straight, turned = trained(dataset, GIVEN), train(dataset, backwards, GIVEN)
    assert np.allclose(scores(straight, 0), scores(turned, 59)[::-1], atol=1e-3 * scores(straight, 0).max())
    assert np.allclose(straight.popularity, turned.popularity[::-1], atol=1e-3)


def test_a_film_of_the_catalogue_alone_has_no_scores() -> None:
    dataset = two_camps()
    catalogue = build_catalogue((*dataset.films, Film("new", "New")), dataset.events)
    model = train(dataset, catalogue, GIVEN)
    assert scores(model, 0)[60] == 0
    assert model.popularity[60] == 0


def test_a_film_that_the_catalogue_lacks_is_named_in_the_error() -> None:
    dataset = two_camps()
    with pytest.raises(TrainingError, match="'f59' is not in the catalogue"):
        train(dataset, build_catalogue(dataset.films[:59], Events.empty()), GIVEN)


def test_an_empty_catalogue_is_an_error() -> None:
    with pytest.raises(TrainingError, match="no film"):
        trained(Dataset((), Events.empty(), ()))


@pytest.mark.parametrize("films", [1, 2, 3])
def test_a_catalogue_without_people(films: int) -> None:
    dataset = Dataset(tuple(Film(f"f{row}", "x", vote_count=row) for row in range(films)), Events.empty(), ())
    model = trained(dataset)
    assert not model.collaborative.main.values.any()
    assert model.collaborative.main.columns.shape == (films, max(1, films - 1))
    assert np.isfinite(model.popularity).all()


def test_people_who_like_nothing() -> None:
    dataset = two_camps(people=2)
    silent = events_of([], 2)
    model = trained(replace(dataset, events=silent), GIVEN)
    assert scores(model, 0)[2] > 0  # both are westerns


def test_ties_in_likes_are_ordered_by_votes_then_row() -> None:
    likes, votes = np.array([1, 2, 1, 1], np.int64), np.array([5, 0, 9, 5], np.int32)
    assert most_liked(likes, votes, 2).tolist() == [1, 2]
    assert most_liked(likes, votes, 3).tolist() == [0, 1, 2]
    assert most_liked(likes, votes, 9).tolist() == [0, 1, 2, 3]


class Watcher:
    """Records the progress of every step."""

    def __init__(self) -> None:
        self.steps: dict[str, list[tuple[int, int | None]]] = {}

    def advance(self, step: str, done: int, total: int | None) -> None:
        self.steps.setdefault(step, []).append((done, total))


def test_every_step_is_reported_from_0_to_its_end() -> None:
    dataset, watcher = two_camps(), Watcher()
    train(dataset, build_catalogue(dataset.films, dataset.events), progress=watcher)
    steps = ["choosing lambda", "main table", "short-profile table", "SVD and latent factors"]
    assert list(watcher.steps) == steps
    for reports in watcher.steps.values():
        assert reports[0][0] == 0
        assert reports[-1][0] == reports[-1][1]
        assert reports == sorted(reports)


def test_a_film_without_likes_has_the_latent_factors_of_similar_films() -> None:
    latent = trained(two_camps()).latent
    assert latent is not None
    western, musical = latent[-2].astype(float), latent[-1].astype(float)
    products = latent[:-2].astype(float) @ np.stack([western, musical]).T
    assert products[::2, 0].mean() > 2 * products[1::2, 0].mean()
    assert products[1::2, 1].mean() > 2 * products[::2, 1].mean()
