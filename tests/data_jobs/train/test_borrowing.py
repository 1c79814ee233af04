"""Films outside the tables and the films they borrow from."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data_jobs.catalogue import build_catalogue
from data_jobs.records import Events, Film
from data_jobs.train.borrowing import PEOPLE_DAMPING, Borrowing, borrowing, nearest
from services.recommender.domain.catalogue import Traits
from services.recommender.domain.embeddings import Embeddings

INSIDE, OUTSIDE = np.array([0, 1, 2, 3], np.int32), np.array([4, 5, 6], np.int32)


def traits(*keywords: str) -> Traits:
    """Return the traits of films, each given by its keywords, separated by spaces."""
    films = [Film(f"f{row}", "x", keywords=tuple(words.split())) for row, words in enumerate(keywords)]
    return build_catalogue(films, Events.empty()).traits


NONE = traits(*[""] * 7)
HEISTS = traits("rare heist", "heist", "heist", "heist dog", "rare", "heist dog", "unique")


def vectors(*angles: float | None) -> Embeddings:
    """Return unit vectors in the plane at these angles in degrees; None is a film without a vector."""
    rows = [(0.0, 0.0) if at is None else (np.cos(np.radians(at)), np.sin(np.radians(at))) for at in angles]
    return Embeddings.quantise(np.array(rows, np.float32), "plane")


def borrowed(traits: Traits, embeddings: Embeddings | None = None, damping: float = 2.0, count: int = 2) -> Borrowing:
    return borrowing(traits, embeddings, INSIDE, OUTSIDE, count, damping)


def test_by_shared_traits_best_first_and_damped() -> None:
    result = borrowed(HEISTS)
    assert result.neighbours[0, 0] == 0
    assert result.weights[0, 1] == 0  # only one table film shares anything with it
    assert result.neighbours[1, 0] == 3
    assert result.weights[1, 0] == result.weights[1].max() > 0
    cosine = 1.0
    assert float(result.weights[1, 0]) < cosine / (cosine + 2)


def test_a_film_that_shares_nothing_borrows_nothing() -> None:
    assert not borrowed(HEISTS).weights[2].any()
    assert not borrowed(NONE).weights.any()


def test_a_film_without_traits_is_compared_by_vector_and_damped_twice_as_much() -> None:
    result = borrowed(NONE, vectors(0, 30, 60, 90, 5, 88, None))
    assert result.neighbours[:2].tolist() == [[0, 1], [3, 2]]
    cosines = np.cos(np.radians([5, 25]))
    assert result.weights[0] == pytest.approx(cosines / (cosines.sum() + 4), abs=0.005)
    assert not result.weights[2].any()


def test_traits_take_precedence_over_vectors() -> None:
    result = borrowed(HEISTS, vectors(0, 0, 0, 90, 90, 0, 90))
    assert result.neighbours[[0, 1], 0].tolist() == [0, 3]
    assert result.neighbours[2, 0] == 3


def watched(*by_person: str) -> sp.csr_matrix:
    """Return who watched which of the seven films, from one string of digits per person."""
    return sp.csr_matrix(np.array([[str(film) in films for film in range(7)] for films in by_person], np.float32))


def test_people_and_traits_add_up_and_are_damped_more() -> None:
    people = watched("24", "24", "14")
    result, by_traits = borrowing(HEISTS, None, INSIDE, OUTSIDE, 4, 2.0, people), borrowed(HEISTS, count=4)
    undamped = by_traits.weights[0] / (1 - by_traits.weights[0].astype(float).sum()) * 2
    cosines = dict(zip(by_traits.neighbours[0].tolist(), undamped.tolist(), strict=True))
    expected = dict.fromkeys(range(4), 0.0) | cosines
    expected[2] += 2 / np.sqrt(2 * 3)
    expected[1] += 1 / np.sqrt(1 * 3)
    weights = dict(zip(result.neighbours[0].tolist(), result.weights[0].tolist(), strict=True))
    total = sum(expected.values()) + PEOPLE_DAMPING * 2
    assert weights == pytest.approx({film: likeness / total for film, likeness in expected.items()}, abs=0.002)
    assert result.neighbours[1].tolist() == by_traits.neighbours[1].tolist(), "it has no viewers"
    assert result.weights[1] == pytest.approx(borrowed(HEISTS, damping=4.0, count=4).weights[1])


def test_a_film_with_people_never_borrows_less_than_one_without() -> None:
    alike = traits("heist", "dog", "x", "y", "heist", "heist", "")
    result = borrowing(alike, None, INSIDE, OUTSIDE, 2, 2.0, watched("24"))
    assert result.weights[0].sum() > result.weights[1].sum() > 0


def test_a_film_with_people_and_no_traits_is_compared_by_people_and_not_by_vector() -> None:
    result = borrowing(NONE, vectors(0, 30, 60, 90, 5, 88, None), INSIDE, OUTSIDE, 2, 2.0, watched("24"))
    assert result.neighbours[0, 0] == 2
    assert result.weights[0].tolist() == pytest.approx([1 / (1 + PEOPLE_DAMPING * 2), 0], abs=0.001)
    assert result.neighbours[1].tolist() == [3, 2]


def test_films_unlike_all_others_borrow_nothing() -> None:
    result = borrowed(NONE, vectors(0, 10, 20, 30, 180, 190, 15))
    assert not result.weights[:2].any()
    assert result.weights[2].all()


def test_fewer_table_films_than_neighbours() -> None:
    result = borrowing(traits("a b", "a b"), None, INSIDE[:1], np.array([1], np.int32), 4, 2.0)
    assert result.neighbours.tolist() == [[0]]
    assert result.weights[0, 0] == pytest.approx(1 / 3, abs=0.001)


def test_no_films_outside() -> None:
    result = borrowing(HEISTS, vectors(*[0.0] * 7), INSIDE, OUTSIDE[:0], 4, 2.0)
    assert result.neighbours.shape == result.weights.shape == (0, 4)


@given(
    arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(4, 20)), elements=st.floats(-1, 1, width=32)),
    st.floats(0, 10),
)
def test_weights_descend_and_their_sum_is_bounded(likeness: np.ndarray, damping: float) -> None:
    picked, weights = nearest(likeness, 4, damping)
    assert (weights >= 0).all()
    assert (weights.astype(np.float64).sum(axis=1) <= 4 / (4 + damping) + 2e-3).all()
    assert (np.diff(weights.astype(np.float64), axis=1) <= 0).all()
    for row, columns in zip(likeness, picked.astype(int), strict=True):
        assert len(set(columns)) == 4
        assert row[columns].min() >= np.delete(row, columns).max(initial=-np.inf)
