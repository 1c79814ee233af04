import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.request import Strategy
from services.recommender.domain.weights import Weights
from services.recommender.stages.plan import make_plan
from services.recommender.stages.taste import fold_in
from tests.builders import make_catalogue, person

CATALOGUE = make_catalogue(60)


def taste(likes: int):
    return fold_in(CATALOGUE, person(*[f"f{i}" for i in range(likes)]).history)


@pytest.mark.parametrize(
    ("likes", "query", "stored", "strategy"),
    [
        (0, None, True, Strategy.POPULAR),
        (3, None, True, Strategy.PERSONAL),
        (3, None, False, Strategy.SEEDS),
        (3, "heist", True, Strategy.QUERY),
        (0, "heist", False, Strategy.QUERY),
    ],
)
def test_the_strategy_names_what_the_answer_is_made_from(likes, query, stored, strategy):
    assert make_plan(Weights(), taste(likes), query, stored).strategy is strategy


@given(st.integers(1, 60))
def test_the_tables_share_what_is_collaborative(likes):
    plan = make_plan(Weights(), taste(likes), None, stored=True)
    assert plan.main + plan.short == pytest.approx(1)
    assert plan.popularity == pytest.approx(1.1 / (1 + (likes / 3) ** 2.5))


@given(st.integers(1, 59))
def test_the_main_table_gains_with_every_like(likes):
    fewer, more = (make_plan(Weights(), taste(n), None, stored=True) for n in (likes, likes + 1))
    assert more.main > fewer.main or more.main == 1


def test_a_table_of_less_than_one_in_a_hundred_is_left_out():
    assert make_plan(Weights(), taste(1), None, stored=True).main == 0
    assert make_plan(Weights(), taste(40), None, stored=True).short == 0


def test_at_the_half_both_tables_weigh_the_same():
    plan = make_plan(Weights(blend_half=8.0), taste(8), None, stored=True)
    assert plan.main == pytest.approx(plan.short)


def test_without_a_taste_nothing_personal_is_asked_for():
    plan = make_plan(Weights(), taste(0), None, stored=True)
    assert (plan.main, plan.short, plan.content, plan.traits, plan.dislike) == (0, 0, 0, 0, 0)
    assert plan.popularity == pytest.approx(1.1)


def test_text_is_asked_for_with_a_query_only():
    assert make_plan(Weights(), taste(3), None, stored=True).text == 0
    assert make_plan(Weights(), taste(3), "heist", stored=True).text > 0
