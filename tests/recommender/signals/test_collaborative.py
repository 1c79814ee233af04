"""The collaborative signal: two item-item tables, each on its own scale, and lift against fame."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.request import Strategy
from services.recommender.domain.weights import Weights
from services.recommender.reasons.leave_one_out import leave_out
from services.recommender.signals import Inputs
from services.recommender.signals.collaborative import Collaborative
from services.recommender.signals.plan import Plan
from services.recommender.taste.fold_in import Taste
from tests.builders import make_bundle
from tests.recommender.handmade import EVEN, Film, TableEntries, bundle_of, taste_of, without_film
from tests.recommender.worlds import make_inputs

# Five films of the tables, then two outside: film 5 is half film 0, film 6 a quarter of film 1 and half film 3.
TABLED, FILMS = 5, 7
BORROWING = {5: {0: 0.5}, 6: {1: 0.25, 3: 0.5}}
MAIN = {(0, 2): 0.5, (0, 3): 0.25, (1, 2): 0.5, (1, 4): -0.25}
SHORT = {(0, 3): 0.5, (1, 4): 0.25}
EVERY = np.arange(FILMS, dtype=np.int32)


def bundle_with(
    main: TableEntries = MAIN, short: TableEntries = SHORT, events: Mapping[int, int] | None = None
) -> Bundle:
    films = [Film(events=(events or {}).get(row, 1)) for row in range(FILMS)]
    return bundle_of(films, main, short, borrowing=BORROWING)


def plan(main: float = 1.0, short: float = 0.0, lift: float = 0.0) -> Plan:
    return Plan(Strategy.PERSONAL, main=main, short=short, lift=lift)


def inputs_of(taste: Taste, request_plan: Plan, bundle: Bundle | None = None, constants: Weights = EVEN) -> Inputs:
    return make_inputs(taste, bundle or bundle_with(), constants, request_plan)


def scores(taste: Taste, request_plan: Plan, bundle: Bundle | None = None) -> list[float]:
    return Collaborative.of(inputs_of(taste, request_plan, bundle)).scores(EVERY).tolist()


def parts_by_hand(
    taste: Mapping[int, float],
    tables: list[tuple[float, TableEntries]],
    lift: Mapping[int, float] | None = None,
) -> list[list[float]]:
    """Return what each film of the taste adds to each film by the formula, in plain Python, one cell at a time."""
    parts = [[0.0] * FILMS for _ in taste]
    for share, entries in tables:
        terms = [[0.0] * TABLED for _ in taste]
        for at, (row, weight) in enumerate(taste.items()):
            for home, stands_for in BORROWING.get(row, {row: 1.0}).items():
                for column in range(TABLED):
                    value = weight * stands_for * entries.get((home, column), 0.0)
                    terms[at][column] += value * (lift or {}).get(column, 1.0)
        sums = [sum(column) for column in zip(*terms, strict=True)] if terms else [0.0] * TABLED
        reference = sum(max(value, 0.0) for value in sums) / TABLED
        for at in range(len(terms)):
            for film in range(FILMS):
                for home, borrowed in BORROWING.get(film, {film: 1.0}).items():
                    if reference > 0:
                        parts[at][film] += share * borrowed * terms[at][home] / reference
    return parts


def sums_of(parts: list[list[float]]) -> list[float]:
    return [sum(column) for column in zip(*parts, strict=True)]


class TestScores:
    def test_entries_of_both_likes_add_up(self):
        # Sums 1, .25 and -.25 at rows 2, 3 and 4: the mean of the positive ones over five films is .25.
        assert scores(taste_of([0, 1]), plan())[:5] == pytest.approx([0, 0, 4, 1, -1])

    def test_each_table_is_scaled_separately_and_counts_by_its_share(self):
        # Main as above. Short: .5 and .25 at rows 3 and 4, mean .15.
        result = scores(taste_of([0, 1]), plan(main=0.6, short=0.4))
        assert result[2:5] == pytest.approx(
            [0.6 * 4, 0.6 * 1 + 0.4 * 0.5 / 0.15, 0.6 * -1 + 0.4 * 0.25 / 0.15], rel=1e-3
        )

    def test_the_scale_of_a_table_does_not_matter(self):
        doubled = {pair: 2 * value for pair, value in MAIN.items()}
        assert scores(taste_of([0, 1]), plan(), bundle_with(doubled)) == scores(taste_of([0, 1]), plan())

    def test_a_film_counts_by_its_weight_in_the_taste(self):
        # 1.3 x row 0 and .3 x row 1: .8, .325 and -.075.
        result = scores(taste_of([0, 1], base=[1.3, 0.3]), plan())
        assert result[2:5] == pytest.approx([0.8 / 0.225, 0.325 / 0.225, -0.075 / 0.225], rel=1e-5)

    def test_old_likes_count_less_than_new_ones(self):
        fading = Weights(recency_floor=0.0, recency_span=1.0, mature_events=0.0)
        inputs = inputs_of(taste_of([0, 1], ranks=[3, 0]), plan(short=1.0, main=0.0), constants=fading)
        old = 0.5 * np.exp(-3)
        expected = [old / ((old + 0.25) / 5), 0.25 / ((old + 0.25) / 5)]
        assert Collaborative.of(inputs).scores(EVERY)[3:5] == pytest.approx(expected, rel=1e-5)

    def test_a_film_outside_the_tables_borrows_from_its_neighbours(self):
        result = scores(taste_of([0, 1]), plan())
        assert result[5:] == pytest.approx([0.5 * result[0], 0.25 * result[1] + 0.5 * result[3]])

    def test_a_like_outside_the_tables_counts_by_its_neighbours(self):
        assert scores(taste_of([5]), plan()) == pytest.approx(scores(taste_of([0]), plan()))
        # With another like it counts by its neighbour's share: .25 at row 2 and .125 at row 3.
        assert scores(taste_of([5, 1]), plan())[2:5] == pytest.approx([0.75 / 0.175, 0.125 / 0.175, -0.25 / 0.175])

    def test_a_like_without_entries_scores_zero(self):
        assert scores(taste_of([4]), plan()) == [0] * FILMS

    def test_negative_entries_alone_score_zero(self):
        assert scores(taste_of([0]), plan(), bundle_with({(0, 2): -0.5})) == [0] * FILMS


class TestLift:
    def test_of_two_equal_entries_the_less_known_film_scores_more(self):
        # (1 + 60 / 20) ** -.5 = .5 for the well-known film, 1 for the one without events.
        bundle = bundle_with({(0, 2): 0.5, (0, 3): 0.5}, events={2: 60, 3: 0})
        result = scores(taste_of([0]), plan(lift=0.5), bundle)
        # .25 and .5, and a mean of .15.
        assert result[2:4] == pytest.approx([0.25 / 0.15, 0.5 / 0.15], rel=1e-5)

    def test_does_nothing_at_weight_0(self):
        bundle = bundle_with({(0, 2): 0.5, (0, 3): 0.5}, events={2: 60, 3: 0})
        result = scores(taste_of([0]), plan(lift=0.0), bundle)
        assert result[2] == result[3]

    def test_at_low_maturity_entries_are_scaled_by_acclaim(self):
        bundle = bundle_with({(0, 2): 0.5, (0, 3): 0.5}, events=dict.fromkeys(range(FILMS), 2))
        bundle = replace(bundle, acclaim=np.array([1, 1, 0.5, 2, 1, 1, 1], np.float32))
        # Each event has one other event on its film, and mature_events is 1: half acclaim, half 1.
        inputs = inputs_of(taste_of([0]), plan(), bundle, Weights(recency_floor=1.0, mature_events=1.0))
        low, high = 0.5 * 0.75, 0.5 * 1.5
        mean = (low + high) / 5
        assert Collaborative.of(inputs).scores(EVERY)[2:4] == pytest.approx([low / mean, high / mean], rel=1e-5)


class TestWeights:
    def test_is_missing_without_a_share(self):
        assert Collaborative.of(inputs_of(taste_of([0]), plan(main=0.0))) is None

    @pytest.mark.parametrize("table", ["main", "short"])
    def test_a_table_without_a_share_is_not_read(self, table):
        bundle = bundle_with()
        getattr(bundle.collaborative, table).values[:] = np.nan
        request_plan = plan(main=float(table != "main"), short=float(table != "short"))
        signal = Collaborative.of(inputs_of(taste_of([0, 1]), request_plan, bundle))
        left_out = leave_out(taste_of([0, 1]), EVEN, np.array([0, 1], np.int32))
        for result in (signal.scores(EVERY), signal.contributions(EVERY), signal.without(EVERY, left_out)):
            assert np.isfinite(result).all()
            assert result.any()

    def test_dense_scores_are_by_position_in_the_tables(self):
        signal = Collaborative.of(inputs_of(taste_of([0, 1]), plan()))
        assert signal.dense().in_tables
        # Position 4 is row 0: in these worlds positions are the rows in reverse order.
        assert signal.dense().values[::-1] == pytest.approx([0, 0, 4, 1, -1])


class TestWithout:
    def test_without_the_only_like_scores_are_zero(self):
        result = Collaborative.of(inputs_of(taste_of([0]), plan())).without(
            EVERY, leave_out(taste_of([0]), EVEN, np.array([0], np.int32))
        )
        assert result.tolist() == [[0] * FILMS]

    def test_without_a_like_its_entries_are_lost_and_the_scale_changes(self):
        result = Collaborative.of(inputs_of(taste_of([0, 1]), plan())).without(
            EVERY, leave_out(taste_of([0, 1]), EVEN, np.array([0, 1], np.int32))
        )
        # Without film 0: .5 and -.25, mean .1. Without film 1: .5 and .25, mean .15.
        assert result[0, 2:5] == pytest.approx([5, 0, -2.5])
        assert result[1, 2:5] == pytest.approx([0.5 / 0.15, 0.25 / 0.15, 0], rel=1e-5)

    def test_a_taste_without_positive_scores_may_have_some_without_a_like(self):
        # Together -.25 and -.25; without film 0 .25 and 0, whose mean is .05; without film 1 nothing above 0.
        bundle = bundle_with({(0, 2): -0.5, (0, 3): -0.25, (1, 2): 0.25})
        signal = Collaborative.of(inputs_of(taste_of([0, 1]), plan(), bundle))
        assert not signal.scores(EVERY).any()
        result = signal.without(EVERY, leave_out(taste_of([0, 1]), EVEN, np.array([0, 1], np.int32)))
        assert result[:, 2:4] == pytest.approx(np.array([[5, 0], [0, 0]]))

    @pytest.mark.parametrize("weight", [0.1, 0.3, 1.0, 1.15, 1.3])
    @pytest.mark.parametrize("exponent", np.linspace(0.05, 1, 12).tolist())
    def test_rounding_errors_of_negative_scores_are_not_scaled_up(self, weight, exponent):
        bundle = bundle_with({(0, 2): -0.3, (0, 3): -0.1, (0, 4): -0.5}, events={2: 1, 3: 20, 4: 300})
        signal = Collaborative.of(inputs_of(taste_of([0], [weight]), plan(lift=exponent), bundle))
        result = signal.without(EVERY, leave_out(taste_of([0], [weight]), EVEN, np.array([0], np.int32)))
        assert result.tolist() == [[0] * FILMS]

    @given(st.integers(0, 3), st.lists(st.integers(0, 119), min_size=2, max_size=6, unique=True))
    @settings(max_examples=20)
    def test_in_larger_tables_it_is_exact_if_all_films_are_requested(self, seed, rows):
        bundle, every = make_bundle(), np.arange(120, dtype=np.int32)
        generator = np.random.default_rng(seed)
        bundle.collaborative.main.values[:] = generator.normal(0, 0.3, (108, 108))
        inputs = make_inputs(taste_of(rows, ranks=list(range(len(rows)))), bundle, EVEN, plan(main=0.7, short=0.3))
        left_out = np.arange(len(rows), dtype=np.int32)
        result = Collaborative.of(inputs).without(every, leave_out(inputs.taste, EVEN, left_out))
        for index in range(len(rows)):
            expected = Collaborative.of(without_film(inputs, index)).scores(every)
            assert result[index] == pytest.approx(expected, abs=1e-3)


cells = st.sampled_from([-0.5, -0.25, 0.0, 0.0, 0.25, 0.5, 1.0])
raising = st.fixed_dictionaries(
    {(row, column): cells for row in range(TABLED) for column in range(TABLED) if row != column}
)
# Binary fractions: sums that cancel out are exactly 0, so no rounding error can be scaled up.
tastes = st.dictionaries(st.integers(0, FILMS - 1), st.sampled_from([0.125, 0.25, 1.0, 1.25]), min_size=1)
crowds = st.fixed_dictionaries({row: st.sampled_from([0, 1, 20, 300]) for row in range(TABLED)})


def lifts(events: Mapping[int, int], exponent: float) -> dict[int, float]:
    return {row: (1 + count / 20) ** -exponent for row, count in events.items()}


class TestInvariants:
    @given(raising, raising, tastes, crowds, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
    def test_scores_and_contributions_equal_the_formula_by_hand(
        self, main, short, taste, events, main_share, short_share, lift
    ):
        bundle = bundle_with(main, short, events)
        expected = parts_by_hand(taste, [(main_share, main), (short_share, short)], lifts(events, lift))
        signal = Collaborative.of(
            inputs_of(taste_of(list(taste), list(taste.values())), plan(main_share, short_share, lift), bundle)
        )
        if signal is None:
            assert main_share == short_share == 0
            return
        largest = 1 + float(np.abs(expected).max())
        assert signal.scores(EVERY) == pytest.approx(sums_of(expected), abs=1e-4 * largest)
        assert signal.contributions(EVERY) == pytest.approx(np.array(expected), abs=1e-4 * largest)

    @given(raising, raising, tastes, crowds, st.floats(0, 1), st.booleans())
    def test_without_a_film_equals_the_signal_of_the_taste_without_it(self, main, short, taste, events, lift, whole):
        rows, base = list(taste), list(taste.values())
        fading = Weights(recency_floor=0.25, recency_span=2.0, mature_events=0.0)
        bundle = bundle_with(main, short, events)
        inputs = inputs_of(taste_of(rows, base, list(range(len(rows)))), plan(1.0, 0.5, lift), bundle, fading)
        left_out = np.arange(0, len(rows), 1 if whole else 2, dtype=np.int32)
        result = Collaborative.of(inputs).without(EVERY, leave_out(inputs.taste, fading, left_out))
        for at, index in enumerate(left_out.tolist()):
            expected = Collaborative.of(without_film(inputs, index)).scores(EVERY)
            assert result[at] == pytest.approx(expected, abs=2e-3 * (1 + float(np.abs(expected).max())))

    @given(raising, tastes, st.integers(0, FILMS - 1))
    def test_a_films_score_without_a_like_does_not_depend_on_the_other_films_requested(self, main, taste, film):
        # Tables without negative entries: no film enters the best because a like is left out.
        bundle = bundle_with({pair: abs(value) for pair, value in main.items()})
        whole = taste_of(list(taste), list(taste.values()))
        signal = Collaborative.of(inputs_of(whole, plan(), bundle))
        left_out = leave_out(whole, EVEN, np.arange(len(taste), dtype=np.int32))
        alone = signal.without(np.array([film], np.int32), left_out)
        assert alone[:, 0] == pytest.approx(signal.without(EVERY, left_out)[:, film], abs=1e-4)

    @given(raising, tastes, st.permutations(range(TABLED)))
    def test_scores_do_not_depend_on_the_order_of_the_catalogue(self, main, taste, order):
        moved = {row: order[row] if row < TABLED else row for row in range(FILMS)}
        renamed = {(moved[row], moved[column]): value for (row, column), value in main.items()}
        borrowing = {row: {moved[home]: share for home, share in result.items()} for row, result in BORROWING.items()}
        there = bundle_of([Film()] * FILMS, renamed, borrowing=borrowing)
        here = scores(taste_of(list(taste), list(taste.values())), plan(), bundle_with(main))
        result = scores(taste_of([moved[row] for row in taste], list(taste.values())), plan(), there)
        assert [result[moved[row]] for row in range(FILMS)] == pytest.approx(
            here, abs=1e-4 * (1 + float(np.abs(here).max()))
        )
