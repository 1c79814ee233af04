"""Two sides over the invented films, on A's rows, and the moves by hand."""

from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate.compare.measure import _moves, compare
from data_jobs.evaluate.compare.sides import Side, SideKind
from data_jobs.evaluate.held_out_people import on_rows_of
from data_jobs.evaluate.metrics import ndcg
from data_jobs.evaluate.ranking_models import PipelineModel
from data_jobs.evaluate.split import without
from data_jobs.report import Silent
from services.recommender.domain.request import Preset
from tests.data_jobs.evaluate import kit


def test_figures_are_those_of_the_lists_that_the_api_returns(compared, sides, holdout):
    a, b = sides
    cases = a.bench.people.cases(holdout.relevant)
    for side, mean in ((a, compared.figure("NDCG@10").a), (b, compared.figure("NDCG@10").b)):
        lists = [PipelineModel(side.bench).best(case.profile, 10) for case in cases]
        pairs = zip(lists, cases, strict=True)
        assert mean == pytest.approx(np.mean([ndcg(rows, case.relevant, 10) for rows, case in pairs]))


def test_taste_finds_more_than_popularity_and_the_verdict_says_so(compared):
    assert compared.figure("NDCG@10").b_less_a.low > 0
    assert compared.verdict.startswith("whole finds more than famous: NDCG@10 0.")
    assert compared.gained > compared.lost
    assert compared.gained + compared.lost + compared.even == compared.people == len(compared.gains)


def test_a_side_against_itself_changes_nothing(sides, holdout):
    result = compare(sides[1], sides[1], holdout.relevant, "random", Silent())
    assert all(each.b_less_a.mean == each.b_less_a.low == each.b_less_a.high == 0 for each in result.figures)
    assert result.moves.same == 1
    assert result.moves.shift == 0
    assert result.moves.places[0] == 1
    assert (result.risen, result.fallen, result.best, result.worst) == ((), (), (), ())
    assert result.even == result.people
    assert result.verdict.startswith("No difference beyond chance")


def test_people_are_counted_once_in_every_distribution(compared):
    assert sum(compared.moves.common) == compared.people
    assert sum(group.b_less_a.n for group in compared.groups) == compared.people
    assert sum(compared.moves.places) == pytest.approx(1)
    for which in ("a", "b"):
        assert sum(getattr(band, which) for band in compared.bands) == pytest.approx(1)


def test_risen_and_fallen_films_have_their_numbers_of_lists(compared):
    assert all(film.b > film.a for film in compared.risen)
    assert all(film.b < film.a for film in compared.fallen)
    changes = [film.b - film.a for film in compared.risen]
    assert changes == sorted(changes, reverse=True)


def test_examples_show_the_largest_gains_with_the_hidden_likes(compared, holdout):
    first = compared.best[0]
    assert first.gain == max(compared.gains)
    assert compared.worst == () or compared.worst[0].gain == min(compared.gains)
    assert {film.title for film in first.b if film.hit} <= set(first.hidden)
    assert len(first.hidden) + first.more_hidden == len(holdout.relevant[first.user_id])
    assert all(title.endswith(")") for title in first.newest)
    places = {film.title: at for at, film in enumerate(first.a, 1)}
    assert all(film.other == places[film.title] for film in first.b if film.title in places)


def test_a_bundle_with_another_order_of_films_gives_the_same_figures(bench, holdout, tmp_path):
    """Rows differ from bundle to bundle, so lists are translated before they are compared."""
    fewer = np.array([user % 2 == 0 for user in holdout.training.events.user.tolist()])
    other = kit.workshop(tmp_path, vectors=False).make(without(holdout.training, fewer))
    other = replace(other, dataset=on_rows_of(other.bundle.catalogue, holdout.training))
    assert list(other.bundle.catalogue.item_ids) != list(bench.bundle.catalogue.item_ids)
    a = Side("all", SideKind.BUNDLE, Preset.DEFAULT, bench)
    b = Side("half", SideKind.BUNDLE, Preset.DEFAULT, other)
    forward, back = (compare(*sides, holdout.relevant, "random", Silent()) for sides in ((a, b), (b, a)))
    assert forward.figure("NDCG@10").b == pytest.approx(back.figure("NDCG@10").a)
    assert forward.figure("Recall@10").a == pytest.approx(back.figure("Recall@10").b)
    assert forward.moves.kept == pytest.approx(back.moves.kept)
    assert [film.b - film.a for film in forward.risen] == [film.a - film.b for film in back.fallen]
    assert sorted(forward.gains) == pytest.approx(sorted(-gain for gain in back.gains))


class TestMoves:
    def test_places_overlap_and_shift_by_hand(self):
        a = np.arange(50, dtype=np.int32)
        b = a.copy()
        b[[0, 1]] = 1, 0  # two films swap places
        b[[2, 30]] = 30, 2  # one leaves the ten
        b[9] = 99  # one is missing
        result = _moves([a], [b])
        assert result.places == pytest.approx((0.6, 0.2, 0, 0, 0.1, 0.1))
        assert result.common == (0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0)
        assert result.kept == pytest.approx({"first film": 0, "first 10": 0.8, "first 50": 0.98})
        assert result.shift == pytest.approx((1 + 1 + 28 + 28) / 49)
        assert result.same == 0

    def test_short_lists_are_no_error(self):
        short = np.array([3, 1], np.int32)
        assert _moves([short], [short]).kept["first 50"] == 1
