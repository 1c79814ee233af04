"""Random tables in the shape of trained ones: a request reads as many entries of them."""

import numpy as np
from numpy.typing import NDArray

from data_jobs.train import TrainedModel, TrainParams
from data_jobs.train.popularity import acclaim, popularity
from data_jobs.train.truncate import row_width
from services.recommender.domain.tables import CollaborativeTables, ItemTable

SEED = 13
# Films outside the tables borrow mostly from few films: positions are a power of a uniform number.
_HUBS = 2.0
_MOST_SHARED = 40


def made_up_model(likes: NDArray[np.int64], votes: NDArray[np.int32], params: TrainParams) -> TrainedModel:
    """Return a model for films in descending order of ``likes`` int64[films], with ``votes`` int32[films]."""
    rng = np.random.default_rng(SEED)
    films, inside = len(likes), min(len(likes), params.max_films)
    main, short = (_table(rng, inside, row_width(inside, params.table_bytes)) for _ in range(2))
    outside = np.arange(inside, films, dtype=np.int32)
    position = np.full(films, -1, np.int32)
    position[:inside] = np.arange(inside)
    shape = (params.neighbours, len(outside))
    tables = CollaborativeTables(
        rows=np.arange(inside, dtype=np.int32),
        position=position,
        main=main,
        short=short,
        outside=outside,
        neighbours=(inside * rng.random(shape) ** _HUBS).astype(np.uint16),
        neighbour_weights=rng.uniform(0.05, 0.15, shape).astype(np.float32),
        events=np.minimum(likes, np.iinfo(np.int32).max).astype(np.int32),
        shared=rng.integers(0, _MOST_SHARED, main.columns.shape).astype(np.uint8),
    )
    popular = popularity(likes, votes)
    praised = acclaim(votes.astype(np.float64), np.full(films, 6.5))
    return TrainedModel(tables, popular, praised, "made-up", params, {"films": films, "films_in_tables": inside})


def _table(rng: np.random.Generator, films: int, width: int) -> ItemTable:
    """Return a table whose rows have distinct columns, with a few large values among many small ones."""
    # A row wraps around the table at most once, so its columns are distinct.
    steps = rng.integers(1, max(2, films // width), (films, width))
    columns = (np.cumsum(steps, axis=1) + rng.integers(0, films, (films, 1))) % films
    values = rng.standard_normal((films, width)).astype(np.float32) * np.float32(0.01)
    values += rng.exponential(0.02, (films, width)).astype(np.float32)
    return ItemTable(columns.astype(np.uint16), values.astype(np.float16))
