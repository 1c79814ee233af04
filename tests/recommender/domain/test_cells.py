import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.cells import SEARCHED, Cells


def some_cells(films: int, cells: int, seed: int) -> Cells:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(cells, 6)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return Cells(centres, rng.integers(0, cells, films).astype(np.uint16))


@given(st.integers(1, 200), st.integers(1, 30), st.integers(1, 3), st.integers(0, 20))
def test_places_cover_whole_cells_including_the_nearest_and_enough_films(films, cells, queries, seed):
    made = some_cells(films, cells, seed)
    directions = np.random.default_rng(seed + 1).normal(size=(queries, 6)).astype(np.float32)
    places = made.places(directions)
    assert (np.diff(places) > 0).all()
    selected = set(made.order[places].tolist())
    selected_cells = {int(made.of[film]) for film in selected}
    assert selected == {film for film in range(films) if int(made.of[film]) in selected_cells}
    assert len(selected) > SEARCHED * films or len(selected) == films
    for direction in directions:
        nearness = made.centres @ direction
        nonempty = [cell for cell in np.argsort(-nearness).tolist() if cell in set(made.of.tolist())]
        assert nonempty[0] in selected_cells


@given(st.integers(0, 200), st.integers(1, 30), st.integers(0, 20))
def test_the_order_has_every_film_once_cell_by_cell(films, cells, seed):
    made = some_cells(films, cells, seed)
    assert sorted(made.order.tolist()) == list(range(films))
    assert (np.diff(made.of[made.order].astype(int)) >= 0).all()
