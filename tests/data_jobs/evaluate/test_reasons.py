"""Reasons of whole profiles and of a few likes, counted."""

from dataclasses import replace

import pytest

from data_jobs.evaluate.few_likes import WHOLE_PROFILE, cut
from data_jobs.evaluate.reasons import ALL, reasons
from services.recommender.domain.request import ReasonKind
from tests.data_jobs.evaluate import kit


@pytest.fixture(scope="module")
def listening():
    return kit.Listening()


@pytest.fixture(scope="module")
def found(bench, listening):
    return reasons(bench, 0, listening)


def of(found, tastes: str):
    return next(each for each in found.sizes if each.tastes == tastes)


def test_every_person_gives_five_answers_a_size(bench, found, listening):
    assert [each.tastes for each in found.sizes] == ["1 like", "3 likes", "5 likes", "10 likes", WHOLE_PROFILE, ALL]
    assert of(found, WHOLE_PROFILE).answers == 5 * kit.VIEWERS
    assert of(found, "10 likes").answers == 5 * len(cut(bench.people, range(kit.VIEWERS), 10, 0))
    assert of(found, ALL).answers == sum(each.answers for each in found.sizes[:-1])
    assert listening.heard[-1] == ("reasons, people", kit.VIEWERS, kit.VIEWERS)


def test_a_person_counts_once(found):
    assert of(found, WHOLE_PROFILE).first_largest.n == kit.VIEWERS


def test_what_is_not_popular_first_is_the_taste(found):
    for each in found.sizes:
        mixed = each.popular.mean * each.popular_true.mean + (1 - each.popular.mean) * each.personal_true.mean
        assert each.first_largest.mean <= mixed + 0.1  # the very term is asked for, and means are over people
        assert each.films_fall.n == each.films_largest.n


def test_what_did_not_hold_is_put_into_words(found):
    everything = of(found, ALL)
    for shares, words in (
        ((everything.popular_true, everything.personal_true), found.misnamed),
        ((everything.films_fall, everything.films_largest, everything.traits_fall), found.wrong),
    ):
        assert bool(words) == any(share.mean < 1 for share in shares if share.n)


def test_a_pipeline_that_calls_everything_popular_is_found_out(bench):
    class Flattering(kit.Asked):
        def rank(self, request, *others, **options):
            ranking = super().rank(request, *others, **options)
            popular = {"kind": ReasonKind.POPULAR, "item_id": None}
            said = [tuple(each._replace(**popular) for each in item.reasons) for item in ranking.items]
            items = tuple(replace(item, reasons=why) for item, why in zip(ranking.items, said, strict=True))
            return replace(ranking, items=items)

    found = reasons(replace(bench, pipeline=Flattering(bench.pipeline)), 0, kit.Listening())
    everything = of(found, ALL)
    assert everything.popular.mean == 1
    assert everything.popular_true.mean < 0.5
    assert everything.films_fall.n == 0
    assert [bar.met for bar in found.bars()] == [False, True, True, True, True]


def test_reports(found):
    table = next(iter(found.tables()))
    assert len(table.rows) == 6
    assert all(len(row) == len(table.headings) for row in table.rows)
    assert ("pipeline", "popular first, 3 likes", of(found, "3 likes").popular) in list(found.figures())
    assert [len(panel.bars) for panel in found.panels()] == [6]
