"""Newcomers: the figures pooled over the folds."""

import numpy as np
import pytest

from data_jobs.evaluate.few_likes import MIN_HIDDEN
from data_jobs.evaluate.parts.newcomers import newcomers
from data_jobs.evaluate.split import liked
from tests.data_jobs.evaluate import kit


@pytest.fixture(scope="module")
def result(few_likes_results):
    return newcomers(few_likes_results)


def test_all_people_with_enough_likes_take_part(result):
    events = kit.dataset().events
    counts = np.bincount(events.user[liked(events)], minlength=kit.VIEWERS)
    assert result.entries[0].people == int((counts >= 1 + MIN_HIDDEN).sum())


def test_figures_for_each_number_of_likes(result):
    assert [entry.likes for entry in result.entries] == [1, 3, 5, 10]
    for entry in result.entries:
        assert set(entry.ndcg) == set(entry.recall) == {"pipeline", "popularity", "plain EASE"}
        assert entry.ahead.mean == pytest.approx(entry.ndcg["pipeline"].mean - entry.ndcg["popularity"].mean)
        assert entry.ahead_of_ease.mean == pytest.approx(entry.ndcg["pipeline"].mean - entry.ndcg["plain EASE"].mean)
