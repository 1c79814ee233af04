"""The concept of a taste: films with the traits that the liked films have in common."""

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.request import Strategy
from services.recommender.reasons.leave_one_out import leave_out
from services.recommender.signals import Inputs
from services.recommender.signals.concept import CHANCE, Concept
from services.recommender.signals.plan import Plan
from services.recommender.taste.fold_in import Taste
from tests.recommender.handmade import EVEN, Film, bundle_of, taste_of
from tests.recommender.worlds import make_inputs

PRIORS = {"genre": 0.25, "decade": 0.15, "language": 0.15, "director": 0.15, "keyword": 0.75, "cast": 0.1, "era": 0.02}


def about(*traits: str) -> Film:
    return Film(traits=dict.fromkeys(traits, 1.0))


FRENCH, SIXTIES, CRIME, BRIDE = "language: French", "decade: 1960s", "genre: Crime", "keyword: bride"
ERA = "era: 1950s and 1960s"
# Three French films of the 1960s, then films with both traits, one, the other and neither, and many more with neither.
LIKED, BOTH, FRENCH_ONLY, SIXTIES_ONLY, NEITHER = [0, 1, 2], 3, 4, 5, 6
FILMS = [
    about(FRENCH, SIXTIES, CRIME), about(FRENCH, SIXTIES, BRIDE), about(FRENCH, SIXTIES), about(FRENCH, SIXTIES),
    about(FRENCH), about(SIXTIES), about(CRIME), *[about(CRIME)] * 13,
]  # fmt: skip


def inputs_of(films: list[Film], taste: Taste, weight: float = 1.0, fame: float = 0.0) -> Inputs:
    return make_inputs(taste, bundle_of(films), EVEN, Plan(Strategy.SEEDS, concept=weight, fame=fame))


def scores(films: list[Film], taste: Taste, weight: float = 1.0) -> list[float]:
    return Concept.of(inputs_of(films, taste, weight)).scores(np.arange(len(films), dtype=np.int32)).tolist()


def test_films_with_all_shared_traits_come_before_films_with_half_of_them():
    result = scores(FILMS, taste_of(LIKED))
    assert result[BOTH] > 0.7
    assert result[BOTH] > max(result[FRENCH_ONLY], result[SIXTIES_ONLY]) > result[NEITHER] == 0


def test_films_of_adjacent_decades_share_an_era():
    fifties = "decade: 1950s"
    films = [about(CRIME, fifties, ERA), about(CRIME, SIXTIES, ERA), about(CRIME, SIXTIES, ERA), about(CRIME, ERA),
             about(CRIME), *[Film()] * 20, *[about(CRIME)] * 15]  # fmt: skip
    of_the_era, later = scores(films, taste_of([0, 1, 2]))[3:5]
    assert of_the_era > 1.3 * later > 0


def test_a_trait_of_a_single_liked_film_counts_nothing():
    films = [about(FRENCH, CRIME), about(FRENCH, BRIDE), about(CRIME), about(BRIDE), *[Film()] * 16]
    assert scores(films, taste_of([0, 1]))[2:4] == [0, 0]


def test_a_taste_that_shares_nothing_scores_zero():
    assert not any(scores([about(FRENCH), about(CRIME), about(FRENCH), about(CRIME)], taste_of([0, 1])))


def test_a_rare_shared_trait_scores_more_than_a_common_one():
    # Two of twenty are by the director, and twelve are crime.
    director = "director: Ada Ford"
    films = [*[about(director, CRIME)] * 2, about(director), *[about(CRIME)] * 12, *[Film()] * 5]
    result = scores(films, taste_of([0, 1]))
    assert result[2] > 3 * result[3] > 0


def test_two_concepts_in_one_taste_both_score():
    films = [*[about(FRENCH)] * 3, *[about(BRIDE)] * 3, about(FRENCH), about(BRIDE), *[Film()] * 300]
    french, bride, none = np.array(scores(films, taste_of(range(6))))[[6, 7, 8]].tolist()
    assert (french, bride) == (pytest.approx(bride, rel=0.2), pytest.approx(french, rel=0.2))
    assert french > 0.3
    assert none == 0


def test_more_liked_films_of_a_kind_raise_the_score():
    films = [*[about(FRENCH)] * 5, *[Film()] * 15]
    result = [scores(films, taste_of(range(likes)))[4] for likes in (2, 3, 4)]
    assert result == sorted(result)
    assert result[0] < result[2]


