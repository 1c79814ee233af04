import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.nearest import NONE, NearestFilms


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 20))
def test_of_several_films_all_neighbours_with_their_best_cosine(films, each, seed):
    rng = np.random.default_rng(seed)
    rows = np.array([rng.permutation(8)[:each] for _ in range(films)], np.int32)
    rows[rng.random(rows.shape) < 0.3] = NONE
    cosines = rng.random(rows.shape).astype(np.float16)
    asked = rng.integers(0, films, 3)
    plain: dict[int, float] = {}
    for film in asked:
        for row, cosine in zip(rows[film].tolist(), cosines[film].tolist(), strict=True):
            if row != NONE:
                plain[row] = max(cosine, plain.get(row, -1.0))
    found, best = NearestFilms(rows, cosines).of(asked)
    assert dict(zip(found.tolist(), best.tolist(), strict=True)) == plain
    assert np.all(np.diff(found) > 0)
    assert (found.dtype, best.dtype) == (np.int32, np.float32)


def test_of_no_film_nothing():
    found, best = NearestFilms(np.zeros((3, 2), np.int32), np.zeros((3, 2), np.float16)).of(np.empty(0, np.int32))
    assert (len(found), len(best)) == (0, 0)


@pytest.mark.parametrize(("films", "each"), [(4, 2), (0, 3)])
def test_how_many_films_have_how_many(films, each):
    nearest = NearestFilms(np.zeros((films, each), np.int32), np.zeros((films, each), np.float16))
    assert (len(nearest), nearest.each) == (films, each)
