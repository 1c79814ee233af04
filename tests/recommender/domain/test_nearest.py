import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.nearest import NONE, NearestFilms


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 20))
def test_several_films_have_all_their_neighbours_with_the_best_cosine(films, count, seed):
    rng = np.random.default_rng(seed)
    rows = np.array([rng.permutation(8)[:count] for _ in range(films)], np.int32)
    rows[rng.random(rows.shape) < 0.3] = NONE
    cosines = rng.random(rows.shape).astype(np.float16)
    queried = rng.integers(0, films, 3)
    plain: dict[int, float] = {}
    for film in queried:
        for row, cosine in zip(rows[film].tolist(), cosines[film].tolist(), strict=True):
            if row != NONE:
                plain[row] = max(cosine, plain.get(row, -1.0))
    neighbours, best = NearestFilms(rows, cosines).of(queried)
    assert dict(zip(neighbours.tolist(), best.tolist(), strict=True)) == plain
    assert np.all(np.diff(neighbours) > 0)
    assert (neighbours.dtype, best.dtype) == (np.int32, np.float32)


def test_no_film_has_no_neighbours():
    neighbours, best = NearestFilms(np.zeros((3, 2), np.int32), np.zeros((3, 2), np.float16)).of(np.empty(0, np.int32))
    assert (len(neighbours), len(best)) == (0, 0)


@pytest.mark.parametrize(("films", "count"), [(4, 2), (0, 3)])
def test_counts_of_films_and_of_neighbours_per_film(films, count):
    nearest = NearestFilms(np.zeros((films, count), np.int32), np.zeros((films, count), np.float16))
    assert (len(nearest), nearest.each) == (films, count)
