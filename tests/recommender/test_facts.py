"""Facts of a bundle: maturity, certainty, the popularity prior, quality, fame, esteem and lift."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.weights import Weights
from services.recommender.facts import Facts
from tests.recommender.handmade import Film, bundle_of, taste_of

EVEN = Weights(recency_floor=1.0, mature_events=2.0, certain_events=3.0)


def facts_of(*films: Film, constants: Weights = EVEN) -> Facts:
    return Facts.of(bundle_of(films), constants)


def rated(*events: int, **facts: float) -> list[Film]:
    return [Film(events=count, **facts) for count in events]


class TestMaturity:
    def test_is_a_half_at_mature_events_other_events_per_film_and_grows_with_the_square(self):
        assert facts_of(*rated(3, 3)).maturity == pytest.approx(0.5)
        assert facts_of(*rated(5)).maturity == pytest.approx(16 / 20)
        # Of six events, four have three other events on their film, and two have one.
        others = (4 * 3 + 2 * 1) / 6
        assert facts_of(*rated(4, 2)).maturity == pytest.approx(others**2 / (others**2 + 4))

    def test_does_not_depend_on_films_without_events(self):
        assert facts_of(*rated(3, 3, *[0] * 50)).maturity == facts_of(*rated(3, 3)).maturity
        assert facts_of(*rated(1, 1)).maturity == 0

    def test_is_zero_without_events(self):
        assert facts_of(*rated(0, 0)).maturity == 0
        assert facts_of(*rated(0, 0), constants=replace(EVEN, mature_events=0.0)).maturity == 0

    def test_is_one_from_0_98_on(self):
        # 14^2 / (14^2 + 2^2) = .98 and 13^2 / (13^2 + 2^2) = .977.
        assert facts_of(*rated(15)).maturity == 1
        assert facts_of(*rated(14)).maturity == pytest.approx(169 / 173)


class TestCertainty:
    def test_of_a_film_with_n_events_is_n_over_n_plus_certain_events_scaled_up_to_one(self):
        # 1 / 4 and 9 / 12, over .8.
        facts = facts_of(*rated(1, 9, 12))
        assert facts.certainty(taste_of([0])) == pytest.approx(0.25 / 0.8)
        assert facts.certainty(taste_of([1])) == pytest.approx(0.75 / 0.8)
        assert facts.certainty(taste_of([2])) == 1

    def test_films_count_by_their_weight_in_the_taste(self):
        facts = facts_of(*rated(0, 9, 9))
        assert facts.certainty(taste_of([0, 1], base=[1.0, 0.25])) == pytest.approx(0.75 * 0.25 / 1.25 / 0.8)

    def test_the_newest_films_count_most(self):
        fading = replace(EVEN, recency_floor=0.0, recency_span=1.0)
        facts = facts_of(*rated(0, 9), constants=fading)
        old, new = (facts.certainty(taste_of([0, 1], ranks=ranks)) for ranks in ([0, 1], [1, 0]))
        part = 1 / (1 + np.exp(-1))
        assert (old, new) == (pytest.approx(0.75 * (1 - part) / 0.8), pytest.approx(0.75 * part / 0.8))

    def test_an_unrated_film_has_none_even_if_one_event_is_enough(self):
        facts = facts_of(*rated(0, 1, 2), constants=replace(EVEN, certain_events=0.0))
        assert facts.certainty(taste_of([0])) == 0
        assert facts.certainty(taste_of([1])) == 1

    def test_is_one_without_a_taste_or_without_any_event(self):
        assert facts_of(*rated(1, 9)).certainty(taste_of([])) == 1
        assert facts_of(*rated(0, 0)).certainty(taste_of([0])) == 1

    @given(st.lists(st.integers(0, 50), min_size=1, max_size=6), st.data())
    def test_is_the_weighted_mean_of_the_films_certainties(self, events, data):
        base = data.draw(st.lists(st.sampled_from([0.1, 1.0, 1.3]), min_size=len(events), max_size=len(events)))
        facts = facts_of(*rated(*events, 2))  # one film has at least two events, so maturity is above 0
        mean = sum(w * n / (n + 3) for w, n in zip(base, events, strict=True)) / sum(base)
        taste = taste_of(range(len(events)), base)
        assert facts.certainty(taste) == pytest.approx(min(mean / 0.8, 1.0), abs=1e-5)


class TestPriorAndQuality:
    FILMS = (Film(events=3, popularity=2.0, acclaim=0.5), Film(events=0, popularity=0.0, acclaim=1.5))

    def test_at_half_maturity_popularity_and_acclaim_count_half_each(self):
        facts = facts_of(*self.FILMS)
        assert facts.prior == pytest.approx([0.5 * 2.0 + 0.5 * 0.5, 0.5 * 1.5])
        assert facts.quality == pytest.approx([0.5 + 0.5 * 0.5, 0.5 + 0.5 * 1.5])

    def test_without_events_acclaim_alone_counts(self):
        facts = facts_of(*(replace(film, events=0) for film in self.FILMS))
        assert facts.prior.tolist() == facts.quality.tolist() == [0.5, 1.5]

    def test_at_full_maturity_or_without_acclaim_popularity_alone_counts(self):
        mature = facts_of(*(replace(film, events=100) for film in self.FILMS))
        voteless = facts_of(*(replace(film, acclaim=0.0) for film in self.FILMS))
        for facts in (mature, voteless):
            assert facts.prior.tolist() == [2, 0]
            assert facts.quality.tolist() == [1, 1]


class TestFame:
    def test_is_the_logarithm_of_a_films_votes_over_the_largest(self):
        facts = facts_of(Film(votes=0), Film(votes=9), Film(votes=99))
        assert facts.fame == pytest.approx([0, 0.5, 1])

    def test_of_a_catalogue_without_votes_is_zero(self):
        assert facts_of(Film(), Film()).fame.tolist() == [0, 0]

    def test_esteem_is_the_root_of_acclaim_over_the_largest(self):
        facts = facts_of(Film(acclaim=0.0, votes=9), Film(acclaim=1.0), Film(acclaim=4.0))
        assert facts.esteem == pytest.approx([0, 0.5, 1])

    def test_without_any_acclaim_esteem_is_fame(self):
        facts = facts_of(Film(votes=9), Film(votes=99))
        assert facts.esteem.tolist() == facts.fame.tolist()


class TestLift:
    def test_lowers_well_known_films_only(self):
        facts = facts_of(*rated(0, 20, 60, 300))
        # By positions in the tables, which are the rows in reverse order.
        assert facts.lift(0.5)[::-1] == pytest.approx([1, 2**-0.5, 0.5, 0.25])
        assert facts.lift(1.0)[::-1] == pytest.approx([1, 1 / 2, 1 / 4, 1 / 16])

    def test_is_no_factor_if_it_is_1_for_all(self):
        assert facts_of(*rated(0, 20, 300)).lift(0.0) is None
        assert facts_of(*rated(100, 100, acclaim=0.5)).lift(0.0) is None, "at full maturity acclaim does not count"

    def test_includes_acclaim_at_low_maturity(self):
        films = [Film(events=3, acclaim=0.5), Film(events=0, acclaim=1.5)]
        facts = facts_of(*films)
        assert facts.lift(0.0)[::-1] == pytest.approx([0.75, 1.25])
        assert facts.lift(1.0)[::-1] == pytest.approx([0.75 / 1.15, 1.25])

    def test_covers_only_the_films_in_the_tables(self):
        bundle = bundle_of(rated(0, 20, 60), borrowing={1: {0: 1.0}})
        assert Facts.of(bundle, EVEN).lift(1.0).tolist() == pytest.approx([0.25, 1])


def test_novelty_falls_with_the_events_and_hashes_are_in_row_order():
    facts = facts_of(*rated(0, 2))
    assert facts.novelty == pytest.approx([1, np.exp(-1)])
    assert facts.bundle.catalogue.rows_of_hashes(facts.film_hashes).tolist() == [0, 1]
