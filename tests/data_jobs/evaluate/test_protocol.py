import numpy as np
import pytest

from data_jobs.evaluate.protocol import measure, pooled, row_of
from data_jobs.evaluate.ranking_models import MostLiked
from tests.data_jobs.evaluate import kit


class Oracle:
    """A model that knows the hidden likes."""

    name = "oracle"

    def __init__(self, cases) -> None:
        self._relevant = {case.profile.user_id: case.relevant for case in cases}

    def best(self, profile, k, among=None):
        return self._relevant[profile.user_id][:k]


class Fixed:
    name = "fixed"

    def best(self, profile, k, among=None):
        return np.arange(k, dtype=np.int32)


@pytest.fixture(scope="module")
def cases(bench, holdout):
    return bench.people.cases(holdout.relevant)


def test_an_oracle_has_perfect_figures(bench, cases):
    result = measure(Oracle(cases), cases, bench, kit.Listening())
    assert result.recall.tolist() == [1.0] * len(cases)
    assert result.ndcg == pytest.approx(np.ones(len(cases)))


def test_one_list_for_all_people_covers_ten_films(bench, cases):
    result = measure(Fixed(), cases, bench, kit.Listening())
    assert result.coverage == 10 / kit.FILMS
    assert len(set(result.diversity.tolist())) == 1
    assert result.popularity_rank.tolist() == [bench.ranks[:10].mean()] * len(cases)


def test_progress_reaches_the_total(bench, cases):
    progress = kit.Listening()
    measure(Fixed(), cases, bench, progress)
    assert progress.heard[-1] == ("ranking with fixed", len(cases), len(cases))


def test_a_row_has_paired_differences_to_the_others_and_none_to_itself(bench, cases):
    oracle, popular = (measure(each, cases, bench, kit.Listening()) for each in (Oracle(cases), MostLiked(bench)))
    row = row_of(oracle, [popular, oracle])
    assert set(row.against) == {"popularity"}
    assert row.against["popularity"].ndcg.mean == pytest.approx(1 - popular.ndcg.mean())
    assert row.against["popularity"].ndcg.se == pytest.approx(popular.ndcg.std(ddof=1) / np.sqrt(len(cases)))


def test_pooled_parts_equal_the_whole(bench, cases):
    model = MostLiked(bench)
    whole = measure(model, cases, bench, kit.Listening())
    parts = [measure(model, part, bench, kit.Listening()) for part in (cases[:9], cases[9:])]
    both = pooled(parts)
    assert both.ndcg.tolist() == whole.ndcg.tolist()
    assert both.recall.tolist() == whole.recall.tolist()
    assert [each.tolist() for each in both.lists] == [each.tolist() for each in whole.lists]
