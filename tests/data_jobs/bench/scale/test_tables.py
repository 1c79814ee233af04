import numpy as np

from data_jobs.bench.scale.tables import made_up_model
from data_jobs.train import TrainParams
from services.recommender.domain.tables import CollaborativeTables


def tables(films: int) -> CollaborativeTables:
    likes, votes = np.arange(films, 0, -1), np.arange(films, 0, -1).astype(np.int32)
    return made_up_model(likes, votes, TrainParams(max_films=200, table_bytes=40_000)).collaborative


def test_made_up_tables_have_the_shape_of_trained_ones():
    made = tables(500)
    assert made.main.columns.shape == made.short.values.shape == made.shared.shape == (200, 100)
    assert all(len(set(row)) == len(row) for row in made.main.columns.tolist())
    assert made.main.columns.max() < 200
    assert made.neighbours.shape == made.neighbour_weights.shape == (4, 300)
    assert made.outside.tolist() == list(range(200, 500))
    assert made.neighbour_weights.sum(axis=0).max() <= 2 / 3


def test_a_small_catalogue_is_in_the_tables_as_a_whole():
    assert not len(tables(150).outside)
