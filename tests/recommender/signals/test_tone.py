"""Tone: the same genres and time score more; a comedy for a taste without comedies, and a distant year, less."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.request import Strategy
from services.recommender.reasons.leave_one_out import leave_out
from services.recommender.signals.plan import Plan
from services.recommender.signals.tone import Tone
from services.recommender.taste.fold_in import Taste
from tests.recommender.handmade import EVEN, Film, bundle_of, taste_of
from tests.recommender.worlds import make_inputs


def of(*genres: str, year: int = 2010) -> Film:
    return Film(genres=genres, year=year)


def signal(taste: Taste, films: list[Film], weight: float = 1.0) -> Tone | None:
    return Tone.of(make_inputs(taste, bundle_of(films), EVEN, Plan(Strategy.PERSONAL, tone=weight)))


def scores(taste: Taste, films: list[Film], weight: float = 1.0) -> list[float]:
    result = signal(taste, films, weight)
    assert result is not None
    return result.scores(np.arange(len(films), dtype=np.int32)).tolist()


def test_the_same_genres_and_time_score_the_weight():
    assert scores(taste_of([0]), [of("Crime", "Drama"), of("Crime", "Drama")], weight=2.0)[1] == pytest.approx(2)


def test_more_shared_genres_score_more_and_rare_genres_count_more():
    films = [of("Crime", "Film-Noir"), of("Crime", "Film-Noir"), of("Film-Noir"), of("Crime"), *[of("Crime")] * 20]
    both, rare, common = scores(taste_of([0]), films)[1:4]
    assert both > rare > common > 0


def test_comedies_and_other_films_are_dissimilar_in_both_directions():
    films = [of("Crime"), of("Crime", "Comedy"), of("Crime", "Drama"), of("Crime", "Comedy"), of("Comedy")]
    serious, funny = scores(taste_of([0]), films), scores(taste_of([1]), films)
    assert serious[1] < serious[2]
    assert funny[0] < funny[3]
    assert serious[4] == pytest.approx(-0.9)


def test_distance_in_time_counts_up_to_a_limit():
    films = [of("Crime", year=year) for year in (2010, 2010, 2000, 1990, 1970, 1930)]
    assert scores(taste_of([0]), films)[1:] == pytest.approx([1, 1 - 0.175, 0.65, 0.3, 0.3])


def test_an_unknown_year_has_no_distance():
    films = [of("Crime"), of("Crime", year=0), of("Crime", year=1950)]
    assert scores(taste_of([0]), films)[1] == pytest.approx(1)
    assert scores(taste_of([1]), films)[2] == pytest.approx(1)


def test_formats_such_as_imax_do_not_count_as_genres():
    films = [of("Crime", "IMAX"), of("Crime"), of("IMAX")]
    assert scores(taste_of([0]), films)[1:] == pytest.approx([1, 0])


def test_films_without_genres_have_nothing_in_common():
    assert scores(taste_of([0]), [of(), of()])[1] == 0


def test_is_missing_without_a_weight_or_a_taste():
    films = [of("Crime")]
    assert signal(taste_of([0]), films, weight=0.0) is None
    assert signal(taste_of([]), films) is None


genres = st.lists(st.sampled_from(["Animation", "Horror", "Comedy", "Drama", "IMAX"]), unique=True, max_size=3)
worlds = st.lists(
    st.builds(lambda names, year: of(*names, year=year), genres, st.sampled_from([0, 1950, 1985, 2010])),
    min_size=6, max_size=6,
)  # fmt: skip
liked_films = st.lists(st.integers(0, 5), min_size=2, max_size=5, unique=True)


class TestInvariants:
    @given(worlds, liked_films)
    def test_without_a_film_equals_the_signal_of_the_taste_without_it(self, films, liked):
        taste, rows = taste_of(liked), np.arange(6, dtype=np.int32)
        result = signal(taste, films)
        assert result is not None
        without = result.without(rows, leave_out(taste, EVEN, np.arange(len(liked), dtype=np.int32)))
        assert without is not None
        for index in range(len(liked)):
            assert without[index].tolist() == pytest.approx(scores(taste.without(index), films), abs=1e-5)

    @given(worlds, st.integers(0, 5), st.integers(0, 5))
    def test_is_symmetric(self, films, first, second):
        forward, backward = scores(taste_of([first]), films)[second], scores(taste_of([second]), films)[first]
        assert forward == pytest.approx(backward, abs=1e-6)

    @given(worlds, liked_films)
    def test_lies_between_the_largest_penalty_and_the_weight(self, films, liked):
        assert all(-1.6001 <= score <= 1.0001 for score in scores(taste_of(liked), films))
