import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.candidates import retrieval
from services.recommender.ports import Leg
from services.recommender.taste.fold_in import entries
from tests.builders import make_tables, world_of


class TestMeanOfBest:
    @pytest.mark.parametrize("scores", [[], [0.0], [-1.0, -2.0], [float("nan")], [float("inf")] * 60])
    def test_is_zero_where_it_is_no_positive_number(self, scores):
        assert retrieval.mean_of_best(np.array(scores, np.float32)) == 0

    def test_takes_the_best_50(self):
        assert retrieval.mean_of_best(np.arange(100, dtype=np.float32)) == pytest.approx(np.mean(range(50, 100)))

    def test_a_signal_without_reference_is_zero(self):
        assert not retrieval.scaled(np.ones(3, np.float32), 0.0).any()


class TestCandidates:
    @given(st.lists(st.integers(0, 5), min_size=1, max_size=80), st.integers(1, 90), st.data())
    def test_are_the_head_of_the_full_order(self, scores, size, data):
        base = np.array(scores, np.float32)
        allowed = np.array(data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores))))
        expected = sorted(np.flatnonzero(allowed).tolist(), key=lambda row: (-base[row], row))[:size]
        assert retrieval.best_rows(base, allowed, size).tolist() == expected
        assert retrieval.candidates(base, allowed, size=size).tolist() == sorted(expected)

    def test_films_that_other_retrievers_bring_come_along_where_they_are_allowed(self):
        base, allowed = np.arange(900, dtype=np.float32), np.ones(900, bool)
        allowed[7] = False
        brought = [np.array([3, 7], np.int32), np.array([3, 9], np.int32)]
        assert retrieval.candidates(base, allowed, retrieved=brought).tolist() == [3, 9, *range(400, 900)]

    def test_films_with_few_events_have_places_of_their_own(self):
        base, novelty = np.arange(2_000, dtype=np.float32), np.zeros(2_000, np.float32)
        novelty[:300] = 1
        found = retrieval.candidates(base, np.ones(2_000, bool), novelty)
        assert found.tolist() == [*range(100, 300), *range(1_500, 2_000)]


class TestLegSignal:
    def test_is_one_at_the_reference_and_zero_at_the_floor(self):
        leg = Leg(np.array([4, 2, 9], np.int32), np.array([6, 4, 2], np.float32), reference=4.0, floor=2.0)
        signal = retrieval.leg_signal(leg, 10)
        assert signal[[4, 2, 9]].tolist() == [2, 1, 0]
        assert not signal[[0, 1, 3]].any()

    @pytest.mark.parametrize(
        "leg",
        [None, Leg(np.empty(0, np.int32), np.empty(0, np.float32), 0.0), Leg(np.array([1]), np.array([2.0]), 2.0, 2.0)],
    )
    def test_is_zero_where_there_is_nothing_to_tell_apart(self, leg):
        assert not retrieval.leg_signal(leg, 5).any()


class TestCollaborative:
    def test_equals_the_dense_product(self):
        tables = make_tables(60, outside=6)
        found = entries(tables, np.array([0, 3, 57], np.int32))
        weights = np.array([1.0, 0.5, 2.0], np.float32)
        signal = retrieval.table_score(tables.main, found, weights[found.source] * found.shares)
        table = tables.main.values.astype(np.float64)
        expected = table[0] + 0.5 * table[3] + 2.0 * 0.35 * (table[0] + table[3])
        reference = np.sort(np.maximum(expected, 0))[-50:].mean()
        assert signal.scaled == pytest.approx(expected / reference, abs=1e-2)

    def test_lift_weighs_each_film_before_the_reference_is_taken(self):
        tables = make_tables(60, outside=6)
        found, lift = entries(tables, np.array([0, 3], np.int32)), np.linspace(0.2, 1, 54).astype(np.float32)
        plain = retrieval.table_score(tables.main, found, np.ones(2, np.float32))
        lifted = retrieval.table_score(tables.main, found, np.ones(2, np.float32), lift)
        raw = plain.scaled * plain.reference * lift
        assert lifted.reference == pytest.approx(np.maximum(np.sort(raw)[-50:], 0).mean(), rel=1e-4)
        assert lifted.scaled * lifted.reference == pytest.approx(raw, abs=1e-5)

    def test_the_pool_holds_the_best_100(self):
        tables = make_tables(300, outside=0)
        score = retrieval.table_score(tables.main, entries(tables, np.array([0, 1], np.int32)), np.ones(2, np.float32))
        best = np.argsort(-score.scaled)[:100]
        assert set(best.tolist()) == set(score.best.tolist())

    def test_films_outside_borrow_from_their_neighbours(self):
        tables = make_tables(60, outside=6)
        scores = np.arange(54, dtype=np.float32)
        films = tables.spread(scores)
        assert films[:54] == pytest.approx(scores)
        assert films[54] == pytest.approx(0.35 * (0 + 3), rel=1e-3)


class TestDislikePenalty:
    def test_is_high_for_films_alike_and_at_most_one(self):
        tables = make_tables(90, outside=6)
        penalty = retrieval.dislike_penalty(tables, entries(tables, np.array([1, 4], np.int32)), np.ones(2, np.float32))
        alike = np.array([world_of(row) == 1 for row in range(84)])
        assert penalty.max() <= 1
        assert penalty.min() >= 0
        assert penalty[:84][alike].mean() > 3 * penalty[:84][~alike].mean()
