import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.catalogue import TraitKind, Traits
from services.recommender.domain.strings import Strings
from services.recommender.taste.traits import Known, Postings, TraitRows
from tests.builders import make_catalogue

CATALOGUE = make_catalogue(40)
ROWS = TraitRows.of(CATALOGUE.traits)
rows = st.lists(st.integers(0, 39), max_size=12, unique=True).map(lambda values: np.array(values, np.int32))


def dense() -> np.ndarray:
    table = np.zeros((40, 8))
    for row in range(40):
        of_row = slice(CATALOGUE.traits.offsets[row], CATALOGUE.traits.offsets[row + 1])
        table[row, CATALOGUE.traits.ids[of_row]] = ROWS.values[of_row]
    return table


TABLE = dense()


class TestRows:
    def test_are_of_unit_length(self):
        assert np.linalg.norm(TABLE, axis=1) == pytest.approx(np.ones(40), abs=1e-5)

    def test_a_rare_trait_weighs_more_than_a_common_one_of_its_kind(self):
        traits = Traits(
            offsets=np.array([0, 2, 3, 4, 4], np.int32),
            ids=np.array([0, 1, 0, 0], np.int32),
            kinds=np.array([TraitKind.KEYWORD, TraitKind.KEYWORD], np.uint8),
            films=np.array([3, 1], np.int32),
            names=Strings.of(["love", "submarine"]),
        )
        result = TraitRows.of(traits)
        assert result.values[1] > result.values[0]

    def test_a_film_without_traits_scores_zero(self):
        traits = Traits(
            np.zeros(3, np.int32), np.empty(0, np.int32), np.empty(0, np.uint8), np.empty(0, np.int32), Strings.of([])
        )
        result = TraitRows.of(traits)
        taste = result.films(np.array([0], np.int32)).mean(np.ones(1, np.float32))
        assert result.films(np.array([0, 1], np.int32)).scores(taste).tolist() == [0, 0]


class TestTaste:
    @given(rows, rows)
    def test_scores_equal_the_dense_product(self, liked, targets):
        weights = (1 + np.arange(len(liked))).astype(np.float32)
        taste = ROWS.films(liked).mean(weights)
        expected = weights @ TABLE[liked] / max(weights.sum(), 1e-9)
        assert taste == pytest.approx(expected, abs=1e-5)
        assert ROWS.films(targets).scores(taste) == pytest.approx(TABLE[targets] @ expected, abs=1e-5)

    @given(rows, rows)
    def test_overlaps_equal_the_dense_product(self, left, right):
        assert ROWS.films(left).overlaps(ROWS.films(right)) == pytest.approx(TABLE[left] @ TABLE[right].T, abs=1e-5)

    @given(rows, rows)
    def test_the_strongest_trait_is_the_largest_term(self, liked, targets):
        taste = ROWS.films(liked).mean(np.ones(len(liked), np.float32))
        traits, shares = ROWS.films(targets).strongest(taste)
        expected = TABLE[targets] * taste
        assert shares == pytest.approx(expected.max(axis=1, initial=0), abs=1e-6)
        assert expected[np.arange(len(targets)), traits] == pytest.approx(shares, abs=1e-6)


class TestKnown:
    @given(rows, st.integers(0, 3))
    def test_is_the_weighted_mean_of_the_films(self, liked, seed):
        weights = np.random.default_rng(seed).uniform(0.1, 1.3, len(liked)).astype(np.float32)
        known = Known.of(ROWS, liked, weights)
        expected = weights @ TABLE[liked] / max(weights.sum(), 1e-9)
        assert known.taste == pytest.approx(expected, abs=1e-5)
        assert known.films.scores(known.taste) == pytest.approx(TABLE[liked] @ expected, abs=1e-5)
        assert known.rows is ROWS

    def test_of_no_films_is_zero(self):
        known = Known.of(ROWS, np.empty(0, np.int32), np.empty(0, np.float32))
        assert known.taste.tolist() == [0] * 8
        assert not len(known.films.ids)

    def test_of_films_with_weight_0_is_zero(self):
        known = Known.of(ROWS, np.array([1, 2], np.int32), np.zeros(2, np.float32))
        assert known.taste.tolist() == [0] * 8

    def test_a_heavier_like_has_a_larger_share(self):
        # Film 0 is of the first world's genre, film 1 of the second's.
        known = Known.of(ROWS, np.array([0, 1], np.int32), np.array([3.0, 1.0], np.float32))
        assert known.taste[0] == pytest.approx(0.75 * TABLE[0, 0])
        assert known.taste[1] == pytest.approx(0.25 * TABLE[1, 1])


class TestPostings:
    POSTINGS = Postings.of(ROWS)

    @pytest.mark.parametrize("trait", range(8))
    def test_lists_the_films_of_each_trait(self, trait):
        assert self.POSTINGS.films_of(trait).tolist() == np.flatnonzero(TABLE[:, trait]).tolist()

    @given(st.dictionaries(st.integers(0, 7), st.sampled_from([0.25, 0.5, 2.0])))
    def test_scores_equal_the_dense_product(self, weights):
        traits = np.array(list(weights), np.intp)
        result = self.POSTINGS.scores(traits, np.array(list(weights.values()), np.float32))
        expected = sum((value * TABLE[:, trait] for trait, value in weights.items()), np.zeros(40))
        assert not expected[len(result) :].any()
        assert result == pytest.approx(expected[: len(result)], abs=1e-5)
