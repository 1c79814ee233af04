"""The metrics against values worked out by hand, and the laws they must keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.evaluate.metrics import coverage, intra_list_diversity, mean_rank, ndcg, popularity_ranks, recall


def rows(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


lists = st.lists(st.integers(0, 30), min_size=0, max_size=10, unique=True).map(lambda found: rows(*found))
wanted = st.lists(st.integers(0, 30), min_size=1, max_size=15, unique=True).map(lambda found: rows(*found))


class TestRecall:
    def test_is_the_share_of_the_wanted_that_is_there(self):
        assert recall(rows(1, 2, 3), rows(3, 9)) == 0.5

    def test_divides_by_all_that_is_wanted_not_by_the_length_of_the_list(self):
        assert recall(rows(*range(10)), rows(*range(40))) == 0.25

    def test_of_nothing_found_is_0(self):
        assert recall(rows(), rows(1)) == 0.0

    def test_refuses_an_empty_truth(self):
        with pytest.raises(ValueError, match="at least one"):
            recall(rows(1), rows())

    @given(lists, wanted)
    def test_does_not_care_for_the_order(self, ranked, relevant):
        assert recall(ranked[::-1], relevant) == recall(ranked, relevant)


class TestNdcg:
    def test_by_hand(self):
        found = ndcg(rows(7, 1, 2), rows(1, 2, 3), 10)
        ideal = 1 + 1 / np.log2(3) + 1 / np.log2(4)
        assert found == pytest.approx((1 / np.log2(3) + 1 / np.log2(4)) / ideal)

    def test_the_ideal_list_has_no_more_than_k_hits(self):
        assert ndcg(rows(*range(10)), rows(*range(40)), 10) == pytest.approx(1.0)

    def test_what_lies_beyond_k_does_not_count(self):
        assert ndcg(rows(5, 6, 1), rows(1), 2) == 0.0

    def test_refuses_an_empty_truth(self):
        with pytest.raises(ValueError, match="at least one"):
            ndcg(rows(1), rows(), 10)

    @given(lists, wanted)
    def test_lies_between_0_and_1(self, ranked, relevant):
        assert 0.0 <= ndcg(ranked, relevant, 10) <= 1.0 + 1e-12

    @given(lists, wanted)
    def test_is_largest_with_the_hits_first(self, ranked, relevant):
        hits_first = ranked[np.argsort(~np.isin(ranked, relevant), kind="stable")]
        assert ndcg(hits_first, relevant, 10) >= ndcg(ranked, relevant, 10) - 1e-12

    @given(wanted)
    def test_of_the_wanted_themselves_is_1(self, relevant):
        assert ndcg(relevant[:10], relevant, 10) == pytest.approx(1.0)


class TestCoverage:
    def test_counts_a_film_once(self):
        assert coverage([rows(1, 2), rows(2, 3)], 10) == 0.3

    def test_of_no_lists_or_no_films_is_0(self):
        assert coverage([], 10) == 0.0
        assert coverage([], 0) == 0.0

    @given(st.lists(lists, max_size=5))
    def test_grows_with_every_list(self, found):
        assert coverage(found, 31) >= coverage(found[:-1], 31)


class TestPopularityRank:
    def test_the_most_popular_has_rank_1_and_ties_go_by_row(self):
        assert popularity_ranks(np.array([0.5, 2.0, 0.5], np.float32)).tolist() == [2, 1, 3]

    def test_the_ten_most_popular_have_a_mean_of_5_and_a_half(self):
        ranks = popularity_ranks(np.linspace(1, 0, 30).astype(np.float32))
        assert mean_rank(rows(*range(10)), ranks) == 5.5

    def test_an_empty_list_has_none(self):
        assert mean_rank(rows(), rows(1, 2)) == 0.0


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
