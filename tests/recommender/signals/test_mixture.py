"""The mixture: a film's score is the sum of its terms, which candidates, shown signals and reasons all use."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommender.domain.request import Strategy
from services.recommender.reasons.leave_one_out import leave_out
from services.recommender.signals import Inputs, Mixture, TraitMatch, mixture_of
from services.recommender.signals.collaborative import Collaborative
from services.recommender.signals.content import Content
from services.recommender.signals.plan import Plan
from services.recommender.signals.popularity import Popularity
from services.recommender.signals.signal import Cause, Dense, Floats, LeftOut, Rows
from services.recommender.taste.fold_in import fold_in
from tests.builders import make_bundle, person
from tests.recommender.handmade import EVEN, Film, bundle_of, matches_of, taste_of, without_film
from tests.recommender.worlds import BUNDLES, FILMS, bundles, likes, make_inputs, weights


def floats(*values: float) -> Floats:
    return np.array(values, np.float32)


@dataclass(frozen=True, eq=False)
class FixedSignal:
    """A signal of three films with given scores ``own`` [films] and contributions ``added`` [likes][films]."""

    name: str
    own: Floats
    added: Floats | None = None
    cause: Cause = Cause.TASTE
    in_tables: bool | None = None

    def dense(self) -> Dense | None:
        return None if self.in_tables is None else Dense(self.own, self.in_tables)

    def scores(self, rows: Rows) -> Floats:
        return self.own[rows]

    def contributions(self, rows: Rows) -> Floats | None:
        return None if self.added is None else self.added[:, rows]

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:
        return None if self.added is None else self.own[rows] - self.added[left_out.films][:, rows]


class OtherSignal(FixedSignal):
    """A signal of another kind."""


# Row 2 is outside the tables and borrows half of row 0; positions 0 and 1 are rows 1 and 0.
TABLES = bundle_of([Film()] * 3, borrowing={2: {0: 0.5}}).collaborative
EVERY = np.arange(3, dtype=np.int32)
PERSONAL = FixedSignal("personal", floats(4, 2, 0), np.array([[3, 0, 0], [1, 2, 0]], np.float32), in_tables=None)
FAMOUS = FixedSignal("famous", floats(1, 1, 1), floats(9, 9, 9)[None, :], Cause.CATALOGUE, in_tables=False)
TABLED = OtherSignal("tabled", floats(10, 20), in_tables=True)
BOTH_LEFT_OUT = leave_out(taste_of([0, 1]), EVEN, np.array([0, 1], np.int32))


class TestFind:
    def test_returns_the_signal_of_a_kind(self):
        mixture = Mixture(TABLES, (FAMOUS, TABLED))
        assert mixture.find(OtherSignal) is TABLED
        assert mixture.find(FixedSignal) is FAMOUS, "the first of several"

    def test_returns_none_if_the_kind_has_no_weight(self):
        assert Mixture(TABLES, (FAMOUS,)).find(OtherSignal) is None
        assert Mixture(TABLES, ()).find(FixedSignal) is None

    def test_finds_exactly_the_signals_of_a_request(self):
        bundle = bundle_of([Film(traits={"genre: Western": 1.0}, vector=(5,))] * 3)
        plan = Plan(Strategy.PERSONAL, main=1.0, traits=1.0)
        mixture = mixture_of(make_inputs(taste_of([0]), bundle, EVEN, plan))
        for kind in (Collaborative, TraitMatch, Popularity):
            assert type(mixture.find(kind)) is kind
        assert mixture.find(Content) is None


class TestBase:
    def test_adds_dense_signals_and_lets_films_outside_the_tables_borrow(self):
        result = Mixture(TABLES, (PERSONAL, FAMOUS, TABLED)).base()
        # Personal, which is for candidates only: 0. Famous: 1 each. Tabled: 20, 10, and half of 20.
        assert result.tolist() == [21, 11, 11]

    def test_a_factor_applies_to_signals_but_not_to_query_terms(self):
        mixture = Mixture(TABLES, (FAMOUS,), {"match": floats(0, 5, 0)}, floats(1, 0.5, 0))
        assert mixture.base().tolist() == [1, 5.5, 0]

    def test_changes_no_signal(self):
        own = FAMOUS.own.copy()
        Mixture(TABLES, (FAMOUS, FAMOUS), factor=floats(0, 0, 0)).base()
        assert FAMOUS.own.tolist() == own.tolist()

    def test_without_signals_is_zero(self):
        assert Mixture(TABLES, ()).base().tolist() == [0, 0, 0]


class TestTerms:
    def test_are_each_signals_scores_by_name(self):
        result = Mixture(TABLES, (PERSONAL, FAMOUS)).terms(np.array([1, 0], np.int32))
        assert {name: values.tolist() for name, values in result.items()} == {"personal": [2, 4], "famous": [1, 1]}

    def test_a_factor_scales_the_signals_and_query_terms_are_added(self):
        mixture = Mixture(TABLES, (PERSONAL,), {"match": floats(7, 8, 9)}, floats(0.5, 0.25, 1))
        result = mixture.terms(np.array([1, 0], np.int32))
        assert {name: values.tolist() for name, values in result.items()} == {"personal": [0.5, 2], "match": [8, 7]}

    def test_given_terms_have_no_influence(self):
        mixture = Mixture.of_terms(TABLES, {"text": floats(1, 2, 3), "age": floats(0, 0, 1)}, floats(1, 1, 0.5))
        result = mixture.terms(EVERY)
        assert {name: values.tolist() for name, values in result.items()} == {"text": [1, 2, 1.5], "age": [0, 0, 0.5]}
        assert mixture.base().tolist() == [1, 2, 2]
        assert mixture.influence(EVERY, BOTH_LEFT_OUT) == {}


class TestContributions:
    def test_are_those_of_taste_signals_only(self):
        added = replace(PERSONAL, name="more", added=np.array([[0, 0, 5], [0, 0, 0]], np.float32))
        result = Mixture(TABLES, (PERSONAL, FAMOUS, added)).contributions(EVERY, 2)
        assert result.tolist() == [[3, 0, 5], [1, 2, 0]]

    def test_are_scaled_by_the_factor(self):
        result = Mixture(TABLES, (PERSONAL,), factor=floats(0.5, 0, 1)).contributions(np.array([0, 1], np.int32), 2)
        assert result.tolist() == [[1.5, 0], [0.5, 0]]

    def test_are_zero_without_taste_signals(self):
        assert Mixture(TABLES, (FAMOUS,)).contributions(EVERY, 2).tolist() == [[0, 0, 0], [0, 0, 0]]


class TestInfluence:
    def test_is_the_fall_of_each_term_without_each_like(self):
        result = Mixture(TABLES, (PERSONAL, FAMOUS)).influence(EVERY, BOTH_LEFT_OUT)
        assert {name: fall.tolist() for name, fall in result.items()} == {"personal": [[3, 0, 0], [1, 2, 0]]}

    def test_is_scaled_by_the_factor(self):
        result = Mixture(TABLES, (PERSONAL,), factor=floats(0.5, 0, 1)).influence(
            np.array([0, 1], np.int32), BOTH_LEFT_OUT
        )
        assert result["personal"].tolist() == [[1.5, 0], [0.5, 0]]


class TestMixtureOf:
    BUNDLE = bundle_of([Film(popularity=value) for value in (2.0, 1.0, 0.0)])
    PLAN = Plan(Strategy.PERSONAL, popularity=1.0)

    def inputs(self, **changed) -> Inputs:
        return replace(make_inputs(taste_of([0]), self.BUNDLE, EVEN, self.PLAN), **changed)

    def test_without_a_query_the_factor_is_that_of_familiarity(self):
        assert mixture_of(self.inputs(), floats(1, 0.5, 0)).terms(EVERY)["popularity"].tolist() == [2, 0.5, 0]

    def test_with_a_query_the_taste_counts_by_how_well_a_film_matches(self):
        matches = matches_of(3, share=floats(0, 0.5, 1), words=floats(0, 0, 1))
        terms = mixture_of(self.inputs(matches=matches)).terms(EVERY)
        assert terms["popularity"].tolist() == [0, 0.5, 0]
        assert terms["words"].tolist() == [0, 0, 1]

    def test_with_a_query_familiarity_scales_the_taste_but_not_the_match(self):
        matches = matches_of(3, share=floats(0, 0.5, 1), words=floats(0, 0, 1))
        terms = mixture_of(self.inputs(matches=matches), floats(1, 0.5, 0.25)).terms(EVERY)
        assert terms["popularity"].tolist() == [0, 0.25, 0]
        assert terms["words"].tolist() == [0, 0, 1]


ALL = np.arange(FILMS, dtype=np.int32)
SMALL = make_bundle()


def taste(rows: list[int]):
    return fold_in(SMALL.catalogue, person(*[f"f{row}" for row in rows]).history)


films = st.builds(
    Film,
    traits=st.dictionaries(st.sampled_from(["director: a", "genre: b", "keyword: c"]), st.just(1.0), max_size=2),
    # Never opposite vectors: if a sum cancels out, its direction is rounding error.
    vector=st.tuples(st.integers(1, 5), st.integers(-5, 5)),
    events=st.sampled_from([0, 1, 30]),
    popularity=st.sampled_from([0.0, 1.0, 2.0]),
    series=st.integers(0, 1),
    part=st.integers(1, 3),
    genres=st.sampled_from([(), ("Drama",), ("Horror",), ("Animation", "Drama")]),
)
worlds = st.lists(films, min_size=5, max_size=5)
tables = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), st.sampled_from([-0.5, 0.25, 0.5, 1.0]), max_size=10
)


class TestInvariants:
    @given(likes, weights, bundles, st.floats(0, 1), st.booleans())
    @settings(max_examples=25)
    def test_influences_add_up_to_the_fall_of_the_score(self, rows, constants, world, clear, gated):
        inputs = make_inputs(taste(rows), BUNDLES[world], constants, clear=clear)
        factor = np.linspace(0, 1, FILMS).astype(np.float32) if gated else None
        mixture = mixture_of(inputs, factor)
        whole = sum(mixture.terms(ALL).values())
        left_out = np.arange(len(rows), dtype=np.int32)
        falls = np.zeros((len(rows), FILMS))
        for part in mixture.influence(ALL, leave_out(inputs.taste, constants, left_out)).values():
            falls += part
        for index in range(len(rows)):
            rest = sum(mixture_of(without_film(inputs, index), factor).terms(ALL).values())
            # The references of the tables are computed over their best 100 only.
            largest = 1 + float(np.abs(whole).max())
            assert falls[index] == pytest.approx(whole - rest, abs=0.02 * largest)

    @given(
        likes, weights, bundles, st.floats(0, 1), st.sampled_from(["traits", "content", "novelty", "sequels", "main"])
    )
    @settings(max_examples=25)
    def test_a_signal_without_a_weight_removes_only_its_own_term(self, rows, constants, world, clear, name):
        inputs = make_inputs(taste(rows), BUNDLES[world], constants, clear=clear)
        inputs = replace(inputs, plan=replace(inputs.plan, short=0.0))
        less = replace(inputs, plan=replace(inputs.plan, **{name: 0.0}))
        whole, rest = (mixture_of(of_plan).terms(ALL) for of_plan in (inputs, less))
        removed = "collaborative" if name == "main" else name
        assert removed not in rest
        assert rest.keys() == whole.keys() - {removed}
        for term, values in rest.items():
            assert values.tolist() == whole[term].tolist()

    @given(worlds, tables, tables, st.dictionaries(st.integers(0, 4), st.sampled_from([0.25, 1.0, 1.25]), min_size=1),
           st.sets(st.integers(0, 4), min_size=2), st.permutations(range(5)))  # fmt: skip
    def test_terms_do_not_depend_on_the_order_of_the_catalogue(self, films, main, short, liked, disliked, order):
        plan = Plan(
            Strategy.PERSONAL, main=0.75, short=0.5, popularity=0.5, traits=1.0, content=0.5, novelty=0.5, sequels=0.5,
            dislike=0.5, lift=0.5, fame=0.5, concept=0.5, aversion=0.5, dissonance=0.5,
            tone=0.5, esteem=0.5,
        )  # fmt: skip

        def terms(place: list[int]) -> dict[str, Floats]:
            """Return the terms of the same films, with film i in row ``place[i]``."""
            moved = [films[place.index(row)] for row in range(5)]
            here, there = ({(place[a], place[b]): v for (a, b), v in table.items()} for table in (main, short))
            taste = taste_of(
                [place[row] for row in liked], list(liked.values()), disliked=[place[row] for row in disliked]
            )
            inputs = make_inputs(taste, bundle_of(moved, here, there), EVEN, plan)
            return mixture_of(inputs).terms(np.array(place, np.int32))

        original, permuted = terms(list(range(5))), terms(list(order))
        assert original.keys() == permuted.keys()
        for name, values in original.items():
            assert permuted[name] == pytest.approx(values, abs=2e-3 * (1 + float(np.abs(values).max())))
