"""Writing documents: film ids, compact JSON and finite, rounded scores."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.documents import affinity, dump, rounded
from services.recommender.domain.arrays import Strings
from services.recommender.domain.request import RankedItem
from tests.builders import make_catalogue

CATALOGUE = make_catalogue(3)


def test_a_movie_id_is_a_number_if_the_film_has_one_else_its_id():
    catalogue = replace(
        CATALOGUE,
        item_ids=Strings.of(["6", "tt0113277", "tt0114709"]),
        tmdb_ids=np.array([949, 862, 0], np.int32),
    )
    lines = [affinity(catalogue, RankedItem(row=row, score=0.5)) for row in range(3)]
    assert [line["movie_id"] for line in lines] == [6, 862, "tt0114709"]


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)


@given(st.recursive(LEAVES, lambda of: st.lists(of) | st.dictionaries(TEXT, of)))
def test_a_written_document_is_compact_utf_8_and_reads_back_the_same(document):
    written = dump(document)
    assert json.loads(written) == document
    assert json.dumps(json.loads(written)) == json.dumps(document)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan"), np.float32("inf")])
def test_a_score_that_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="is not finite, so a response cannot contain it"):
        rounded(value)


@pytest.mark.parametrize("value", [0.123449, np.float32(0.123449), np.float64(0.123449)])
def test_a_score_has_four_digits_and_can_be_written(value):
    assert dump([rounded(value)]) == b"[0.1234]"
