"""Focused tastes: what is counted, for whom, and against what."""

from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate.focused import MODELS, Focused, focused
from data_jobs.evaluate.tastes import draw
from services.recommender.domain.request import RankedItem, Ranking, Request, Strategy
from tests.data_jobs.evaluate import kit


class Knowing:
    """A pipeline that knows what else is liked, and remembers what it was asked."""

    def __init__(self, fold) -> None:
        self._pipeline = fold.bench.pipeline
        self._ids = fold.bench.bundle.catalogue.item_ids
        self._answers = iter(draw(fold, 3))
        self.asked: list[Request] = []

    def __getattr__(self, name: str):
        return getattr(self._pipeline, name)

    def rank(self, request: Request, profile, *others, **options) -> Ranking:
        assert profile is None
        self.asked.append(request)
        taste = next(self._answers)
        assert request.liked == tuple(self._ids[row] for row in taste.known.tolist())
        return Ranking(tuple(RankedItem(int(row), 0.5) for row in taste.of_trait[:10]), Strategy.SEEDS)


@pytest.fixture(scope="module")
def knowing(folds):
    watched = [replace(fold, bench=replace(fold.bench, pipeline=Knowing(fold))) for fold in folds]
    return focused(watched, 3, kit.Listening()), watched


def test_who_knows_everything_finds_everything(knowing):
    [found] = knowing[0].kinds
    assert found.models["pipeline"].recall.mean == 1
    assert 0 < found.models["popularity"].recall.mean < 1


def test_likes_are_given_in_the_request_and_no_person(knowing):
    _, watched = knowing
    requests = [request for fold in watched for request in fold.bench.pipeline.asked]
    assert requests
    assert {(request.user_id, len(request.liked), request.k, request.diversity) for request in requests} == {
        (None, 3, 10, 0.0)
    }


def test_a_person_counts_once(knowing):
    found, watched = knowing
    people = {taste.code for fold in watched for taste in draw(fold, 3)}
    [of_kind] = found.kinds
    assert of_kind.models["pipeline"].recall.n == len(people) < of_kind.cases


def test_the_share_of_the_list_that_has_the_trait(knowing, folds):
    means: dict[int, list[float]] = {}
    for fold in folds:
        for taste in draw(fold, 3):
            shown = fold.models[1].best(taste.profile, 10)
            means.setdefault(taste.code, []).append(np.isin(shown, taste.films).mean())
    [found] = knowing[0].kinds
    assert found.models["popularity"].share.mean == pytest.approx(np.mean([np.mean(each) for each in means.values()]))


def test_differences_are_those_of_the_figures(folds):
    progress = kit.Listening()
    [found] = focused(folds, 3, progress).kinds
    assert set(found.models) == set(MODELS)
    assert progress.heard[-1][1] == progress.heard[-1][2]
    for other in MODELS[1:]:
        for metric in ("recall", "share", "ndcg"):
            mine, theirs = (getattr(found.models[model], metric).mean for model in ("pipeline", other))
            assert getattr(found.ahead[other], metric).mean == pytest.approx(mine - theirs)


def test_reports(knowing):
    found: Focused = knowing[0]
    [table] = found.tables()
    assert [row[3] for row in table.rows] == list(MODELS)
    assert all(len(row) == len(table.headings) for row in table.rows)
    assert [bar.met for bar in found.bars()] == [True, True]
    assert [len(panel.bars) for panel in found.panels()] == [3]
    assert ("pipeline", "recall, director", found.kinds[0].models["pipeline"].recall) in list(found.figures())