def test_the_frequency_of_a_trait_is_weighted_by_popularity():
    # There are as many crime films as French ones, but crime films are watched far more.
    films = [
        *[Film(traits={FRENCH: 1.0, CRIME: 1.0}, popularity=0.1)] * 2,
        *[Film(traits={FRENCH: 1.0}, popularity=0.1)] * 4,
        *[Film(traits={CRIME: 1.0}, popularity=2.0)] * 4,
        *[Film(popularity=0.1)] * 10,
    ]
    result = scores(films, taste_of([0, 1]))
    assert result[2] > result[6] > 0


def test_fame_raises_better_known_films_of_the_concept_only():
    films = [about(FRENCH), about(FRENCH), about(FRENCH), Film(traits={FRENCH: 1.0}, popularity=2.0), *[Film()] * 9]
    signal = Concept.of(inputs_of(films, taste_of([0, 1]), fame=0.5))
    unknown, known, outside = signal.scores(np.array([2, 3, 4], np.int32)).tolist()
    # The factor is 1 + .5 x 2; a film outside the concept scores 0.
    assert known == pytest.approx(unknown * 2 / (1 + 0.5 * films[2].popularity))
    assert outside == 0


def test_without_events_scores_are_scaled_by_acclaim():
    quiet = [replace(film, events=0, acclaim=0.5) for film in FILMS]
    full = [replace(film, events=0, acclaim=1.0) for film in FILMS]
    half, whole = scores(quiet, taste_of(LIKED))[BOTH], scores(full, taste_of(LIKED))[BOTH]
    assert half == pytest.approx(whole / 2)


def test_a_large_taste_with_an_outlier_gives_finite_scores():
    films = [*[about(FRENCH)] * 400, about(BRIDE), *[Film()] * 4_000]
    signal = Concept.of(inputs_of(films, taste_of([*range(390), 400])))
    rows = np.array([398, 401], np.int32)
    french, outside = signal.scores(rows).tolist()
    assert french == pytest.approx(390 / 391, rel=1e-3)
    assert outside == 0
    assert np.isfinite(signal.influence_by_trait(rows)).all()


def test_a_film_that_is_no_like_adds_nothing_but_dilutes_the_score():
    with_viewed = scores(FILMS, taste_of([*LIKED, NEITHER], base=[1.0, 1.0, 1.0, 0.5]))
    without = scores(FILMS, taste_of(LIKED))
    assert with_viewed == pytest.approx([score * 3 / 3.5 for score in without], rel=1e-5)


def test_is_missing_without_a_weight_or_with_fewer_than_two_likes():
    assert Concept.of(inputs_of(FILMS, taste_of(LIKED), weight=0.0)) is None
    assert Concept.of(inputs_of(FILMS, taste_of([0, 1], base=[1.0, 0.5]))) is None


traits = st.sampled_from([FRENCH, SIXTIES, CRIME, BRIDE, ERA, "director: Ada Ford", "cast: Bo Lee"])
worlds = st.lists(
    st.builds(Film, traits=st.dictionaries(traits, st.just(1.0)), popularity=st.sampled_from([0.0, 0.5, 2.0])),
    min_size=8,
    max_size=8,
)
# So many traits in common that not all of them become hypotheses.
crowded = st.lists(
    st.builds(
        Film,
        traits=st.sets(st.integers(0, 23), min_size=8).map(
            lambda numbers: {f"keyword: {number}": 1.0 for number in numbers}
        ),
    ),
    min_size=8,
    max_size=8,
)
likes = st.lists(st.integers(0, 7), min_size=2, max_size=6, unique=True)


