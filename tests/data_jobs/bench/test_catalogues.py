import json

import numpy as np
import pytest

from data_jobs.bench.catalogues import Filling, fill_catalogue, read_dataset, simulated_events
from data_jobs.records import Film
from data_jobs.report import DataError, Silent
from data_jobs.sample.load import SIMULATED, load_sample
from data_jobs.validate import Source
from tests.movielens_layout import METADATA, write_movielens


def film(item_id: str, tmdb_id: int | None = None, votes: int | None = None) -> Film:
    return Film(item_id, f"Film {item_id}", 2000, ("Drama",), tmdb_id=tmdb_id, vote_count=votes)


BASE = (film("1", 10, 5), film("2", 20, 7))


def metadata_file(folder, count):
    path = folder / "candidates.jsonl"
    genres = ("Drama", "Comedy", "Horror")
    lines = [
        {"tmdb_id": 900_000 + n, "title": f"Filler {n}", "genres": [genres[n % 3]], "year": 1950 + n, "vote_count": n}
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_the_most_voted_films_that_the_base_lacks_are_added():
    candidates = [film("", 10, 99), film("", 31, 1), film("", 32, 8), film("", 33, 3)]
    assert [added.item_id for added in fill_catalogue(BASE, candidates, 4)] == ["1", "2", "tmdb-32", "tmdb-33"]


def test_a_film_keeps_its_id_and_ids_are_unique():
    candidates = [film("1", 40, 9), film("7", 41, 5), film("", 42, 4), film("", None, 100)]
    assert [added.item_id for added in fill_catalogue(BASE, candidates, 4)] == ["1", "2", "7", "tmdb-42"]


def test_a_base_that_is_large_enough_is_unchanged():
    assert fill_catalogue(BASE, [film("", 50, 1)], 1) == BASE


def test_too_few_films_are_an_error_with_the_available_number():
    with pytest.raises(DataError, match=r"10 films requested, but the base has 2 .* ask for at most 3"):
        fill_catalogue(BASE, [film("", 31, 1)], 10)


def test_equal_votes_are_ordered_by_id_so_that_every_run_is_the_same():
    candidates = [film("", 52), film("", 51), film("", 53)]
    assert [added.item_id for added in fill_catalogue(BASE, candidates, 4)] == ["1", "2", "tmdb-51", "tmdb-52"]


def test_the_default_is_the_sample():
    dataset = read_dataset(None, None, Silent())
    assert len(dataset.films) == len(load_sample()[0].films)
    assert SIMULATED in dataset.sources


def test_a_filled_sample_has_simulated_viewers(tmp_path):
    films = len(load_sample()[0].films) + 40
    dataset = read_dataset(None, Filling(films, metadata_file(tmp_path, 50), viewers=20), Silent())
    assert len(dataset.films) == films
    assert len(dataset.events.user_ids) == 20
    assert "candidates.jsonl" in dataset.sources
    assert SIMULATED in dataset.sources
    assert dataset.sources.count(SIMULATED) == 1
    assert len(np.unique([added.item_id for added in dataset.films])) == films


def test_a_filled_movielens_folder_keeps_its_own_events(tmp_path):
    sample, _ = load_sample()
    write_movielens(sample, tmp_path / "ml")
    (tmp_path / "ml" / "tags.csv").unlink()
    source = Source(movielens=tmp_path / "ml", tmdb=tmp_path / "ml" / METADATA)
    dataset = read_dataset(source, Filling(len(sample.films) + 10, metadata_file(tmp_path, 20)), Silent())
    assert len(dataset.films) == len(sample.films) + 10
    assert len(dataset.events) == len(sample.events)
    assert SIMULATED not in dataset.sources


def test_simulated_events_are_on_the_most_voted_films():
    films = [film(str(n), votes=n) for n in range(90)]
    events = simulated_events(films, viewers=15, most=30)
    assert len(events.user_ids) == 15
    assert events.film.min() >= 60
    assert events.film.max() <= 89
    assert events.film.dtype == np.int32
