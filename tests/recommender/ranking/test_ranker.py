import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.weights import Weights
from services.recommender.ranking.ranker import Ranked, matching_first, next_part_first, rank, shown_score
from tests.recommender.handmade import Film, catalogue_of

columns = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=30)


@given(columns)
def test_orders_by_the_sum_and_then_by_row(pairs):
    rows = 3 * np.arange(len(pairs), dtype=np.int32)
    terms = {name: np.array([pair[i] for pair in pairs], np.float32) for i, name in enumerate("ab")}
    ranked = rank(rows, terms)
    sums = dict(zip(rows.tolist(), [a + b for a, b in pairs], strict=True))
    assert ranked.rows.tolist() == sorted(sums, key=lambda row: (-sums[row], row))
    assert ranked.terms.sum(axis=1) == pytest.approx(ranked.raw)


def test_without_terms_the_rows_keep_their_order():
    assert rank(np.array([2, 5], np.int32), {}).rows.tolist() == [2, 5]


@given(st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=20))
def test_the_shown_score_rises_with_the_raw_score_and_stays_between_0_and_1(raw):
    ordered = np.sort(np.array(raw, np.float32))
    shown = shown_score(ordered, Weights())
    assert (np.diff(shown) >= 0).all()
    assert shown.min() >= 0
    assert shown.max() <= 1


def test_the_midpoint_is_shown_as_one_half():
    assert shown_score(np.array([1.5], np.float32), Weights(score_midpoint=1.5))[0] == pytest.approx(0.5)


def test_films_that_match_a_query_come_before_better_ones_that_do_not():
    rows = np.arange(4, dtype=np.int32)
    ranked = rank(rows, {"score": np.array([4, -3, 2, 1], np.float32)})
    result = matching_first(ranked, np.array([False, True, False, True]))
    assert result.rows.tolist() == [3, 1, 0, 2]
    assert result.raw.tolist() == [1, -3, 4, 2]


def series_of(*parts: tuple[int, int]):
    """Return a catalogue of films by row, given the series and the part of each."""
    return catalogue_of([Film(series=series, part=part) for series, part in parts])


def ordered(rows: list[int]) -> Ranked:
    """Return a ranked list of these rows with falling raw scores and a single term."""
    raw = np.linspace(2, 1, len(rows)).astype(np.float32)
    return Ranked(np.array(rows, np.int32), raw, raw[:, None], ("score",))


def after(rows: list[int], catalogue, *liked: int) -> list[int]:
    return next_part_first(ordered(rows), catalogue, np.array(liked, np.int32)).rows.tolist()


class TestNextPartFirst:
    # Rows 0 to 3 are parts 1 to 4 of a series, rows 4 to 6 parts 1 to 3 of another; 7 and 8 belong to none.
    CATALOGUE = series_of((0, 1), (0, 2), (0, 3), (0, 4), (1, 1), (1, 2), (1, 3), (-1, 0), (-1, 0))

    def test_after_the_first_part_the_second_comes_before_the_third(self):
        assert after([7, 2, 8, 1, 3], self.CATALOGUE, 0) == [7, 1, 8, 2, 3]

    def test_later_parts_keep_their_order_and_move_down_one_each(self):
        assert after([3, 2, 7, 1, 8], self.CATALOGUE, 0) == [1, 3, 7, 2, 8]

    def test_the_part_after_the_latest_one_seen_comes_next(self):
        assert after([3, 7, 2, 1], self.CATALOGUE, 0, 1) == [2, 7, 3, 1]

    def test_nothing_moves_if_the_next_part_is_not_in_the_list(self):
        assert after([3, 7, 2], self.CATALOGUE, 0) == [3, 7, 2]

    def test_nothing_moves_if_the_next_part_already_comes_first(self):
        assert after([1, 7, 3, 2], self.CATALOGUE, 0) == [1, 7, 3, 2]

    def test_earlier_parts_keep_their_places(self):
        assert after([0, 3, 7, 2], self.CATALOGUE, 1) == [0, 2, 7, 3]

    def test_a_series_without_a_liked_part_is_not_reordered(self):
        assert after([6, 5, 2, 1], self.CATALOGUE, 0) == [6, 5, 1, 2]
        assert after([2, 1], self.CATALOGUE) == [2, 1]
        assert after([2, 1, 8], self.CATALOGUE, 7) == [2, 1, 8]

    def test_two_series_are_reordered_each_within_its_own_places(self):
        assert after([2, 6, 1, 5], self.CATALOGUE, 0, 4) == [1, 5, 2, 6]

    def test_parts_below_the_best_fifty_are_not_reordered(self):
        films = [*[(-1, 0)] * 60, (0, 1), (0, 2), (0, 3)]
        near = [*range(48), 62, 61, *range(48, 60)]
        far = [*range(49), 62, 61, *range(49, 60)]
        assert after(near, series_of(*films), 60)[48:50] == [61, 62]
        assert after(far, series_of(*films), 60) == far

    def test_a_film_keeps_its_scores_when_it_moves(self):
        result = next_part_first(ordered([2, 1]), self.CATALOGUE, np.array([0], np.int32))
        assert result.raw.tolist() == [1, 2]
        assert result.terms.tolist() == [[1], [2]]

    @given(st.permutations(range(9)), st.sets(st.integers(0, 8), max_size=4))
    def test_the_next_part_of_each_liked_series_comes_before_later_parts_and_other_films_do_not_move(self, rows, liked):
        shown = [row for row in rows if row not in liked]
        result = after(shown, self.CATALOGUE, *sorted(liked))
        series, parts = self.CATALOGUE.series.tolist(), self.CATALOGUE.parts.tolist()
        assert sorted(result) == sorted(shown)
        for number in (0, 1):
            seen = max((parts[row] for row in liked if series[row] == number), default=None)
            later = [row for row in result if seen is not None and series[row] == number and parts[row] > seen]
            assert not [row for row in later if parts[row] == seen + 1] or parts[later[0]] == seen + 1
            rest = [row for row in later if parts[row] != seen + 1] if seen is not None else []
            assert rest == [row for row in shown if row in rest]
        # Films that are no later part of a liked series keep their places.
        for place, row in enumerate(shown):
            latest = max((parts[film] for film in liked if series[film] == series[row]), default=99)
            if series[row] < 0 or parts[row] < latest:
                assert result[place] == row


def test_shown_scores_differ_even_for_very_high_raw_scores():
    shown = shown_score(np.array([-1e4, -1.0, 0.0, 1.0, 2.0, 5.0, 6.0, 12.0, 1e4], np.float32), Weights())
    assert np.all(np.diff(shown) > 0)
    assert np.all((shown > 0) & (shown < 1))
    # For a clear taste the best film has a raw score of 6 or more, and the tenth of 3.5.
    assert shown[6] - shown_score(np.array([3.5], np.float32), Weights())[0] >= 0.05
