import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain import cells as cells_module
from services.recommender.domain.cells import LEAST_SEARCHED, SEARCHED, Cells
from services.recommender.domain.embeddings import VERY_MANY


def some_cells(films: int, cells: int, seed: int) -> Cells:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(cells, 6)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return Cells(centres, rng.integers(0, cells, films).astype(np.uint16))


@given(st.integers(1, 200), st.integers(1, 30), st.integers(1, 3), st.integers(0, 20), st.integers(0, 90))
def test_places_cover_whole_cells_including_the_nearest_and_enough_films(films, cells, queries, seed, least):
    made = some_cells(films, cells, seed)
    directions = np.random.default_rng(seed + 1).normal(size=(queries, 6)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells_module, "LEAST_SEARCHED", least)
        places = made.places(directions)
    assert (np.diff(places) > 0).all()
    selected = set(made.order[places].tolist())
    selected_cells = {int(made.of[film]) for film in selected}
    assert selected == {film for film in range(films) if int(made.of[film]) in selected_cells}
    assert len(selected) >= max(SEARCHED * films, min(least, films))
    for direction in directions:
        nearness = made.centres @ direction
        nonempty = [cell for cell in np.argsort(-nearness).tolist() if cell in set(made.of.tolist())]
        assert nonempty[0] in selected_cells


@given(st.integers(0, 200), st.integers(1, 30), st.integers(0, 20))
def test_the_order_has_every_film_once_cell_by_cell(films, cells, seed):
    made = some_cells(films, cells, seed)
    assert sorted(made.order.tolist()) == list(range(films))
    assert (np.diff(made.of[made.order].astype(int)) >= 0).all()


def test_as_many_films_are_searched_whatever_the_number_of_films_up_to_a_million():
    assert LEAST_SEARCHED == SEARCHED * 1_000_000
    assert LEAST_SEARCHED < VERY_MANY / 2, "otherwise cells would not pay off"
