"""The traits signal: the traits that a film shares with the taste."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.request import Strategy
from services.recommender.domain.weights import Weights
from services.recommender.reasons.leave_one_out import leave_out
from services.recommender.signals import Inputs
from services.recommender.signals.plan import Plan
from services.recommender.signals.traits import TraitMatch
from services.recommender.taste.fold_in import Taste
from tests.recommender.handmade import (
    EVEN,
    Film,
    bundle_of,
    taste_of,
    trait_names,
    trait_rows,
    with_rows,
    without_film,
)
from tests.recommender.worlds import make_inputs

# Three films by one director, each with its own subject; then one more by that director, one about the first film's
# subject, and one that shares nothing.
HEIST, TAXI, DUEL, BY_DIRECTOR, ABOUT_HEIST, OTHER = range(6)
FILMS = [
    Film(traits={"director: Ada Ford": 0.5, "keyword: heist": 0.75}, popularity=1.0),
    Film(traits={"director: Ada Ford": 0.5, "keyword: taxi": 0.75}, popularity=1.0),
    Film(traits={"director: Ada Ford": 0.5, "keyword: duel": 0.75}, popularity=1.0),
    Film(traits={"director: Ada Ford": 0.5, "keyword: sea": 0.75}, popularity=2.0),
    Film(traits={"director: Bo Kubrick": 0.25, "keyword: heist": 1.0, "keyword: taxi": 0.25}, popularity=0.5),
    Film(traits={"director: Bo Kubrick": 0.25}, popularity=3.0),
]
NAMES = trait_names(FILMS)
EVERY = np.arange(len(FILMS), dtype=np.int32)
ALL_THREE = taste_of([HEIST, TAXI, DUEL])


def inputs_of(taste: Taste, weight: float = 1.0, films: list[Film] = FILMS, constants: Weights = EVEN) -> Inputs:
    plan = Plan(Strategy.PERSONAL, traits=weight)
    return with_rows(make_inputs(taste, bundle_of(films), constants, plan), trait_rows(films))


def signal(taste: Taste, **options) -> TraitMatch:
    return TraitMatch.of(inputs_of(taste, **options))


def scores(taste: Taste, **options) -> list[float]:
    return signal(taste, **options).scores(EVERY).tolist()


def parts_by_hand(films: list[Film], liked: dict[int, float], weight: float) -> list[dict[str, float]]:
    """Return what each trait of each film adds to its score by the formula, one film and trait at a time."""
    total = sum(liked.values())
    mean = {
        name: sum(w * films[row].traits.get(name, 0.0) for row, w in liked.items()) / total
        for name in trait_names(films)
    }
    return [{name: weight * mean[name] * value for name, value in film.traits.items()} for film in films]


class TestScores:
    def test_scores_are_the_mean_overlap_with_the_likes(self):
        # By the director: .5 x .5 with all three. About the heist: 1 x .75 with one of three, .25 x .75 with another.
        result = scores(ALL_THREE)
        assert result[BY_DIRECTOR] == pytest.approx(0.25)
        assert result[ABOUT_HEIST] == pytest.approx((0.75 + 0.1875) / 3)
        assert result[OTHER] == 0

    def test_a_like_counts_by_its_weight(self):
        assert scores(taste_of([HEIST, TAXI], base=[1.0, 0.25]), weight=2.0)[ABOUT_HEIST] == pytest.approx(
            2 * (1.0 * 0.75 + 0.25 * 0.1875) / 1.25
        )

    def test_is_missing_without_a_weight(self):
        assert TraitMatch.of(inputs_of(ALL_THREE, weight=0.0)) is None

    def test_is_computed_for_candidates_only(self):
        assert signal(ALL_THREE).dense() is None

    def test_without_traits_scores_are_zero(self):
        bare = [Film(), Film()]
        result = TraitMatch.of(inputs_of(taste_of([0]), films=bare))
        rows = np.array([0, 1], np.int32)
        assert result.scores(rows).tolist() == [0, 0]
        assert result.contributions(rows).tolist() == [[0, 0]]


def test_without_events_scores_are_scaled_by_acclaim():
    quiet = [replace(film, events=0, acclaim=0.5) for film in FILMS]
    assert scores(ALL_THREE, films=quiet)[BY_DIRECTOR] == pytest.approx(0.125)


def all_but(*kinds: str) -> np.ndarray:
    """Return the traits of all other kinds, which may not be named."""
    return np.array([trait for trait, name in enumerate(NAMES) if name.split(": ")[0] not in kinds], np.int32)


class TestStrongest:
    def test_is_the_trait_that_adds_the_most_with_its_amount(self):
        traits, shares = signal(ALL_THREE).strongest(EVERY, all_but("director", "keyword"))
        assert NAMES[traits[ABOUT_HEIST]] == "keyword: heist"
        assert shares[ABOUT_HEIST] == pytest.approx(0.25)

    def test_ignores_traits_that_may_not_be_named(self):
        traits, shares = signal(ALL_THREE).strongest(EVERY[:1], all_but("keyword"))
        assert NAMES[traits[0]] == "keyword: heist"
        assert shares == pytest.approx([0.75 * 0.25])

    def test_of_a_film_that_shares_nothing_has_amount_zero(self):
        _, shares = signal(ALL_THREE).strongest(np.array([OTHER], np.int32), all_but("director", "keyword"))
        assert shares.tolist() == [0]


values = st.dictionaries(
    st.sampled_from(["director: a", "director: b", "genre: c", "keyword: d", "cast: e"]),
    st.sampled_from([0.25, 0.5, 0.75, 1.0]),
    max_size=4,
)
drawn = st.lists(st.builds(Film, traits=values, popularity=st.sampled_from([0.0, 0.5, 2.0])), min_size=5, max_size=5)
likes = st.dictionaries(st.integers(0, 4), st.sampled_from([0.1, 0.3, 1.0, 1.3]), min_size=1)


class TestInvariants:
    @given(drawn, likes, st.floats(0.1, 4))
    def test_scores_are_the_sum_over_traits_and_the_strongest_adds_the_most(self, films, liked, weight):
        rows, names = np.arange(5, dtype=np.int32), trait_names(films)
        result = signal(taste_of(list(liked), list(liked.values())), weight=weight, films=films)
        parts = parts_by_hand(films, liked, weight)
        tolerance = 1e-4 * weight
        assert result.scores(rows) == pytest.approx([sum(part.values()) for part in parts], abs=tolerance)
        traits, shares = result.strongest(rows, np.empty(0, np.int32))
        for part, trait, share in zip(parts, traits.tolist(), shares.tolist(), strict=True):
            assert share == pytest.approx(max(part.values(), default=0.0), abs=tolerance)
            if part:
                assert part[names[trait]] == pytest.approx(share, abs=tolerance)

    @given(drawn, likes, st.floats(0.1, 4), st.sets(st.integers(0, 4)))
    def test_parts_are_what_the_given_traits_add(self, films, liked, weight, chosen):
        rows, names = np.arange(5, dtype=np.int32), trait_names(films)
        ids = np.array(sorted(trait for trait in chosen if trait < len(names)), np.int32)
        result = signal(taste_of(list(liked), list(liked.values())), weight=weight, films=films)
        expected = [[part.get(names[trait], 0.0) for trait in ids] for part in parts_by_hand(films, liked, weight)]
        assert result.parts(rows, ids) == pytest.approx(np.array(expected).reshape(5, len(ids)), abs=1e-4 * weight)

    @given(drawn, likes, st.floats(0.1, 4))
    def test_contributions_of_the_likes_add_up_to_the_score(self, films, liked, weight):
        rows, total = np.arange(5, dtype=np.int32), sum(liked.values())
        result = signal(taste_of(list(liked), list(liked.values())), weight=weight, films=films)
        expected = [
            [
                weight
                * w
                / total
                * sum(value * films[row].traits.get(name, 0.0) for name, value in film.traits.items())
                for film in films
            ]
            for row, w in liked.items()
        ]
        parts = result.contributions(rows)
        assert parts == pytest.approx(np.array(expected), abs=1e-4 * weight)
        assert parts.sum(axis=0) == pytest.approx(result.scores(rows), abs=1e-4 * weight)

    @given(drawn, likes, st.booleans())
    def test_without_a_film_equals_the_signal_of_the_taste_without_it(self, films, liked, whole):
        rows, fading = np.arange(5, dtype=np.int32), Weights(recency_floor=0.25, recency_span=2.0, mature_events=0.0)
        taste = taste_of(list(liked), list(liked.values()), list(range(len(liked))))
        inputs = inputs_of(taste, films=films, constants=fading)
        left_out = np.arange(0, len(liked), 1 if whole else 2, dtype=np.int32)
        result = TraitMatch.of(inputs).without(rows, leave_out(taste, fading, left_out))
        for at, index in enumerate(left_out.tolist()):
            expected = TraitMatch.of(without_film(inputs, index)).scores(rows)
            assert result[at] == pytest.approx(expected, abs=1e-4)

    @given(drawn, likes, st.permutations(range(5)))
    def test_scores_do_not_depend_on_the_order_of_the_catalogue(self, films, liked, order):
        moved = [films[row] for row in order]
        here = signal(taste_of(list(liked), list(liked.values())), films=films)
        there = signal(taste_of([order.index(row) for row in liked], list(liked.values())), films=moved)
        result = there.scores(np.arange(5, dtype=np.int32))
        assert result == pytest.approx(here.scores(np.array(order, np.int32)), abs=1e-5)
