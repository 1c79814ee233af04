import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.recommender.domain.catalogue import display_title
from services.recommender.domain.genres import GENRES
from services.recommender.domain.request import ReasonKind
from services.recommender.facts import PopularIn, _quantile
from services.recommender.reasons.leave_one_out import largest
from services.recommender.reasons.reasons import PageReasons, trait_reason
from services.recommender.signals import mixture_of
from services.recommender.taste.fold_in import fold_in
from tests.builders import make_bundle, person
from tests.recommender.worlds import make_inputs

BUNDLE = make_bundle()
CATALOGUE = BUNDLE.catalogue
INPUTS = make_inputs(fold_in(CATALOGUE, person("f1", "f4", "f7").history), BUNDLE)


def new_reasons() -> PageReasons:
    return PageReasons(INPUTS, mixture_of(INPUTS), {})


def influential(*column: float) -> list[tuple[int, float]]:
    falls = np.array(column, np.float32)[:, None]
    return largest(np.arange(len(column), dtype=np.int32), falls, 2)[0]


class TestFilmReasons:
    def test_cites_the_film_with_the_largest_fall(self):
        (reason,) = new_reasons().cited(influential(0.1, 0.9, 0.3))
        assert (reason.kind, reason.item_id, reason.weight) == (ReasonKind.LIKED, "f4", pytest.approx(0.9))
        assert reason.text == "Because you liked Film 4 (1978)"

    def test_and_a_second_that_did_half_as_much(self):
        reasons = new_reasons().cited(influential(0.5, 0.9, 0.1))
        assert [reason.item_id for reason in reasons] == ["f4", "f1"]

    def test_a_film_that_brought_two_is_cited_for_each_with_its_own_weight(self):
        reasons = new_reasons()
        (first,), (second,) = reasons.cited(influential(0.1, 0.9, 0.3)), reasons.cited(influential(0.0, 0.4, 0.1))
        assert (first.text, first.item_id) == (second.text, second.item_id)
        assert (first.weight, second.weight) == (pytest.approx(0.9), pytest.approx(0.4))

    def test_cites_nothing_whose_absence_would_help(self):
        assert new_reasons().cited(influential(-0.1, 0.0, -2.0)) == []


class TestTraitReasons:
    def test_names_the_trait(self):
        director = trait_reason(CATALOGUE, 4, 0.4)
        assert director is not None
        assert (director.kind, director.subject) == (ReasonKind.DIRECTOR, "Bo Kubrick")
        assert "Bo Kubrick" in director.text

    def test_is_none_if_nothing_is_shared(self):
        assert trait_reason(CATALOGUE, 4, 0.0) is None


class TestPopularIn:
    POPULAR = PopularIn.of(CATALOGUE, BUNDLE.popularity)

    def test_names_a_genre_in_whose_best_known_tenth_the_film_is(self):
        reason = self.POPULAR.reason(0, 1.0)
        assert reason.text == "Popular in Western"

    def test_does_not_call_other_films_popular(self):
        reason = self.POPULAR.reason(110, 0.0)
        assert "Popular" not in reason.text

    def test_a_film_without_genres_is_popular_in_none(self):
        bundle = make_bundle()
        bundle.catalogue.genre_bits[0] = 0
        assert "Popular" not in PopularIn.of(bundle.catalogue, bundle.popularity).reason(0, 1.0).text

    def test_names_the_genre_in_which_the_film_is_most_popular(self):
        bundle = make_bundle()
        bits, popularity = bundle.catalogue.genre_bits, bundle.popularity
        popular = PopularIn.of(bundle.catalogue, popularity)
        bars = {
            bit: max(float(np.quantile(popularity[bits >> bit & 1 == 1], 0.9)), 1e-6)
            for bit in range(len(GENRES))
            if (bits >> bit & 1).any()
        }
        for row in range(len(bits)):
            above = {bit: popularity[row] / bar for bit, bar in bars.items() if bits[row] >> bit & 1}
            best = max(above, key=above.get, default=None)
            named = popular.reason(row, 1.0).subject
            assert named == (GENRES[best] if best is not None and above[best] >= 1 else "the catalogue")


def test_displayed_titles_have_the_year_if_known():
    assert display_title(CATALOGUE, 0) == "Film 0 (1950)"
    assert display_title(CATALOGUE, 119) == "Film 119"


@given(arrays(np.float32, st.integers(1, 60), elements=st.floats(0, 100, width=32)), st.floats(0, 1))
def test_a_quantile_equals_that_of_numpy(values: np.ndarray, share: float) -> None:
    assert _quantile(values, share) == pytest.approx(
        float(np.quantile(values.astype(float), share)), rel=1e-6, abs=1e-6
    )
