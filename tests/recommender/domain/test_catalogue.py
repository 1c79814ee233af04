import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.arrays import Strings
from services.recommender.domain.catalogue import LANGUAGE_NAMES, hash_id, hash_ids, language_name
from services.recommender.query.words.language_words import LANGUAGES
from tests.builders import make_catalogue
from tests.recommender.handmade import Film, catalogue_of

CATALOGUE = make_catalogue(50)
STORED = [235274156595, 746205806738, 925931470076, 438472631330]


@given(st.lists(st.integers(-5, 60)))
def test_every_id_has_its_row_and_unknown_ids_have_none(numbers):
    rows = CATALOGUE.rows_of(f"f{number}" for number in numbers)
    assert rows.tolist() == [number if 0 <= number < 50 else -1 for number in numbers]
    assert rows.dtype == np.int32


def test_films_are_found_by_hash():
    hashes = hash_ids(["f3", "nobody", "f49"])
    assert CATALOGUE.rows_of_hashes(hashes).tolist() == [3, -1, 49]
    assert CATALOGUE.rows_of_hashes(np.array([0, 2**64 - 1], np.uint64)).tolist() == [-1, -1]
    assert CATALOGUE.rows_of_hashes(np.empty(0, np.uint64)).tolist() == []


@pytest.mark.parametrize("item_id", ["", "F3", "f3 ", "\ud800", "f" * 10_000])
def test_ids_that_only_look_similar_are_unknown(item_id):
    assert CATALOGUE.rows_of([item_id]).tolist() == [-1]


def test_an_id_whose_hash_belongs_to_another_id_is_unknown():
    ids = list(CATALOGUE.item_ids)
    renamed = replace(CATALOGUE, item_ids=Strings.of(["renamed", *ids[1:]]))
    assert renamed.rows_of(["f0"]).tolist() == [-1]


def test_tmdb_ids():
    catalogue = replace(CATALOGUE, tmdb_ids=np.array([0, 7, 7, *range(100, 147)], np.int32))
    assert catalogue.rows_of_tmdb([7, 100, 8]).tolist() == [1, 3, -1]
    assert catalogue.rows_of_tmdb([0, -1, 2**31, 2**70]).tolist() == [-1, -1, -1, -1]
    assert catalogue.rows_of_tmdb([]).dtype == np.int32


def test_an_empty_catalogue_has_no_film():
    empty = replace(
        CATALOGUE,
        hashes=np.empty(0, np.uint64),
        hash_rows=np.empty(0, np.int32),
        other_ids=Strings.of([]),
        other_hashes=np.empty(0, np.uint64),
        other_rows=np.empty(0, np.int32),
        years=np.empty(0, np.int16),
        item_ids=Strings.of([]),
    )
    assert len(empty) == 0
    assert empty.rows_of(["f0"]).tolist() == [-1]


def test_traits_of_a_film():
    traits = CATALOGUE.traits
    assert [traits.names[trait] for trait in traits.of(4)] == ["Science Fiction", "Bo Kubrick", "heist"]


