import numpy as np

from data_jobs.bench.scale.tables import made_up_model
from data_jobs.train import TrainParams
from services.recommender.domain.tables import CollaborativeTables


def tables(films: int) -> CollaborativeTables:
    likes, votes = np.arange(films, 0, -1), np.arange(films, 0, -1).astype(np.int32)
    return made_up_model(likes, votes, TrainParams(max_films=200, table_bytes=40_000)).collaborative


def test_made_up_tables_have_the_shape_of_trained_ones():
    made_up = tables(500)
    assert made_up.main.columns.shape == made_up.short.values.shape == made_up.shared.shape == (200, 100)
    assert all(len(set(row)) == len(row) for row in made_up.main.columns.tolist())
    assert made_up.main.columns.max() < 200
    assert made_up.neighbours.shape == made_up.neighbour_weights.shape == (4, 300)
    assert made_up.outside.tolist() == list(range(200, 500))
    assert made_up.neighbour_weights.sum(axis=0).max() <= 2 / 3


def test_a_small_catalogue_is_entirely_in_the_tables():
    assert not len(tables(150).outside)