def by_hand(films: list[Film], liked: list[int]) -> list[float]:
    """Return the scores by the formula, in plain Python, film by film and hypothesis by hypothesis."""
    names = sorted({name for film in films for name in film.traits})
    watched = [film.popularity + 1e-6 for film in films]
    hypotheses = [(name,) for name in names] + list(combinations(names, 2))
    out = [0.0] * len(films)
    odds = {}
    for hypothesis in hypotheses:
        holds = [all(name in film.traits for name in hypothesis) for film in films]
        held = sum(holds[row] for row in liked)
        if held < 2 or any(sum(name in films[row].traits for row in liked) < 2 for name in hypothesis):
            continue
        size = sum(w for w, has in zip(watched, holds, strict=True) if has) / sum(watched)
        size = (size + 1 / len(films)) / (1 + 1 / len(films))
        prior = math.prod(
            PRIORS[name.split(":")[0]] / sum(trait.split(":")[0] == name.split(":")[0] for trait in names)
            for name in hypothesis
        )
        explained = ((1 - CHANCE) / size + CHANCE) ** held * CHANCE ** (len(liked) - held)
        odds[hypothesis] = prior * explained, holds
    for row in liked:
        explaining = [(odd, holds) for odd, holds in odds.values() if holds[row]]
        total = 1 + sum(odd for odd, _ in explaining)
        for film in range(len(films)):
            out[film] += sum(odd for odd, holds in explaining if holds[film]) / total / len(liked)
    return out


class TestInvariants:
    @given(worlds, likes, st.floats(0.1, 4))
    def test_equals_the_formula_by_hand(self, films, liked, weight):
        expected = [weight * score for score in by_hand(films, liked)]
        assert scores(films, taste_of(liked), weight) == pytest.approx(expected, abs=1e-4 * weight)

    @given(worlds, likes)
    def test_is_a_probability(self, films, liked):
        assert all(-1e-6 <= score <= 1 + 1e-5 for score in scores(films, taste_of(liked)))

    @given(worlds | crowded, likes)
    def test_without_a_film_equals_the_signal_of_the_taste_without_it(self, films, liked):
        taste, rows = taste_of(liked), np.arange(len(films), dtype=np.int32)
        left_out = leave_out(taste, EVEN, np.arange(len(liked), dtype=np.int32))
        result = Concept.of(inputs_of(films, taste)).without(rows, left_out)
        for index in range(len(liked)):
            rest = [row for row in liked if row != liked[index]]
            expected = scores(films, taste_of(rest)) if len(rest) > 1 else [0.0] * len(films)
            assert result[index].tolist() == pytest.approx(expected, abs=1e-5)

    @given(worlds, likes, st.floats(0, 2))
    def test_influence_by_trait_is_the_fall_without_the_trait(self, films, liked, fame):
        signal, rows = Concept.of(inputs_of(films, taste_of(liked), fame=fame)), np.arange(len(films), dtype=np.int32)
        falls = signal.influence_by_trait(rows)
        assert falls.shape == (len(films), len(signal.traits))
        for place in range(len(signal.traits)):
            less = Concept.of(inputs_of(films, taste_of(liked), fame=fame))
            vars(less)["hypotheses"] = replace(signal.hypotheses, traits=np.delete(signal.traits, place))
            lost = (signal.scores(rows) - less.scores(rows)).tolist()
            assert falls[:, place].tolist() == pytest.approx(lost, abs=1e-4)

    @given(worlds, likes)
    def test_contributions_of_the_likes_add_up_to_the_score(self, films, liked):
        signal, rows = Concept.of(inputs_of(films, taste_of(liked))), np.arange(len(films), dtype=np.int32)
        assert signal.contributions(rows).sum(axis=0).tolist() == pytest.approx(signal.scores(rows).tolist(), abs=1e-5)


def test_without_a_film_traits_that_had_no_place_before_are_considered():
    # The first two share sixteen rare keywords, which leave no place for what all three share: French.
    rare = [f"keyword: {number}" for number in range(16)]
    films = [about(FRENCH, *rare), about(FRENCH, *rare), about(FRENCH), about(FRENCH), *[Film()] * 20]
    taste, rows = taste_of([0, 1, 2]), np.arange(len(films), dtype=np.int32)
    inputs = inputs_of(films, taste)
    assert FRENCH not in {inputs.bundle.catalogue.traits.names[trait] for trait in Concept.of(inputs).traits}
    result = Concept.of(inputs).without(rows, leave_out(taste, EVEN, np.array([0, 2], np.int32)))
    for place, rest in enumerate(([1, 2], [0, 1])):
        assert result[place] == pytest.approx(scores(films, taste_of(rest)), abs=1e-6)


def test_of_many_shared_traits_the_most_specific_are_kept():
    common = [f"keyword: common {number}" for number in range(30)]
    films = [*[about("director: Ada Ford", *common)] * 2, about("director: Ada Ford"), *[about(*common)] * 9]
    result = scores(films, taste_of([0, 1]))
    assert result[2] > 0.05
