"""Made-up data can be read without findings."""

from pathlib import Path

from data_jobs.bench.scale.ratings import FILMS, FULL, PEOPLE, DataSize, write_data
from data_jobs.validate import Source, load


def test_the_full_shape_is_that_of_ml_32m() -> None:
    assert DataSize.of(FULL) == (FULL, PEOPLE, FILMS)
    assert DataSize.of(1_000_000).people < PEOPLE / 30


def test_made_up_data_is_valid_and_has_its_shape(tmp_path: Path) -> None:
    shape = DataSize.of(20_000)
    write_data(shape, tmp_path)
    data, report = load(Source(movielens=tmp_path))
    assert report.ok
    assert len(data.films) == shape.films
    assert len(data.events.user_ids) == shape.people
    assert shape.ratings * 0.4 < len(data.events) <= shape.ratings
