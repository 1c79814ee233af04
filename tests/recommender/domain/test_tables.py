import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.tables import CollaborativeTables, ItemTable
from tests.builders import make_tables
from tests.recommender.handmade import tables_of


def make_table(films: int, entries: int, seed: int = 0) -> ItemTable:
    rng = np.random.default_rng(seed)
    columns = np.array([rng.permutation(films)[:entries] for _ in range(films)], np.uint16)
    return ItemTable(columns, rng.normal(0, 0.3, (films, entries)).astype(np.float16))


def dense(table: ItemTable) -> np.ndarray:
    out = np.zeros((len(table.columns), len(table.columns)))
    for row, (columns, values) in enumerate(zip(table.columns, table.values, strict=True)):
        out[row, columns] += values
    return out


TASTES = st.lists(st.integers(0, 29), max_size=12, unique=True)


@given(TASTES, st.integers(0, 5))
def test_scores_equal_the_product_with_the_dense_table(taste, seed):
    table = make_table(30, 8, seed)
    weights = np.random.default_rng(seed).uniform(0, 1.3, len(taste)).astype(np.float32)
    scores = table.scores(np.array(taste, np.int32), weights)
    assert scores.dtype == np.float32
    assert scores == pytest.approx(weights @ dense(table)[taste], abs=1e-5)


@given(TASTES, st.lists(st.integers(0, 29), max_size=10, unique=True), st.integers(0, 5))
def test_terms_add_up_to_scores(taste, targets, seed):
    table = make_table(30, 8, seed)
    positions = np.array(taste, np.int32)
    weights = np.random.default_rng(seed).uniform(0, 1.3, len(taste)).astype(np.float32)
    terms = table.terms(positions, weights, np.array(targets, np.int32))
    assert terms.shape == (len(taste), len(targets))
    assert terms.sum(axis=0) == pytest.approx(table.scores(positions, weights)[targets], abs=1e-5)
    assert terms == pytest.approx(dense(table)[taste][:, targets] * weights[:, None], abs=1e-5)


def test_a_target_outside_the_table_has_no_terms():
    table = make_table(30, 30)
    terms = table.terms(np.array([1, 2]), np.ones(2, np.float32), np.array([5, -1, -1, 6], np.int32))
    assert np.all(terms[:, [1, 2]] == 0)
    assert np.all(terms[:, [0, 3]] != 0)


def test_position_minus_one_is_not_the_last_film_of_the_table():
    table = make_table(4, 4)
    terms = table.terms(np.array([0]), np.ones(1, np.float32), np.array([-1, 2], np.int32))
    assert terms[0, 0] == 0
    assert terms[0, 1] == pytest.approx(dense(table)[0, 2])


def test_without_a_taste_scores_are_zero():
    table = make_table(30, 8)
    empty = np.empty(0, np.int32), np.empty(0, np.float32)
    assert table.scores(*empty).tolist() == [0.0] * 30
    assert table.terms(*empty, np.array([1, 2], np.int32)).shape == (0, 2)


def make_collaborative(outside: int) -> CollaborativeTables:
    rows = np.array([4, 0, 2], np.int32)
    position = np.full(3 + outside + 2, -1, np.int32)
    position[rows] = np.arange(3)
    outside_rows = np.array([1, 3][:outside], np.int32)
    return CollaborativeTables(
        rows, position, make_table(3, 3), make_table(3, 3, 1), outside_rows,
        np.array([[0, 2], [1, 1]][:outside], np.uint16).reshape(outside, 2).T,
        np.array([[0.5, 0.25], [1.0, 0.0]][:outside], np.float32).reshape(outside, 2).T,
        np.zeros(len(position), np.int32), np.ones((3, 3), np.uint8),
    )  # fmt: skip


def test_spread_turns_table_scores_into_film_scores():
    spread = make_collaborative(2).spread(np.array([10, 20, 40], np.float32))
    assert spread.tolist() == [20.0, 15.0, 40.0, 20.0, 10.0, 0.0, 0.0]
    assert spread.dtype == np.float32


def test_scores_of_some_rows_equal_those_of_all():
    tables, scores = make_collaborative(2), np.array([10, 20, 40], np.float32)
    rows = np.array([3, 0, 1, 4, 3], np.int32)
    assert tables.at(scores, rows).tolist() == tables.spread(scores)[rows].tolist()
    assert make_collaborative(0).at(scores, np.array([1, 2], np.int32)).tolist() == [0.0, 40.0]


def test_without_films_outside_no_score_is_borrowed():
    assert make_collaborative(0).spread(np.array([10, 20, 40], np.float32)).tolist() == [20.0, 0.0, 40.0, 0.0, 10.0]


