import dataclasses

import numpy as np
import pytest

from services.adapters.search.name_files import load_names, save_names
from services.recommender.names.names import Names
from tests.builders import make_catalogue

NAMES = Names.of(make_catalogue(12))


def test_names_round_trip(tmp_path):
    save_names(NAMES, tmp_path)
    loaded = load_names(tmp_path)
    assert loaded.beginning(["film", "7"]).names.tolist() == NAMES.beginning(["film", "7"]).names.tolist()
    assert {part: array.dtype for part, array in loaded.arrays().items()} == {
        part: array.dtype for part, array in NAMES.arrays().items()
    }


@pytest.mark.parametrize("part", ["lines", "row_offsets", "starts", "start_names", "key_names", "gram_names", "short"])
@pytest.mark.parametrize("wrong", [-1, 1 << 30])
def test_an_index_out_of_range_is_refused(tmp_path, part, wrong):
    damaged = np.array(getattr(NAMES, part))
    damaged[-1] = wrong
    save_names(dataclasses.replace(NAMES, **{part: damaged}), tmp_path)
    with pytest.raises(ValueError, match=f"names.{part}"):
        load_names(tmp_path)


def test_arrays_of_another_length_are_refused(tmp_path):
    save_names(dataclasses.replace(NAMES, start_names=NAMES.start_names[:-1]), tmp_path)
    with pytest.raises(ValueError, match="start_names"):
        load_names(tmp_path)


class TestPort:
    def test_an_index_has_the_names_of_its_films(self, films_search, films_bundle):
        assert films_search.names.arrays().keys() == NAMES.arrays().keys()
        rows, _ = films_search.names.films_of(films_search.names.keyed(["the", "matrix"]))
        assert [films_bundle.catalogue.titles[row] for row in rows.tolist()] == ["The Matrix"]
