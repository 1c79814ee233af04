"""What is like a disliked film sinks: by the weight of the plan at most, whoever else disliked what."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.events import Event, EventKind
from services.recommender.domain.profile import Profile
from services.recommender.domain.request import Strategy
from services.recommender.reasons.leave_one_out import leave_out
from services.recommender.signals.dislikes import Dislikes
from services.recommender.signals.plan import Plan
from services.recommender.signals.signal import Cause
from services.recommender.taste.fold_in import Taste, fold_in
from tests.builders import apply_all
from tests.recommender.handmade import EVEN, Film, TableEntries, bundle_of, taste_of
from tests.recommender.worlds import make_inputs

# Five films of the tables, then two outside: film 5 is half film 0, film 6 a quarter of film 1.
BORROWING = {5: {0: 0.5}, 6: {1: 0.25}}
MAIN = {(0, 1): 0.5, (0, 2): 0.25, (0, 3): -0.75, (1, 0): 0.5, (1, 2): 0.5}
FILMS = 7


def signal(taste: Taste, weight: float = 1.0, main: TableEntries = MAIN) -> Dislikes | None:
    bundle = bundle_of([Film()] * FILMS, main, dict.fromkeys(main, 9.0), borrowing=BORROWING)
    return Dislikes.of(make_inputs(taste, bundle, EVEN, Plan(Strategy.PERSONAL, dislike=weight)))


def scores(taste: Taste, weight: float = 1.0, main: TableEntries = MAIN) -> list[float]:
    return signal(taste, weight, main).scores(np.arange(FILMS, dtype=np.int32)).tolist()


def by_hand(disliked: dict[int, float], main: TableEntries) -> list[float]:
    """Each disliked film's positive row over the mean of its five entries, weighed, summed, and 1 at most."""
    penalty = [0.0] * FILMS
    for row, weight in disliked.items():
        for home, share in BORROWING.get(row, {row: 1.0}).items():
            raised = [max(main.get((home, other), 0.0), 0.0) for other in range(5)]
            mean = sum(raised) / 5
            for other, value in enumerate(raised):
                penalty[other] += weight * share * value / mean if mean else 0.0
    penalty = [min(value, 1.0) for value in penalty]
    for row, neighbours in BORROWING.items():
        penalty[row] = sum(share * penalty[home] for home, share in neighbours.items())
    return [-value for value in penalty]


def test_films_like_the_disliked_one_sink_and_the_others_stay():
    # Row 0: .5, .25 and a negative one that counts nothing; mean of five .15; weighed with .1.
    assert scores(taste_of([], disliked=[0], dislike_weights=[0.1])) == pytest.approx(
        [0, -1 / 3, -1 / 6, 0, 0, 0, 0.25 * -1 / 3], rel=1e-3
    )


def test_never_by_more_than_the_weight_of_the_plan():
    assert scores(taste_of([], disliked=[0, 1]), weight=2.0)[:5] == [-2, -2, -2, 0, 0]


def test_a_disliked_film_outside_the_tables_stands_for_its_neighbours():
    outside = scores(taste_of([], disliked=[5], dislike_weights=[0.2]))
    inside = scores(taste_of([], disliked=[0], dislike_weights=[0.1]))
    assert outside == pytest.approx(inside, rel=1e-3)


def test_a_low_rating_says_a_quarter_of_a_dislike():
    catalogue = bundle_of([Film()] * FILMS).catalogue
    rated = fold_in(catalogue, apply_all(Profile("ann"), [Event("f0", EventKind.RATING, 1.0, 1)]).history)
    spoken = taste_of([], disliked=[0], dislike_weights=[0.25])
    assert scores(rated) == pytest.approx(scores(spoken))


def test_a_film_that_nothing_is_like_lowers_nothing():
    assert scores(taste_of([], disliked=[4])) == [0] * FILMS


def test_is_not_asked_for_without_a_weight():
    assert signal(taste_of([], disliked=[0]), weight=0.0) is None


def test_no_film_of_the_taste_is_a_reason_for_it():
    result = signal(taste_of([1], disliked=[0]))
    rows = np.array([1, 2], np.int32)
    assert result.cause is Cause.CATALOGUE
    assert result.contributions(rows) is None
    assert result.without(rows, leave_out(taste_of([1]), EVEN, np.array([0], np.int32))) is None


def test_is_known_of_every_film_in_the_space_of_the_tables():
    result = signal(taste_of([], disliked=[0], dislike_weights=[0.1]))
    dense = result.dense()
    assert dense.in_tables
    # Position 4 is row 0: the tables of these worlds run backwards.
    assert dense.values[::-1] == pytest.approx([0, -1 / 3, -1 / 6, 0, 0], rel=1e-3)


cells = st.sampled_from([-0.5, 0.0, 0.125, 0.25, 0.5])
tables = st.fixed_dictionaries({(one, other): cells for one in range(5) for other in range(5) if one != other})


@given(tables, st.dictionaries(st.integers(0, 6), st.sampled_from([0.05, 0.25, 1.0]), max_size=7))
def test_equals_the_sum_over_disliked_films(main, disliked):
    result = scores(taste_of([], disliked=list(disliked), dislike_weights=list(disliked.values())), main=main)
    assert result == pytest.approx(by_hand(disliked, main), abs=1e-4)
