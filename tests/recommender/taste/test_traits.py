import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.arrays import Strings
from services.recommender.domain.catalogue import TraitKind, Traits
from services.recommender.domain.weights import Weights
from services.recommender.taste.fold_in import Taste
from services.recommender.taste.traits import FilmTraits, Postings
from tests.builders import make_bundle, make_catalogue
from tests.recommender.worlds import make_inputs

CATALOGUE = make_catalogue(40)
ROWS = FilmTraits.of(CATALOGUE.traits)
rows = st.lists(st.integers(0, 39), max_size=12, unique=True).map(lambda found: np.array(found, np.int32))


def dense() -> np.ndarray:
    table = np.zeros((40, 8))
    for row in range(40):
        of_film = slice(CATALOGUE.traits.offsets[row], CATALOGUE.traits.offsets[row + 1])
        table[row, CATALOGUE.traits.ids[of_film]] = ROWS.values[of_film]
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
        film_traits = FilmTraits.of(traits)
        assert film_traits.values[1] > film_traits.values[0]

    def test_a_film_without_traits_scores_zero(self):
        traits = Traits(
            np.zeros(3, np.int32), np.empty(0, np.int32), np.empty(0, np.uint8), np.empty(0, np.int32), Strings.of([])
        )
        film_traits = FilmTraits.of(traits)
        taste = film_traits.films(np.array([0], np.int32)).mean(np.ones(1, np.float32))
        assert film_traits.films(np.array([0, 1], np.int32)).scores(taste).tolist() == [0, 0]


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


class TestMean:
    @given(rows, st.integers(0, 3))
    def test_is_that_of_the_films_under_their_weights(self, liked, seed):
        weights = np.random.default_rng(seed).uniform(0.1, 1.3, len(liked)).astype(np.float32)
        films = ROWS.films(liked)
        expected = weights @ TABLE[liked] / max(weights.sum(), 1e-9)
        assert films.mean(weights) == pytest.approx(expected, abs=1e-5)
        assert films.scores(films.mean(weights)) == pytest.approx(TABLE[liked] @ expected, abs=1e-5)

    def test_of_no_films_is_nothing(self):
        films = ROWS.films(np.empty(0, np.int32))
        assert films.mean(np.empty(0, np.float32)).tolist() == [0] * 8
        assert not len(films.ids)

    def test_of_films_that_have_all_faded_is_nothing_and_not_a_division_by_0(self):
        assert ROWS.films(np.array([1, 2], np.int32)).mean(np.zeros(2, np.float32)).tolist() == [0] * 8

    def test_a_heavier_like_has_a_larger_share(self):
        # Film 0 is of the first world's genre, film 1 of the second's.
        mean = ROWS.films(np.array([0, 1], np.int32)).mean(np.array([3.0, 1.0], np.float32))
        assert mean[0] == pytest.approx(0.75 * TABLE[0, 0])
        assert mean[1] == pytest.approx(0.25 * TABLE[1, 1])


def test_the_traits_of_a_request_are_those_of_its_taste_faded_by_rank_and_read_once():
    inputs = make_inputs(Taste.of_films([3, 7, 9]), make_bundle(), Weights(recency_floor=0.5))
    inputs.taste.ranks[:] = [2, 1, 0]
    films = inputs.facts.trait_rows.films(inputs.taste.rows)
    assert inputs.film_traits.ids.tolist() == films.ids.tolist()
    assert inputs.taste_traits.tolist() == films.mean(inputs.taste.weights(inputs.constants)).tolist()
    page = np.array([1, 2], np.int32)
    assert inputs.traits_of(page) is inputs.traits_of(page)


class TestPostings:
    POSTINGS = Postings.of(ROWS)

    @pytest.mark.parametrize("trait", range(8))
    def test_lists_the_films_of_each_trait(self, trait):
        assert self.POSTINGS.films_of(trait).tolist() == np.flatnonzero(TABLE[:, trait]).tolist()

    @given(st.dictionaries(st.integers(0, 7), st.sampled_from([0.25, 0.5, 2.0])))
    def test_scores_equal_the_dense_product(self, weights):
        traits = np.array(list(weights), np.intp)
        films, scores = self.POSTINGS.scores(traits, np.array(list(weights.values()), np.float32))
        expected = sum((value * TABLE[:, trait] for trait, value in weights.items()), np.zeros(40))
        assert films.tolist() == np.flatnonzero(expected).tolist()
        assert scores == pytest.approx(expected[films], abs=1e-5)

    @given(rows.filter(len), st.integers(0, 3))
    def test_the_share_of_a_pair_is_that_of_the_films_that_have_both_and_one_film_more(self, films, seed):
        shares = np.random.default_rng(seed).dirichlet(np.ones(len(films))).astype(np.float32)
        traits = np.array([0, 2, 5, 7], np.int32)
        has = TABLE[films][:, traits] > 0
        both = (has[:, :, None] & has[:, None, :]).astype(float)
        expected = (np.tensordot(shares, both, 1) + 1 / len(films)) / (1 + 1 / len(films))
        assert Postings.of(ROWS.films(films)).of_pairs(traits, shares) == pytest.approx(expected, abs=1e-5)


def test_the_value_of_a_pair_is_that_of_the_film_s_row_to_the_last_bit():
    rows = FilmTraits.of(make_catalogue(60).traits)
    assert rows.values_of(rows.ids, rows.owner).tobytes() == rows.values.tobytes()
    some = rows.films(np.array([7, 3], np.int32))
    assert some.values_of(some.ids, some.owner).tobytes() == some.values.tobytes()