class TestSeries:
    # Rows 0, 3 and 5 are one series, 1 and 4 another, 2 and 6 belong to none.
    CATALOGUE = catalogue_of(
        [Film(series=0, part=1), Film(series=7, part=1), Film(), Film(series=0, part=2), Film(series=7, part=2),
         Film(series=0, part=3), Film()]
    )  # fmt: skip

    def films(self, *rows: int) -> list[int]:
        mask = self.CATALOGUE.of_same_series(np.array(rows, np.int32))
        assert mask.dtype == bool
        assert len(mask) == 7
        return np.flatnonzero(mask).tolist()

    def test_of_a_film_are_all_parts_including_itself(self):
        assert self.films(3) == [0, 3, 5]

    def test_of_films_of_two_series_are_those_of_both(self):
        assert self.films(4, 0, 2) == [0, 1, 3, 4, 5]

    def test_films_without_a_series_share_none(self):
        assert self.films(2) == []
        assert self.films(2, 6) == []

    def test_of_no_films_are_none(self):
        assert self.films() == []

    def test_of_a_catalogue_without_series_are_none(self):
        assert not CATALOGUE.of_same_series(np.array([1, 2], np.int32)).any()

    @given(st.lists(st.integers(-1, 4), min_size=1, max_size=12), st.data())
    def test_are_those_that_share_a_number(self, numbers, data):
        catalogue = catalogue_of([Film(series=number) for number in numbers])
        rows = data.draw(st.lists(st.integers(0, len(numbers) - 1), max_size=5))
        followed = {numbers[row] for row in rows} - {-1}
        mask = catalogue.of_same_series(np.array(rows, np.int32))
        assert mask.tolist() == [number in followed for number in numbers]
        some = np.array(data.draw(st.lists(st.integers(0, len(numbers) - 1), max_size=5)), np.int32)
        assert catalogue.of_same_series(np.array(rows, np.int32), some).tolist() == mask[some].tolist()


class TestOtherIds:
    """A film that its source also lists under a second id."""

    HASHES = hash_ids(["x9", "x4"])
    ORDER = np.argsort(HASHES)
    CATALOGUE = replace(
        CATALOGUE,
        other_ids=Strings.of([["x9", "x4"][at] for at in ORDER.tolist()]),
        other_hashes=HASHES[ORDER],
        other_rows=np.array([9, 4], np.int32)[ORDER],
    )

    def test_both_ids_lead_to_it(self):
        assert self.CATALOGUE.rows_of(["x4", "f4", "x9", "f9", "x1"]).tolist() == [4, 4, 9, 9, -1]

    def test_both_hashes_lead_to_it(self):
        assert self.CATALOGUE.rows_of_hashes(hash_ids(["x9", "f9", "nobody"])).tolist() == [9, 9, -1]

    def test_each_row_keeps_the_hash_of_its_own_id(self):
        assert self.CATALOGUE.film_hashes().tolist() == CATALOGUE.film_hashes().tolist()

    def test_a_second_id_whose_hash_belongs_to_another_id_is_unknown(self):
        renamed = replace(self.CATALOGUE, other_ids=Strings.of(["renamed", "renamed too"]))
        assert renamed.rows_of(["x4", "x9", "f9"]).tolist() == [-1, -1, 9]


@given(st.text(max_size=300))
def test_a_hash_is_the_first_40_bits_of_blake2b(item_id: str) -> None:
    whole = hashlib.blake2b(item_id.encode(), digest_size=5).hexdigest()
    assert hash_id(item_id) == int(whole, 16)
    assert 0 <= hash_id(item_id) < 2**40


@given(st.lists(st.text(max_size=300)))
def test_hashes_of_many_are_the_hashes_of_each(item_ids: list[str]) -> None:
    hashes = hash_ids(item_ids)
    assert hashes.dtype == np.uint64
    assert hashes.tolist() == [hash_id(item_id) for item_id in item_ids]


def test_hashes_never_change() -> None:
    # They are stored: another value here would orphan every profile.
    assert [hash_id(item_id) for item_id in ("1", "603", "tt0113277", "Amélie")] == STORED


def test_a_lone_surrogate_has_a_hash_too() -> None:
    assert hash_id("\ud800") == hash_id("?")


@pytest.mark.parametrize(("code", "name"), [("es", "Spanish"), ("cn", "Cantonese"), ("gd", "Scottish Gaelic")])
def test_a_code_has_its_name(code, name):
    assert language_name(code) == name


def test_a_code_that_is_not_known_stands_for_itself():
    assert language_name("xx") == "xx"


def test_every_language_that_a_query_can_ask_for_has_a_name():
    assert {code for _, codes in LANGUAGES.values() for code in codes} <= set(LANGUAGE_NAMES)
