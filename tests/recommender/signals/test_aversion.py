"""Aversion: films with what the disliked films share score less, unless likes share it too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.request import Strategy
from services.recommender.reasons.leave_one_out import leave_out
from services.recommender.signals.dislikes import LIKED, Aversion
from services.recommender.signals.plan import Plan
from services.recommender.taste.fold_in import Taste
from tests.recommender.handmade import EVEN, Film, bundle_of, taste_of
from tests.recommender.worlds import make_inputs

HORROR, SPACE, WESTERN = "genre: Horror", "genre: Science Fiction", "genre: Western"
SEVENTIES = "decade: 1970s"


def about(*traits: str) -> Film:
    return Film(traits=dict.fromkeys(traits, 1.0))


# Two horror films in space, then films that are both, one, the other, neither; and many more.
DISLIKED, BOTH, HORROR_ONLY, SPACE_ONLY, NEITHER = [0, 1], 2, 3, 4, 5
FILMS = [
    about(HORROR, SPACE, SEVENTIES), about(HORROR, SPACE, SEVENTIES), about(HORROR, SPACE), about(HORROR),
    about(SPACE), about(WESTERN), about(SPACE), about(SPACE), about(SEVENTIES), *[about(WESTERN)] * 20,
]  # fmt: skip


def signal(taste: Taste, weight: float = 1.0, films: list[Film] = FILMS) -> Aversion | None:
    return Aversion.of(make_inputs(taste, bundle_of(films), EVEN, Plan(Strategy.PERSONAL, aversion=weight)))


def scores(taste: Taste, weight: float = 1.0, films: list[Film] = FILMS) -> list[float]:
    result = signal(taste, weight, films)
    assert result is not None
    return result.scores(np.arange(len(films), dtype=np.int32)).tolist()


def test_films_with_the_shared_traits_of_disliked_films_score_less():
    result = scores(taste_of([], disliked=DISLIKED))
    assert result[BOTH] < result[HORROR_ONLY] < -0.3
    assert result[NEITHER] == 0


def test_a_like_reduces_the_aversion_to_traits_it_shares():
    without, liked = scores(taste_of([], disliked=DISLIKED)), scores(taste_of([6, 7], disliked=DISLIKED))
    assert liked[SPACE_ONLY] > 0.5 * without[SPACE_ONLY]
    assert liked[HORROR_ONLY] < without[HORROR_ONLY]


def test_a_decade_causes_no_aversion():
    assert scores(taste_of([], disliked=DISLIKED))[8] == 0


def test_is_never_below_minus_the_weight():
    assert min(scores(taste_of([], disliked=DISLIKED), weight=2.5)) >= -2.5


@pytest.mark.parametrize(
    ("taste", "weight"),
    [
        (taste_of([], disliked=[0]), 1.0),
        (taste_of([], disliked=[0, 5]), 1.0),
        (taste_of([], disliked=DISLIKED), 0.0),
        # Low ratings, whose weights add up to a quarter.
        (taste_of([], disliked=DISLIKED, dislike_weights=[0.125, 0.125]), 1.0),
    ],
)
def test_is_missing_without_shared_traits_or_a_weight_and_for_low_ratings(taste, weight):
    assert signal(taste, weight) is None


names = st.sampled_from([HORROR, SPACE, WESTERN, "keyword: ship", "director: Ada Ford"])
worlds = st.lists(st.builds(Film, traits=st.dictionaries(names, st.just(1.0))), min_size=8, max_size=8)


class TestInvariants:
    @given(worlds, st.permutations(range(8)), st.integers(0, 4), st.integers(2, 4))
    def test_without_a_like_equals_the_signal_of_the_taste_without_it(self, films, order, likes, dislikes):
        liked, disliked = order[:likes], order[likes : likes + dislikes]
        taste, rows = taste_of(liked, disliked=disliked), np.arange(8, dtype=np.int32)
        result = signal(taste, films=films)
        if result is None or not liked:
            return
        left_out = leave_out(taste, EVEN, np.arange(len(liked), dtype=np.int32))
        without = result.without(rows, left_out)
        for index in range(len(liked)):
            rest = [row for row in liked if row != liked[index]]
            expected = scores(taste_of(rest, disliked=disliked), films=films)
            assert without[index].tolist() == pytest.approx(expected, abs=1e-5)

    @given(worlds, st.permutations(range(8)))
    def test_a_like_never_increases_the_aversion_to_itself(self, films, order):
        disliked, liked = order[:3], order[3]
        if signal(taste_of([], disliked=disliked), films=films) is None:
            return
        before = scores(taste_of([], disliked=disliked), films=films)[liked]
        after = scores(taste_of([liked], disliked=disliked), films=films)[liked]
        assert LIKED < 1
        assert after >= before - 1e-6
