"""How far lists favour popular films."""

from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate.parts import popularity_bias
from data_jobs.evaluate.parts.popularity_bias import PopularityBias, biases, of_few_likes
from data_jobs.evaluate.protocol import measure
from data_jobs.evaluate.ranking_models import MostLiked
from services.recommender.domain.profile import Profile
from tests.data_jobs.evaluate import kit


@pytest.fixture(scope="module")
def cases(bench, holdout):
    return bench.people.cases(holdout.relevant)


@pytest.fixture(scope="module")
def popular(bench, cases):
    return measure(MostLiked(bench), cases, bench, kit.Listening())


def at_rank(bench, *ranks: int) -> np.ndarray:
    return np.array([int(np.flatnonzero(bench.ranks == rank)[0]) for rank in ranks], np.int32)


def test_a_list_by_hand(bench, cases, popular, monkeypatch):
    monkeypatch.setattr(popularity_bias, "HEAD", 30)
    [result] = biases(
        bench,
        [replace(cases[0], relevant=at_rank(bench, 2, 31, 60, 70))],
        replace(popular, lists=[at_rank(bench, 1, 2, 19, 21, 40, 60, 90, 89)]),
    )
    assert result[:3].tolist() == [3 / 8, 1.0, 30.5]
    assert result[3] == pytest.approx(1 / 3)


def test_tail_recall_is_undefined_if_all_likes_are_popular(bench, cases, popular):
    assert np.isnan(biases(bench, cases, popular)[:, 3]).all()  # fewer than 200 films in all


def test_a_list_with_the_genres_of_the_taste_is_calibrated(bench, cases, popular):
    rows = np.arange(kit.FILMS, dtype=np.int32)
    schools = np.array([kit.school_of(bench, row) for row in rows])
    fan = bench.people.fan_of(rows[schools == 1][:4])
    case = replace(cases[0], profile=fan)
    lists = [rows[schools == school][:10] for school in (1, 2)]
    same, other = biases(bench, [case, case], replace(popular, lists=lists))[:, 4]
    assert same == pytest.approx(0)
    assert other == pytest.approx(np.log(100))


def test_calibration_is_undefined_without_a_taste(bench, cases, popular):
    stranger = replace(cases[0], profile=Profile("nobody"))
    assert np.isnan(biases(bench, [stranger], replace(popular, lists=popular.lists[:1]))[0, 4])


def test_one_entry_per_number_of_likes_with_all_people(few_likes_results):
    result = list(of_few_likes(few_likes_results))
    assert [each.tastes for each in result] == ["1 like", "3 likes", "5 likes", "10 likes"]
    for each, likes in zip(result, (1, 3, 5, 10), strict=True):
        assert each.people == sum(len(few.cases) for few in few_likes_results if few.likes == likes)
        assert each.models["popularity"].best_20.n == each.people
        assert each.models["popularity"].rank.mean < each.models["pipeline"].rank.mean


def test_reports(few_likes_results):
    result = PopularityBias(tuple(of_few_likes(few_likes_results)))
    [table] = result.tables()
    assert all(len(row) == len(table.headings) for row in table.rows)
    assert [len(panel.bars) for panel in result.panels()] == [3] * 4
    assert len(list(result.figures())) == 4 * 3 * 5
