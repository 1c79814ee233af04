"""Coherence of a taste: high for three films by one director, low for a few unrelated favourites."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.weights import Weights
from services.recommender.taste.fold_in import NEWEST, alikeness, coherence
from services.recommender.taste.traits import FilmTraits
from tests.recommender.handmade import Film, taste_of, trait_rows

STORED = Weights(
    coherence_from=0.2, coherence_span=0.5, coherence_single=0.1,
    seeds_from=0.1, seeds_span=0.4, seeds_floor=0.6, seeds_single=0.9,
)  # fmt: skip


def rows_of(*films: dict[str, float]) -> FilmTraits:
    return trait_rows([Film(traits=traits) for traits in films])


# Rows 0 to 2 share a director (cosine .25), 3 and 4 another one (.64); 5 shares nothing with the others.
ROWS = rows_of(
    *({"director: Ada": 0.5, f"keyword: {name}": 0.8} for name in ("a", "b", "c")),
    *({"director: Bo": 0.8, f"keyword: {name}": 0.6} for name in ("d", "e")),
    {"keyword: f": 1.0},
)


def alike(*films: int) -> float:
    return alikeness(np.array(films, np.int32), ROWS)


class TestAlikeness:
    def test_of_films_by_one_director_is_their_pairwise_cosine(self):
        assert alike(0, 1, 2) == pytest.approx(0.25)

    def test_of_films_that_share_nothing_is_zero(self):
        assert alike(0, 3, 5) == 0

    def test_of_two_films_is_their_cosine(self):
        assert alike(3, 4) == pytest.approx(0.64)

    def test_two_groups_are_nearly_as_coherent_as_each_of_them(self):
        # Each film is compared with the nearer two of the four others: for the first three these are of its own group.
        result = alike(0, 1, 2, 3, 4)
        assert result == pytest.approx((3 * 0.25 + 2 * (0.64 + 0) / 2) / 5)
        # With three others, with the one of its own group.
        assert alike(0, 1, 3, 4) == pytest.approx((0.25 + 0.25 + 0.64 + 0.64) / 4)

    def test_a_film_is_not_compared_with_itself(self):
        assert alike(5, 0) == 0

    @given(
        st.lists(st.dictionaries(st.sampled_from(["genre: a", "genre: b", "cast: c"]), st.sampled_from([0.5, 0.75])),
                 min_size=2, max_size=9),
    )  # fmt: skip
    def test_equals_the_mean_over_the_nearer_half_of_the_others(self, films):
        def cosine(left: dict[str, float], right: dict[str, float]) -> float:
            return sum(value * right.get(name, 0.0) for name, value in left.items())

        means = []
        for at, film in enumerate(films):
            cosines = sorted((cosine(film, films[i]) for i in range(len(films)) if i != at), reverse=True)
            nearer = cosines[: max(1, len(cosines) // 2)]
            means.append(sum(nearer) / len(nearer))
        result = alikeness(np.arange(len(films), dtype=np.int32), rows_of(*films))
        assert result == pytest.approx(sum(means) / len(means), abs=1e-5)


class TestCoherence:
    def test_of_a_stored_taste_rises_from_the_level_of_chance(self):
        # The excess of .25 and .64 over .2, divided by .5.
        assert coherence(STORED, taste_of([0, 1, 2]), ROWS, stored=True) == pytest.approx(0.1)
        assert coherence(STORED, taste_of([3, 4]), ROWS, stored=True) == pytest.approx(0.88)

    def test_is_zero_below_chance_and_at_most_one(self):
        assert coherence(STORED, taste_of([0, 5]), ROWS, stored=True) == 0
        narrow = Weights(coherence_from=0.2, coherence_span=0.1)
        assert coherence(narrow, taste_of([3, 4]), ROWS, stored=True) == 1

    def test_of_films_given_with_a_request_has_a_floor(self):
        # The excess of .25 over .1, divided by .4, is below the floor; that of .64 is above 1.
        assert coherence(STORED, taste_of([0, 1, 2]), ROWS, stored=False) == pytest.approx(0.6)
        assert coherence(STORED, taste_of([0, 5]), ROWS, stored=False) == pytest.approx(0.6)
        assert coherence(STORED, taste_of([3, 4]), ROWS, stored=False) == 1

    def test_of_a_single_like_depends_on_whether_it_is_stored(self):
        assert coherence(STORED, taste_of([0]), ROWS, stored=True) == 0.1
        assert coherence(STORED, taste_of([0]), ROWS, stored=False) == 0.9

    @pytest.mark.parametrize("stored", [True, False])
    def test_of_an_empty_taste_is_zero(self, stored):
        assert coherence(STORED, taste_of([]), ROWS, stored) == 0

    def test_films_that_were_only_watched_do_not_count(self):
        watched = taste_of([3, 4, 5], base=[0.3, 0.3, 0.3])
        assert coherence(STORED, watched, ROWS, stored=True) == 0
        one_liked = taste_of([3, 4, 5], base=[0.3, 0.3, 1.0])
        assert coherence(STORED, one_liked, ROWS, stored=True) == 0.1
        two_liked = taste_of([3, 4, 5], base=[1.0, 1.15, 0.3])
        assert coherence(STORED, two_liked, ROWS, stored=True) == pytest.approx(0.88)

    def test_only_the_newest_films_count(self):
        # Films that share nothing, and as many by one director.
        old = [{f"keyword: {number}": 1.0} for number in range(NEWEST)]
        new = [{"director: Ada": 0.8} for _ in range(NEWEST)]
        rows = rows_of(*old, *new)
        oldest_first = taste_of(range(2 * NEWEST))
        assert coherence(STORED, oldest_first, rows, stored=True) == pytest.approx(0.88)
        newest_first = taste_of([*range(NEWEST, 2 * NEWEST), *range(NEWEST)])
        assert coherence(STORED, newest_first, rows, stored=True) == 0

    @given(st.permutations(range(6)))
    def test_the_order_of_a_short_taste_does_not_matter(self, order):
        result = coherence(STORED, taste_of(order), ROWS, stored=True)
        assert result == pytest.approx(coherence(STORED, taste_of(range(6)), ROWS, stored=True), abs=1e-6)
