"""Sequels: the second film after the first, and before the third."""

from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate.parts.sequels import sequels
from data_jobs.evaluate.ranking_models import MostLiked
from services.recommender.domain.request import RankedItem, Ranking, Request, Strategy
from tests.data_jobs.evaluate import kit

SERIES = [(0, 1, 2), (3, 4, 5), (6, 7), (8, 9, 10)]


class ListedPipeline:
    """A pipeline that returns given lists, by the liked film."""

    def __init__(self, bench, lists: dict[int, list[int]]) -> None:
        self._pipeline = bench.pipeline
        self._lists = {bench.bundle.catalogue.item_ids[row]: rows for row, rows in lists.items()}

    def __getattr__(self, name: str):
        return getattr(self._pipeline, name)

    def rank(self, request: Request, profile, *others, **options) -> Ranking:
        assert (profile, request.user_id, request.diversity) == (None, None, 0.0)
        [liked] = request.liked
        return Ranking(tuple(RankedItem(row, 0.5) for row in self._lists[liked][: request.k]), Strategy.SEEDS)


@pytest.fixture(scope="module")
def result(bench):
    rest = list(range(40, 50))
    lists = {
        0: [1, 2, *rest],  # both, in order
        3: [5, *rest, 4],  # the third first, the second too late
        6: [7, *rest],  # there is no third
        8: [*rest, *rest],  # neither
    }
    return sequels(replace(bench, pipeline=ListedPipeline(bench, lists)), SERIES, 20.0, kit.Listening())


def test_the_second_film_must_be_in_the_first_ten(result, bench):
    assert result.models["pipeline"].second.mean == 0.5
    assert result.missed == (bench.bundle.catalogue.titles[4], bench.bundle.catalogue.titles[9])


def test_the_order_counts_if_both_films_are_listed(result, bench):
    in_order = result.models["pipeline"].in_order
    assert (in_order.mean, in_order.n) == (0.5, 2)
    assert result.swapped == (bench.bundle.catalogue.titles[5],)


def test_baselines_rank_for_a_person_who_likes_the_first_film_alone(result, bench):
    shown = [MostLiked(bench).best(bench.people.fan_of(np.array([first], np.int32)), 10) for first, *_ in SERIES]
    hits = [rows[1] in ranked for rows, ranked in zip(SERIES, shown, strict=True)]
    assert result.models["popularity"].second.mean == sum(hits) / 4
    assert list(result.models) == ["pipeline", "popularity", "plain EASE"]
    for other, ahead in result.ahead.items():
        assert ahead.mean == pytest.approx(0.5 - result.models[other].second.mean)


def test_the_real_pipeline_answers(bench):
    progress = kit.Listening()
    result = sequels(bench, SERIES, 20.0, progress)
    assert 0 <= result.models["pipeline"].second.mean <= 1
    assert progress.heard[-1] == ("sequels", 4, 4)


def test_reports(result):
    tables = list(result.tables())
    assert [len(table.rows) for table in tables] == [3, 2, 1]
    assert all(len(row) == len(tables[0].headings) for row in tables[0].rows)
    assert len(list(result.bars())) == 2
    assert ("pipeline", "second", result.models["pipeline"].second) in list(result.figures())
    assert [len(panel.bars) for panel in result.panels()] == [3]
