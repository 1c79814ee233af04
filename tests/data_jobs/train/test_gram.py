"""People and tags stacked into the matrix of the equations."""

import numpy as np
import pytest
import scipy.sparse as sp

from data_jobs.records import Film
from data_jobs.train.gram import column_squares, design
from data_jobs.train.tags import tag_matrix, tags_of

NO_TAGS = sp.csr_matrix((0, 3), dtype=np.float32)
NO_TAGS_OF_40 = sp.csr_matrix((0, 40), dtype=np.float32)


def people(*rows: list[float]) -> sp.csr_matrix:
    return sp.csr_matrix(np.array(rows, np.float32))


def test_rows_are_weighted_by_length_and_the_mean_weight_is_one() -> None:
    matrix = design(people([1, 1, 1], [1, 0, 0]), NO_TAGS, row_exponent=-0.5, tag_weight=1).matrix()
    weights = np.array([3**-0.5, 1.0])
    weights /= weights.mean()
    assert np.allclose(matrix.toarray()[:, 0] ** 2, weights)
    assert weights.mean() == pytest.approx(1)


def test_people_without_films_have_no_row() -> None:
    assert design(people([0, 0, 0], [1, 0.3, 0]), NO_TAGS, -0.25, 15).matrix().toarray() == pytest.approx(
        np.array([[1, 0.3, 0]]), abs=1e-5
    )


def test_tags_are_added_with_their_weight_in_the_gram_matrix() -> None:
    tags = people([0.5, 0.5, 0])
    matrix = design(people([1, 0, 1]), tags, 0.0, 10).matrix().toarray()
    expected = np.outer([1, 0, 1], [1, 0, 1]) + 10 * np.outer([0.5, 0.5, 0], [0.5, 0.5, 0])
    assert np.allclose(matrix.T @ matrix, expected)
    assert design(people([1, 0, 1]), tags, 0.0, 0).matrix().shape == (1, 3)


def test_no_people_and_no_tags_make_an_empty_matrix() -> None:
    assert design(people([0, 0, 0]), NO_TAGS, -0.25, 15).matrix().shape == (0, 3)


def test_sums_of_people_are_exact_in_any_order() -> None:
    rng = np.random.default_rng(7)
    crowd = sp.csr_matrix(rng.choice(np.array([0, 0, 0.1, 0.3, 1, 1.15, 1.3], np.float32), (500, 40)))
    for exponent in (-0.25, 0.5):
        forward, backward = (design(rows, NO_TAGS_OF_40, exponent, 15) for rows in (crowd, crowd[::-1]))
        halves = [forward.people[:123], forward.people[123:]]
        assert sum((half.T @ half).toarray() for half in halves).tolist() == (
            (backward.people.T @ backward.people).toarray().tolist()
        )
        assert np.triu(forward.gram().square).tobytes() == np.triu(backward.gram().square).tobytes()
        dense = forward.matrix().toarray().astype(np.float64)
        assert np.allclose(np.triu(forward.gram().square), np.triu(dense.T @ dense), rtol=1e-6)


def test_column_squares_are_the_diagonal_of_the_gram_matrix() -> None:
    matrix = people([1, 2, 0], [3, 0, 0])
    assert column_squares(matrix).tolist() == [10, 4, 0]


FILM = Film("1", "Heat", 1995, ("Crime",), ("Michael Mann",), ("Al Pacino",), ("heist", "los angeles"))


def test_tags_of_a_film() -> None:
    assert tags_of(FILM) == [
        ("genre", "Crime"), ("keyword", "heist"), ("keyword", "los angeles"), ("cast", "Al Pacino"),
        ("director", "Michael Mann"), ("half-decade", "1995"),
    ]  # fmt: skip


def test_a_name_in_two_roles_is_two_tags_and_in_one_role_one() -> None:
    assert tags_of(Film("1", "Yentl", directors=("Streisand",), cast=("Streisand", "Streisand"))) == [
        ("cast", "Streisand"),
        ("director", "Streisand"),
    ]


def test_years_become_half_decades_and_an_unknown_year_no_tag() -> None:
    assert [tags_of(Film("1", "x", year)) for year in (1994, 1995, 1999, 2000)] == [
        [("half-decade", "1990")], [("half-decade", "1995")], [("half-decade", "1995")], [("half-decade", "2000")],
    ]  # fmt: skip
    assert tags_of(Film("1", "x")) == []


def test_each_tag_row_has_length_one_and_rare_tags_are_left_out() -> None:
    films = [FILM, Film("2", "Ronin", 1998, ("Crime",)), Film("3", "Fargo", 1996, ("Crime", "Comedy")), None]
    matrix = tag_matrix(films, min_films=3)
    assert matrix.shape == (2, 4)
    assert np.allclose(matrix.toarray(), np.array([[3**-0.5] * 3 + [0]] * 2))
    assert tag_matrix(films, min_films=1).shape == (7, 4)


def test_no_tags() -> None:
    assert tag_matrix([None, Film("1", "x")], min_films=1).shape == (0, 2)
    assert tag_matrix([], min_films=1).shape == (0, 0)
