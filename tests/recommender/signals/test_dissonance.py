"""Dissonance: violence, fear, suspense or a film for the young scores less if the taste has none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.request import Strategy
from services.recommender.reasons.leave_one_out import leave_out
from services.recommender.signals.plan import Plan
from services.recommender.signals.tone import Dissonance
from services.recommender.taste.fold_in import Taste
from tests.recommender.handmade import EVEN, Film, bundle_of, taste_of
from tests.recommender.worlds import make_inputs


def of(*genres: str) -> Film:
    return Film(genres=genres)


# Horror is common among thrillers and never occurs among romances; no romance is a cartoon.
ROMANCE, THRILLER, HORROR, CARTOON, PLAIN, BOTH = 0, 1, 2, 3, 4, 5
FILMS = [
    of("Romance"), of("Thriller"), of("Horror"), of("Animation"), of("Drama"), of("Animation", "Horror"),
    *[of("Romance", "Drama")] * 4, *[of("Thriller", "Horror")] * 3, *[of("Thriller")] * 2, *[of("Animation")] * 4,
]  # fmt: skip


def signal(taste: Taste, weight: float = 1.0, films: list[Film] = FILMS) -> Dissonance | None:
    return Dissonance.of(make_inputs(taste, bundle_of(films), EVEN, Plan(Strategy.PERSONAL, dissonance=weight)))


def scores(taste: Taste, weight: float = 1.0, films: list[Film] = FILMS) -> list[float]:
    result = signal(taste, weight, films)
    assert result is not None
    return result.scores(np.arange(len(films), dtype=np.int32)).tolist()


def test_a_genre_that_never_occurs_with_those_of_the_taste_lowers_a_film():
    result = scores(taste_of([ROMANCE]), weight=3.0)
    assert result[HORROR] == result[CARTOON] < -1
    assert str(result[PLAIN]) == "0.0"


def test_the_more_films_show_that_a_genre_never_occurs_the_lower():
    many = scores(taste_of([ROMANCE]), weight=3.0, films=FILMS * 20)
    assert -3 < many[HORROR] < scores(taste_of([ROMANCE]), weight=3.0)[HORROR]
    assert many[HORROR] == pytest.approx(-3, abs=0.2)


@pytest.mark.parametrize("genre", ["Action", "Animation", "Family", "Horror", "Thriller", "War"])
def test_violence_fear_suspense_and_films_for_the_young_are_such_genres(genre):
    films = [*[of("Romance")] * 9, *[of(genre)] * 3, of("Comedy")]
    result = scores(taste_of([0]), films=films)
    assert result[9] < 0 == result[12]


def test_the_least_compatible_genre_of_a_liked_film_decides():
    fantasy, horror, both, family = of("Fantasy"), of("Horror"), of("Fantasy", "Horror"), of("Family")
    films = [fantasy, both, family, *[of("Fantasy", "Family")] * 6, *[horror] * 9]
    assert scores(taste_of([0]), films=films)[2] == 0
    assert scores(taste_of([1]), films=films)[2] < -0.5


@pytest.mark.parametrize("silent", [(), ("IMAX",)])
def test_a_liked_film_without_genres_says_nothing(silent):
    assert scores(taste_of([0]), films=[of(*silent), *[of("Horror")] * 3, *[of("Drama")] * 6])[1] == 0


def test_a_genre_that_is_usual_with_those_of_the_taste_does_not():
    # Three of six thrillers are horror films, but only five of all nineteen films.
    assert scores(taste_of([THRILLER]))[HORROR] == 0


def test_a_genre_of_a_film_in_the_taste_does_not():
    assert scores(taste_of([ROMANCE, HORROR]))[HORROR] == 0


def test_of_two_such_genres_the_worse_counts():
    result = scores(taste_of([ROMANCE, CARTOON]))
    assert result[BOTH] == result[HORROR] < 0


def test_rounding_errors_cause_no_dissonance():
    # Horror is as usual among romances as everywhere (1 of 5, and 2 of 10), and 5/3 times as usual among thrillers.
    films = [*[of("Romance")] * 4, of("Romance", "Horror"), *[of("Thriller")] * 2, of("Thriller", "Horror"),
             *[of("Comedy")] * 2]  # fmt: skip
    taste, rows = taste_of([0, 5]), np.arange(10, dtype=np.int32)
    result = signal(taste, films=films)
    assert result is not None
    without = result.without(rows, leave_out(taste, EVEN, np.arange(2, dtype=np.int32)))
    assert without[1].tolist() == pytest.approx(scores(taste_of([0]), films=films), abs=1e-6)


def test_is_missing_without_a_weight_or_without_a_liked_film():
    assert signal(taste_of([ROMANCE]), weight=0.0) is None
    assert signal(taste_of([ROMANCE], base=[0.3])) is None


genres = st.lists(st.sampled_from(["Animation", "Horror", "Romance", "Thriller", "Comedy"]), unique=True, max_size=3)
worlds = st.lists(genres.map(lambda names: of(*names)), min_size=8, max_size=8)


class TestInvariants:
    @given(worlds, st.lists(st.integers(0, 7), min_size=1, max_size=5, unique=True), st.data())
    def test_without_a_film_equals_the_signal_of_the_taste_without_it(self, films, liked, data):
        base = data.draw(st.lists(st.sampled_from([0.5, 1.0]), min_size=len(liked), max_size=len(liked)))
        taste, rows = taste_of(liked, base=base), np.arange(8, dtype=np.int32)
        result = signal(taste, films=films)
        if result is None:
            return
        without = result.without(rows, leave_out(taste, EVEN, np.arange(len(liked), dtype=np.int32)))
        for index in range(len(liked)):
            rest = signal(taste.without(index), films=films)
            expected = [0.0] * 8 if rest is None else rest.scores(rows).tolist()
            assert without[index].tolist() == pytest.approx(expected, abs=1e-5)

    @given(worlds, st.lists(st.integers(0, 7), min_size=1, max_size=5, unique=True))
    def test_lies_between_minus_the_weight_and_zero(self, films, liked):
        assert all(-2 <= score <= 0 for score in scores(taste_of(liked), 2.0, films))