class TestNovelty:
    TABLES = tables_of([0, 2, 4, 1_000_000], {}, {}, {})

    def test_of_a_film_without_events_is_one(self):
        assert self.TABLES.novelty()[0] == 1

    def test_falls_to_about_a_third_with_every_two_events(self):
        assert self.TABLES.novelty()[1:3] == pytest.approx([np.exp(-1), np.exp(-2)])
        assert self.TABLES.novelty().dtype == np.float32

    def test_of_a_very_well_known_film_is_zero(self):
        assert self.TABLES.novelty()[3] == 0

    @given(st.lists(st.integers(0, 40), min_size=2, max_size=20))
    def test_a_film_with_more_events_is_never_newer(self, events):
        novelty = tables_of(sorted(events), {}, {}, {}).novelty()
        assert (np.diff(novelty) <= 0).all()
        assert ((novelty >= 0) & (novelty <= 1)).all()


class TestSupported:
    # Film 4 is outside the tables.
    TABLES = tables_of([9] * 5, {}, {}, {(0, 1): 2, (1, 0): 2, (0, 2): 1, (3, 0): 200}, borrowing={4: {0: 1.0}})

    def pairs(self, films: list[int], others: list[int], people: int = 2) -> list[list[bool]]:
        return self.TABLES.supported(np.array(films, np.int32), np.array(others, np.int32), people).tolist()

    def test_a_pair_needs_the_given_number_of_people(self):
        assert self.pairs([0], [1, 2, 3]) == [[True, False, False]]
        assert self.pairs([0], [1, 2, 3], people=1) == [[True, True, False]]
        assert self.pairs([0], [1, 2, 3], people=3) == [[False, False, False]]

    def test_every_film_has_its_own_row(self):
        assert self.pairs([3, 0, 1], [2, 1, 0]) == [
            [False, False, True], [False, True, False], [False, False, True]
        ]  # fmt: skip

    def test_films_outside_the_tables_have_no_support(self):
        assert self.pairs([4, 0], [1, 4]) == [[False, False], [True, False]]

    def test_empty_lists_give_empty_results(self):
        assert self.TABLES.supported(np.empty(0, np.int32), np.array([1], np.int32), 2).shape == (0, 1)
        assert self.TABLES.supported(np.array([1], np.int32), np.empty(0, np.int32), 2).shape == (1, 0)

    def test_a_pair_without_an_entry_has_no_people(self):
        # The row of film 0 has only the entry for position 1.
        table = ItemTable(np.array([[1], [0], [0]], np.uint16), np.ones((3, 1), np.float16))
        rows = np.arange(3, dtype=np.int32)
        nothing = np.empty((0, 0), np.uint16)
        tables = CollaborativeTables(
            rows, rows, table, table, rows[:0], nothing, nothing.astype(np.float32), rows, np.full((3, 1), 9, np.uint8)
        )
        assert tables.supported(rows[:1], rows, 2).tolist() == [[False, True, False]]

    @given(
        st.dictionaries(st.tuples(st.integers(0, 5), st.integers(0, 5)), st.integers(0, 5), max_size=20),
        st.lists(st.integers(0, 7), max_size=6, unique=True),
        st.lists(st.integers(0, 7), max_size=6, unique=True),
        st.integers(1, 5),
    )
    def test_equals_a_check_of_each_pair(self, shared, films, others, people):
        tables = tables_of([1] * 8, {}, {}, shared, borrowing={6: {0: 1.0}, 7: {1: 1.0}})
        supported = tables.supported(np.array(films, np.int32), np.array(others, np.int32), people)
        assert supported.tolist() == [[shared.get((film, other), 0) >= people for other in others] for film in films]


class TestEntries:
    TABLES = make_tables(30, outside=4)

    def test_a_film_of_the_table_stands_for_itself(self):
        entries = self.TABLES.entries(np.array([3, 7], np.int32))
        assert entries.positions.tolist() == [3, 7]
        assert entries.shares.tolist() == [1, 1]
        assert entries.films.tolist() == [0, 1]

    def test_a_film_outside_stands_for_its_neighbours(self):
        entries = self.TABLES.entries(np.array([3, 28], np.int32))
        assert entries.positions.tolist() == [3, 28 % 3, 28 % 3 + 3]
        assert entries.films.tolist() == [0, 1, 1]
        assert entries.shares[1:] == pytest.approx([0.35, 0.35], abs=1e-3)

    def test_no_films_no_entries(self):
        assert not len(self.TABLES.entries(np.empty(0, np.int32)).positions)

    def test_a_score_is_spread_over_films_as_they_borrow(self):
        rows = np.array([3, 28], np.int32)
        entries = self.TABLES.entries(rows)
        targets = np.array([1, 3, 4], np.int32)
        scores = np.zeros(26, np.float32)
        scores[targets] = [1, 2, 4]
        spread = entries.spread(targets, len(rows))
        assert scores[targets] @ spread == pytest.approx(self.TABLES.at(scores, rows), abs=1e-5)
