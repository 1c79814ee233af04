"""The shares of true reasons for whole profiles and for a few likes."""

from dataclasses import replace

import pytest

from data_jobs.evaluate.few_likes import WHOLE_PROFILE, cut
from data_jobs.evaluate.parts.reasons import ALL, reasons
from services.recommender.domain.request import ReasonKind
from tests.data_jobs.evaluate import kit


@pytest.fixture(scope="module")
def listening():
    return kit.Listening()


@pytest.fixture(scope="module")
def result(bench, listening):
    return reasons(bench, 0, listening)


def of(result, tastes: str):
    return next(each for each in result.sizes if each.tastes == tastes)


def test_five_films_are_checked_per_person_and_size(bench, result, listening):
    assert [each.tastes for each in result.sizes] == ["1 like", "3 likes", "5 likes", "10 likes", WHOLE_PROFILE, ALL]
    assert of(result, WHOLE_PROFILE).answers == 5 * kit.VIEWERS
    assert of(result, "10 likes").answers == 5 * len(cut(bench.people, range(kit.VIEWERS), 10, 0))
    assert of(result, ALL).answers == sum(each.answers for each in result.sizes[:-1])
    assert listening.heard[-1] == ("reasons, people", kit.VIEWERS, kit.VIEWERS)


def test_a_person_counts_once(result):
    assert of(result, WHOLE_PROFILE).first_largest.n == kit.VIEWERS


def test_first_reasons_are_popularity_or_the_taste(result):
    for size in result.sizes:
        mixed = size.popular.mean * size.popular_true.mean + (1 - size.popular.mean) * size.personal_true.mean
        assert size.first_largest.mean <= mixed + 0.1  # the term itself must match, and means are over people
        assert size.films_fall.n == size.films_largest.n


def test_failures_are_described(result):
    all_sizes = of(result, ALL)
    for shares, words in (
        ((all_sizes.popular_true, all_sizes.personal_true), result.misnamed),
        ((all_sizes.films_fall, all_sizes.films_largest, all_sizes.traits_fall), result.wrong),
    ):
        assert bool(words) == any(share.mean < 1 for share in shares if share.n)


def test_a_pipeline_that_calls_everything_popular_fails(bench):
    class Flattering(kit.RecordingPipeline):
        def rank(self, request, *others, **options):
            ranking = super().rank(request, *others, **options)
            popular = {"kind": ReasonKind.POPULAR, "item_id": None}
            reasons_of_items = [tuple(each._replace(**popular) for each in item.reasons) for item in ranking.items]
            items = tuple(replace(item, reasons=why) for item, why in zip(ranking.items, reasons_of_items, strict=True))
            return replace(ranking, items=items)

    result = reasons(replace(bench, pipeline=Flattering(bench.pipeline)), 0, kit.Listening())
    all_sizes = of(result, ALL)
    assert all_sizes.popular.mean == 1
    assert all_sizes.popular_true.mean < 0.5
    assert all_sizes.films_fall.n == 0
    assert [bar.met for bar in result.bars()] == [False, True, True, True, True]


def test_reports(result):
    table = next(iter(result.tables()))
    assert len(table.rows) == 6
    assert all(len(row) == len(table.headings) for row in table.rows)
    assert ("pipeline", "popular first, 3 likes", of(result, "3 likes").popular) in list(result.figures())
    assert [len(panel.bars) for panel in result.panels()] == [6]
