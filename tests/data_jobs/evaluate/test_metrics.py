"""The metrics against values worked out by hand, and their invariants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.evaluate.metrics import (
    coverage,
    genre_shares,
    intra_list_diversity,
    mean_rank,
    median_rank,
    miscalibration,
    ndcg,
    popularity_ranks,
    recall,
    share_of_best_known,
    tail_recall,
)


def rows(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


lists = st.lists(st.integers(0, 30), min_size=0, max_size=10, unique=True).map(lambda values: rows(*values))
relevant_lists = st.lists(st.integers(0, 30), min_size=1, max_size=15, unique=True).map(lambda values: rows(*values))


class TestRecall:
    def test_is_the_share_of_relevant_films_in_the_list(self):
        assert recall(rows(1, 2, 3), rows(3, 9)) == 0.5

    def test_divides_by_the_number_of_relevant_films_not_by_the_length_of_the_list(self):
        assert recall(rows(*range(10)), rows(*range(40))) == 0.25

    def test_without_a_hit_is_0(self):
        assert recall(rows(), rows(1)) == 0.0

    def test_refuses_to_measure_without_relevant_films(self):
        with pytest.raises(ValueError, match="at least one"):
            recall(rows(1), rows())

    @given(lists, relevant_lists)
    def test_does_not_depend_on_the_order(self, ranked, relevant):
        assert recall(ranked[::-1], relevant) == recall(ranked, relevant)


class TestTailRecall:
    ranks = rows(*range(1, 31))  # row 0 is the best known

    def test_counts_only_films_outside_the_head(self):
        assert tail_recall(rows(0, 9, 10), rows(0, 10, 11), self.ranks, 10) == 0.5

    def test_is_undefined_if_all_are_inside(self):
        assert np.isnan(tail_recall(rows(0), rows(0, 9), self.ranks, 10))

    def test_a_film_that_is_not_in_the_catalogue_stays_in_the_count(self):
        assert tail_recall(rows(10), rows(10, -1), self.ranks, 10) == 0.5

    @given(lists.map(lambda ranked: ranked[ranked < 30]), relevant_lists.map(lambda relevant: relevant % 30))
    def test_without_a_head_is_recall(self, ranked, relevant):
        relevant = np.unique(relevant)
        assert tail_recall(ranked, relevant, self.ranks, 0) == recall(ranked, relevant)


class TestNdcg:
    def test_by_hand(self):
        value = ndcg(rows(7, 1, 2), rows(1, 2, 3), 10)
        ideal = 1 + 1 / np.log2(3) + 1 / np.log2(4)
        assert value == pytest.approx((1 / np.log2(3) + 1 / np.log2(4)) / ideal)

    def test_the_ideal_list_has_no_more_than_k_hits(self):
        assert ndcg(rows(*range(10)), rows(*range(40)), 10) == pytest.approx(1.0)

    def test_ranks_beyond_k_do_not_count(self):
        assert ndcg(rows(5, 6, 1), rows(1), 2) == 0.0

    def test_refuses_to_measure_without_relevant_films(self):
        with pytest.raises(ValueError, match="at least one"):
            ndcg(rows(1), rows(), 10)

    @given(lists, relevant_lists)
    def test_lies_between_0_and_1(self, ranked, relevant):
        assert 0.0 <= ndcg(ranked, relevant, 10) <= 1.0 + 1e-12

    @given(lists, relevant_lists)
    def test_is_largest_with_the_hits_first(self, ranked, relevant):
        hits_first = ranked[np.argsort(~np.isin(ranked, relevant), kind="stable")]
        assert ndcg(hits_first, relevant, 10) >= ndcg(ranked, relevant, 10) - 1e-12

    @given(relevant_lists)
    def test_of_the_relevant_films_themselves_is_1(self, relevant):
        assert ndcg(relevant[:10], relevant, 10) == pytest.approx(1.0)


class TestCoverage:
    def test_counts_a_film_once(self):
        assert coverage([rows(1, 2), rows(2, 3)], 10) == 0.3

    def test_of_no_lists_or_no_films_is_0(self):
        assert coverage([], 10) == 0.0
        assert coverage([], 0) == 0.0

    @given(st.lists(lists, max_size=5))
    def test_grows_with_every_list(self, values):
        assert coverage(values, 31) >= coverage(values[:-1], 31)


class TestPopularityRank:
    def test_the_most_popular_has_rank_1_and_ties_go_by_row(self):
        assert popularity_ranks(np.array([0.5, 2.0, 0.5], np.float32)).tolist() == [2, 1, 3]

    def test_the_ten_most_popular_have_a_mean_of_5_and_a_half(self):
        ranks = popularity_ranks(np.linspace(1, 0, 30).astype(np.float32))
        assert mean_rank(rows(*range(10)), ranks) == 5.5

    def test_an_empty_list_has_none(self):
        assert mean_rank(rows(), rows(1, 2)) == 0.0
        assert median_rank(rows(), rows(1, 2)) == 0.0
        assert share_of_best_known(rows(), rows(1, 2), 20) == 0.0

    def test_one_unknown_film_does_not_move_the_median(self):
        ranks = rows(*range(1, 1001))
        assert median_rank(rows(0, 1, 999), ranks) == median_rank(rows(0, 1, 2), ranks) == 2

    def test_the_share_of_the_best_known_is_counted_by_rank(self):
        assert share_of_best_known(rows(0, 19, 20, 500), rows(*range(1, 1001)), 20) == 0.5


genres = st.lists(st.integers(1, 2**32 - 1), min_size=1, max_size=10).map(lambda bits: np.array(bits, np.uint32))


class TestCalibration:
    def test_a_film_shares_its_weight_among_its_genres(self):
        shares = genre_shares(np.array([0b11, 0b10, 0], np.uint32))
        assert shares[:2].tolist() == [0.25, 0.75]
        assert shares.sum() == 1

    def test_films_without_genres_have_no_shares(self):
        assert genre_shares(np.zeros(3, np.uint32)) is None
        assert genre_shares(np.zeros(0, np.uint32)) is None

    def test_by_hand(self):
        taste, shown = np.array([0.7, 0.3]), np.array([0.9, 0.1])
        expected = 0.7 * np.log(0.7 / 0.898) + 0.3 * np.log(0.3 / 0.102)
        assert miscalibration(taste, shown) == pytest.approx(expected)

    def test_a_list_with_no_genre_of_the_taste_costs_most(self):
        assert miscalibration(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(np.log(100))

    @given(genres, genres)
    def test_lies_between_0_and_the_most(self, taste, shown):
        taste, shown = genre_shares(taste), genre_shares(shown)
        assert -1e-12 <= miscalibration(taste, shown) <= np.log(100) + 1e-9
        assert miscalibration(taste, taste) == pytest.approx(0, abs=1e-12)


class TestIntraListDiversity:
    def test_by_hand(self):
        likeness = np.array([[1, 0.5, 0], [0.5, 1, 0.25], [0, 0.25, 1]], np.float32)
        assert intra_list_diversity(likeness) == pytest.approx(1 - 0.25)

    def test_the_diagonal_does_not_count(self):
        likeness = np.zeros((4, 4), np.float32)
        np.fill_diagonal(likeness, 0.7)
        assert intra_list_diversity(likeness) == pytest.approx(1.0)

    def test_copies_of_one_film_have_none(self):
        assert intra_list_diversity(np.ones((5, 5), np.float32)) == pytest.approx(0.0)

    @pytest.mark.parametrize("films", [0, 1])
    def test_fewer_than_two_films_have_none(self, films):
        assert intra_list_diversity(np.ones((films, films), np.float32)) == 0.0
