"""Dislikes: films similar to a disliked one score less, by the plan's weight at most."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.history import Event, EventKind
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
    """Return the penalties by the formula: each disliked film's positive row, divided by the mean of its five entries,
    weighted and summed, at most 1.
    """
    penalty = [0.0] * FILMS
    for row, weight in disliked.items():
        for home, share in BORROWING.get(row, {row: 1.0}).items():
            entries = [max(main.get((home, film), 0.0), 0.0) for film in range(5)]
            mean = sum(entries) / 5
            for film, value in enumerate(entries):
                penalty[film] += weight * share * value / mean if mean else 0.0
    penalty = [min(value, 1.0) for value in penalty]
    for row, neighbours in BORROWING.items():
        penalty[row] = sum(share * penalty[home] for home, share in neighbours.items())
    return [-value for value in penalty]


def test_only_films_similar_to_the_disliked_one_score_less():
    # Row 0: .5, .25 and a negative entry that counts 0; the mean of five is .15; the weight is .1.
    assert scores(taste_of([], disliked=[0], dislike_weights=[0.1])) == pytest.approx(
        [0, -1 / 3, -1 / 6, 0, 0, 0, 0.25 * -1 / 3], rel=1e-3
    )


def test_is_never_below_minus_the_weight():
    assert scores(taste_of([], disliked=[0, 1]), weight=2.0)[:5] == [-2, -2, -2, 0, 0]


def test_a_disliked_film_outside_the_tables_counts_by_its_neighbours():
    outside = scores(taste_of([], disliked=[5], dislike_weights=[0.2]))
    inside = scores(taste_of([], disliked=[0], dislike_weights=[0.1]))
    assert outside == pytest.approx(inside, rel=1e-3)


def test_a_low_rating_counts_a_quarter_of_a_dislike():
    catalogue = bundle_of([Film()] * FILMS).catalogue
    rated = fold_in(catalogue, apply_all(Profile("ann"), [Event("f0", EventKind.RATING, 1.0, 1)]).history)
    quarter = taste_of([], disliked=[0], dislike_weights=[0.25])
    assert scores(rated) == pytest.approx(scores(quarter))


def test_a_disliked_film_without_similar_films_lowers_nothing():
    assert scores(taste_of([], disliked=[4])) == [0] * FILMS


def test_is_missing_without_a_weight():
    assert signal(taste_of([], disliked=[0]), weight=0.0) is None


def test_its_cause_is_the_catalogue_and_not_the_taste():
    result = signal(taste_of([1], disliked=[0]))
    rows = np.array([1, 2], np.int32)
    assert result.cause is Cause.CATALOGUE
    assert result.contributions(rows) is None
    assert result.without(rows, leave_out(taste_of([1]), EVEN, np.array([0], np.int32))) is None


def test_dense_scores_are_by_position_in_the_tables():
    result = signal(taste_of([], disliked=[0], dislike_weights=[0.1]))
    dense = result.dense()
    assert dense.in_tables
    # Position 4 is row 0: in these worlds positions are the rows in reverse order.
    assert dense.values[::-1] == pytest.approx([0, -1 / 3, -1 / 6, 0, 0], rel=1e-3)


cells = st.sampled_from([-0.5, 0.0, 0.125, 0.25, 0.5])
tables = st.fixed_dictionaries({(row, column): cells for row in range(5) for column in range(5) if row != column})


@given(tables, st.dictionaries(st.integers(0, 6), st.sampled_from([0.05, 0.25, 1.0]), max_size=7))
def test_equals_the_formula_by_hand(main, disliked):
    result = scores(taste_of([], disliked=list(disliked), dislike_weights=list(disliked.values())), main=main)
    assert result == pytest.approx(by_hand(disliked, main), abs=1e-4)
