import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.arrays import Strings
from services.recommender.domain.catalogue import Catalogue, hash_ids, imdb_id, imdb_number, rows_by
from tests.builders import make_catalogue
from tests.recommender.handmade import catalogue_of

CATALOGUE = make_catalogue(50)


def with_ids(tmdb: list[int], imdb: list[int]) -> Catalogue:
    ids = np.array(tmdb, np.int32), np.array(imdb, np.int32)
    return dataclasses.replace(
        make_catalogue(len(tmdb)),
        tmdb_ids=ids[0],
        tmdb_rows=rows_by(ids[0]),
        imdb_ids=ids[1],
        imdb_rows=rows_by(ids[1]),
    )


@pytest.mark.parametrize(
    ("item_id", "row"),
    [("f3", 3), ("tmdb:1003", 3), ("tmdb:001003", 3), ("tt0002003", 3), ("imdb:tt0002003", 3), ("tt2003", 3),
     ("tmdb:999", -1), ("tt0000000", -1), ("tmdb:", -1), ("imdb:2003", -1), ("1003", -1), ("tmdb:" + "9" * 30, -1),
     ("tmdb:-1003", -1), ("tmdb:\u0661003", -1), ("TMDB:1003", -1), ("tmdb:9999999999", -1)],
)  # fmt: skip
def test_a_film_is_found_by_every_kind_of_id(item_id, row):
    assert CATALOGUE.rows_of([item_id]).tolist() == [row]


def test_ids_of_different_kinds_keep_their_order():
    assert CATALOGUE.rows_of(["tt0002001", "f9", "nope", "tmdb:1005", "f1"]).tolist() == [1, 9, -1, 5, 1]


def test_a_catalogues_own_id_wins_over_an_imdb_id_of_the_same_form():
    ids = ["f0", "f1", "tt0002000"]
    hashes = hash_ids(ids)
    order = np.argsort(hashes)
    taken = dataclasses.replace(
        make_catalogue(3), item_ids=Strings.of(ids), hashes=hashes[order], hash_rows=order.astype(np.int32)
    )
    assert taken.rows_of(["tt0002000", "imdb:tt0002000"]).tolist() == [2, 0]


def test_of_two_films_with_one_id_the_first_is_found():
    catalogue = with_ids([7, 0, 7, 5], [0, 9, 9, 0])
    assert catalogue.rows_of_tmdb([7, 5, 0, 6]).tolist() == [0, 3, -1, -1]
    assert catalogue.rows_of_imdb([9, 0, 8]).tolist() == [1, -1, -1]
    assert catalogue.rows_of(["tmdb:7", "tt0000009"]).tolist() == [0, 1]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=20), st.lists(st.integers(-5, 2**33), max_size=20))
def test_the_index_finds_the_same_as_a_scan(ids, queried):
    catalogue = with_ids(ids, [0] * len(ids))
    plain = [ids.index(number) if number > 0 and number in ids else -1 for number in queried]
    assert catalogue.rows_of_tmdb(queried).tolist() == plain


def test_an_empty_catalogue_finds_nothing():
    assert catalogue_of([]).rows_of_tmdb([1, 2]).tolist() == [-1, -1]
    assert catalogue_of([]).rows_of(["tt0000001"]).tolist() == [-1]


def test_imdb_ids_are_stored_as_numbers():
    assert [imdb_number(text) for text in ("tt0113277", "tt10872600", "nm1", "", None, "tt")] == [
        113277,
        10872600,
        0,
        0,
        0,
        0,
    ]
    assert [imdb_id(number) for number in (113277, 10872600, 0)] == ["tt0113277", "tt10872600", None]
