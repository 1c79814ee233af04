"""Retrievers other than the tables: films by traits, by vectors and by series."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.candidates.retrieval import COMMON, EACH, STRONGEST, by_series, by_traits, by_vectors
from services.recommender.domain.request import Strategy
from services.recommender.domain.weights import Weights
from services.recommender.facts import Facts
from services.recommender.ports import Hits
from services.recommender.signals.plan import Plan
from tests.recommender.handmade import EVEN, Film, bundle_of, taste_of, trait_names, trait_rows, with_rows
from tests.recommender.worlds import make_inputs

# Forty films, so that a trait of four films is not yet too common.
LIKED, BOTH, DIRECTOR, KEYWORD, GENRE = range(5)
SHARING = [
    Film(traits={"director: Ada": 0.5, "keyword: heist": 0.25, "genre: Crime": 0.75}),
    Film(traits={"director: Ada": 0.5, "keyword: heist": 0.5}),
    Film(traits={"director: Ada": 1.0}),
    Film(traits={"keyword: heist": 0.5, "keyword: sea": 0.75}),
    *[Film(traits={"genre: Crime": 1.0})] * 4,
]
FILMS = [*SHARING, *[Film()] * (40 - len(SHARING))]
COHERENT = Plan(Strategy.PERSONAL, coherence=0.5)


def retrieved(plan: Plan = COHERENT, liked=(LIKED,), without=(), films=FILMS) -> list[int]:
    inputs = with_rows(make_inputs(taste_of(liked), bundle_of(films), EVEN, plan), trait_rows(films))
    allowed = np.ones(len(films), bool)
    allowed[[*liked, *without]] = False
    rows = by_traits(inputs, allowed)
    assert rows.dtype == np.int32
    return rows.tolist()


class TestByTraits:
    def test_finds_the_films_that_share_the_most_with_the_taste_best_first(self):
        # .5 x .5 + .25 x .5, .5 x 1, .25 x .5; the genre is on five films of forty: too common.
        assert retrieved() == [DIRECTOR, BOTH, KEYWORD]

    def test_leaves_out_films_that_may_not_be_shown(self):
        assert retrieved(without=[DIRECTOR]) == [BOTH, KEYWORD]

    def test_a_trait_of_a_tenth_of_the_films_is_not_too_common(self):
        four = [*SHARING[:-1], *[Film()] * (40 - len(SHARING) + 1)]
        assert len([film for film in four if "genre: Crime" in film.traits]) == COMMON * 40
        assert retrieved(films=four) == [GENRE, GENRE + 1, GENRE + 2, DIRECTOR, BOTH, KEYWORD]

    @pytest.mark.parametrize(
        ("plan", "used"),
        [
            (Plan(Strategy.PERSONAL), False),
            (Plan(Strategy.PERSONAL, coherence=0.1), True),
            (Plan(Strategy.PERSONAL, content=0.1), True),
        ],
    )
    def test_is_used_for_a_coherent_taste_or_if_content_has_a_weight(self, plan, used):
        assert bool(retrieved(plan)) == used

    def test_a_taste_that_shares_nothing_finds_nothing(self):
        assert retrieved(liked=[39]) == []
        assert retrieved(films=[Film()] * 40) == []

    def test_without_events_acclaim_determines_the_order(self):
        quiet = [replace(film, events=0, acclaim=1.0 if row == BOTH else 0.5) for row, film in enumerate(FILMS)]
        assert retrieved(films=quiet) == [BOTH, DIRECTOR, KEYWORD]

    def test_returns_a_limited_number(self):
        films = [Film(traits={"director: Ada": 0.5})] * (EACH + 20)
        many = [*films, *[Film()] * (10 * len(films))]
        assert retrieved(films=many, liked=[0]) == list(range(1, EACH + 1))

    def test_looks_up_only_the_strongest_traits(self):
        # As many strong traits as are looked up, and a weaker one.
        strong = {f"keyword: {number}": 0.5 for number in range(STRONGEST)}
        films = [Film(traits=strong | {"keyword: weak": 0.25}), Film(traits={"keyword: weak": 1.0})]
        films += [Film(traits={name: 0.5}) for name in strong]
        films += [Film()] * 40
        assert retrieved(films=films, liked=[0]) == list(range(2, 2 + STRONGEST))

    @given(
        st.lists(
            st.dictionaries(st.sampled_from([f"cast: {name}" for name in "abcdef"]), st.sampled_from([0.25, 0.5, 1.0])),
            min_size=4, max_size=10,
        ),
        st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True),
    )  # fmt: skip
    def test_equals_a_scan_of_all_films(self, traits, liked):
        films = [*(Film(traits=each) for each in traits), *[Film()] * 90]
        counts = {name: sum(name in film.traits for film in films) for name in trait_names(films)}
        taste = {
            name: sum(films[row].traits.get(name, 0.0) for row in liked) / len(liked)
            for name in counts
            if counts[name] <= COMMON * len(films)
        }
        scores = {
            row: sum(taste.get(name, 0.0) * value for name, value in film.traits.items())
            for row, film in enumerate(films)
            if row not in liked
        }
        expected = sorted((row for row in scores if scores[row] > 0), key=lambda row: (-round(scores[row], 6), row))
        assert sorted(retrieved(films=films, liked=liked)) == sorted(expected)
        assert [round(scores[row], 4) for row in retrieved(films=films, liked=liked)] == [
            round(scores[row], 4) for row in expected
        ]


class TestByVectors:
    def test_are_the_best_that_search_found(self):
        rows = np.arange(EACH + 50, dtype=np.int32)[::-1].copy()
        assert by_vectors(Hits(rows, np.ones(len(rows), np.float32), 1.0)).tolist() == rows[:EACH].tolist()

    def test_are_none_without_a_search(self):
        assert by_vectors(None).tolist() == []


class TestBySeries:
    FACTS = Facts.of(bundle_of([Film(series=0), Film(series=1), Film(series=0), Film(series=0), Film()]), Weights())

    def test_are_the_films_of_the_series_of_the_taste_that_may_be_shown(self):
        allowed = np.array([False, True, True, False, True])
        assert by_series(self.FACTS, taste_of([0, 4]), allowed).tolist() == [2]

    def test_are_none_for_a_taste_without_a_series(self):
        assert by_series(self.FACTS, taste_of([4]), np.ones(5, bool)).tolist() == []


def test_the_traits_of_a_taste_and_the_films_retrieved_agree_on_who_is_nearest():
    """The films by traits come in the order of their trait terms where no trait is too common."""
    films = [*SHARING[:4], *[Film()] * 36]
    rows = trait_rows(films)
    taste = rows.films(np.array([LIKED], np.int32)).mean(np.ones(1, np.float32))
    order = rows.films(np.array([BOTH, DIRECTOR, KEYWORD], np.int32)).scores(taste)
    assert retrieved(films=films) == [(BOTH, DIRECTOR, KEYWORD)[at] for at in np.argsort(-order)]
