"""Scores by position in the item-item tables, for a taste and for disliked films."""

import numpy as np
import pytest

from services.recommender.signals.collaborative import TableScore
from services.recommender.signals.dislikes import dislike_penalty
from tests.builders import make_tables, world_of


class TestTableScore:
    def test_equals_the_dense_product(self):
        tables = make_tables(60, outside=6)
        entries = tables.entries(np.array([0, 3, 57], np.int32))
        weights = np.array([1.0, 0.5, 2.0], np.float32)
        signal = TableScore.of(1.0, tables.main, entries, weights[entries.films] * entries.shares)
        table = tables.main.values.astype(np.float64)
        expected = table[0] + 0.5 * table[3] + 2.0 * 0.35 * (table[0] + table[3])
        reference = np.sort(np.maximum(expected, 0))[-50:].mean()
        assert signal.scaled == pytest.approx(expected / reference, abs=1e-2)

    def test_lift_is_applied_before_the_reference_is_computed(self):
        tables = make_tables(60, outside=6)
        entries, lift = tables.entries(np.array([0, 3], np.int32)), np.linspace(0.2, 1, 54).astype(np.float32)
        plain = TableScore.of(1.0, tables.main, entries, np.ones(2, np.float32))
        lifted = TableScore.of(1.0, tables.main, entries, np.ones(2, np.float32), lift)
        raw = plain.scaled * plain.reference * lift
        assert lifted.reference == pytest.approx(np.maximum(np.sort(raw)[-50:], 0).mean(), rel=1e-4)
        assert lifted.scaled * lifted.reference == pytest.approx(raw, abs=1e-5)

    def test_best_are_the_100_highest_scores(self):
        tables = make_tables(300, outside=0)
        score = TableScore.of(1.0, tables.main, tables.entries(np.array([0, 1], np.int32)), np.ones(2, np.float32))
        best = np.argsort(-score.scaled)[:100]
        assert set(best.tolist()) == set(score.best.tolist())

    def test_films_outside_borrow_from_their_neighbours(self):
        tables = make_tables(60, outside=6)
        scores = np.arange(54, dtype=np.float32)
        films = tables.spread(scores)
        assert films[:54] == pytest.approx(scores)
        assert films[54] == pytest.approx(0.35 * (0 + 3), rel=1e-3)


class TestDislikePenalty:
    def test_is_high_for_similar_films_and_at_most_one(self):
        tables = make_tables(90, outside=6)
        penalty = dislike_penalty(tables, tables.entries(np.array([1, 4], np.int32)), np.ones(2, np.float32))
        similar = np.array([world_of(row) == 1 for row in range(84)])
        assert penalty.max() <= 1
        assert penalty.min() >= 0
        assert penalty[:84][similar].mean() > 3 * penalty[:84][~similar].mean()
