"""Focused tastes: requests, figures and reports."""

from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate.parts.focused import MODELS, Focused, focused
from data_jobs.evaluate.parts.tastes import draw
from services.recommender.domain.request import RankedItem, Ranking, Request, Strategy
from tests.data_jobs.evaluate import kit


class OraclePipeline:
    """A pipeline that returns the other likes, and records its requests."""

    def __init__(self, fold) -> None:
        self._pipeline = fold.bench.pipeline
        self._ids = fold.bench.bundle.catalogue.item_ids
        self._answers = iter(draw(fold, 3))
        self.requests: list[Request] = []

    def __getattr__(self, name: str):
        return getattr(self._pipeline, name)

    def rank(self, request: Request, profile, *others, **options) -> Ranking:
        assert profile is None
        self.requests.append(request)
        taste = next(self._answers)
        assert request.liked == tuple(self._ids[row] for row in taste.known_likes.tolist())
        return Ranking(tuple(RankedItem(int(row), 0.5) for row in taste.of_trait[:10]), Strategy.SEEDS)


@pytest.fixture(scope="module")
def oracle(folds):
    recorded = [replace(fold, bench=replace(fold.bench, pipeline=OraclePipeline(fold))) for fold in folds]
    return focused(recorded, 3, kit.Listening()), recorded


def test_a_pipeline_that_knows_the_other_likes_finds_them_all(oracle):
    [result] = oracle[0].kinds
    assert result.models["pipeline"].recall.mean == 1
    assert 0 < result.models["popularity"].recall.mean < 1


def test_likes_are_sent_in_the_request_without_a_user_id(oracle):
    _, recorded = oracle
    requests = [request for fold in recorded for request in fold.bench.pipeline.requests]
    assert requests
    assert {(request.user_id, len(request.liked), request.k, request.diversity) for request in requests} == {
        (None, 3, 10, 0.0)
    }


def test_a_person_counts_once(oracle):
    result, recorded = oracle
    people = {taste.code for fold in recorded for taste in draw(fold, 3)}
    [of_kind] = result.kinds
    assert of_kind.models["pipeline"].recall.n == len(people) < of_kind.cases


def test_the_share_of_the_list_that_has_the_trait(oracle, folds):
    means: dict[int, list[float]] = {}
    for fold in folds:
        for taste in draw(fold, 3):
            shown = fold.models[1].best(taste.profile, 10)
            means.setdefault(taste.code, []).append(np.isin(shown, taste.films).mean())
    [result] = oracle[0].kinds
    assert result.models["popularity"].share.mean == pytest.approx(np.mean([np.mean(each) for each in means.values()]))


def test_differences_are_those_of_the_figures(folds):
    progress = kit.Listening()
    [result] = focused(folds, 3, progress).kinds
    assert set(result.models) == set(MODELS)
    assert progress.heard[-1][1] == progress.heard[-1][2]
    for baseline_name in MODELS[1:]:
        for metric in ("recall", "share", "ndcg"):
            pipeline, baseline = (getattr(result.models[model], metric).mean for model in ("pipeline", baseline_name))
            assert getattr(result.ahead[baseline_name], metric).mean == pytest.approx(pipeline - baseline)


def test_reports(oracle):
    result: Focused = oracle[0]
    [table] = result.tables()
    assert [row[3] for row in table.rows] == list(MODELS)
    assert all(len(row) == len(table.headings) for row in table.rows)
    assert [bar.met for bar in result.bars()] == [True, True]
    assert [len(panel.bars) for panel in result.panels()] == [3]
    assert ("pipeline", "recall, director", result.kinds[0].models["pipeline"].recall) in list(result.figures())
