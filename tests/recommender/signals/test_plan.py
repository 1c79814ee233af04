import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.history import EventKind
from services.recommender.domain.request import Strategy
from services.recommender.domain.weights import Weights
from services.recommender.signals.plan import LEAST_COHERENCE, NOVELTY_GAIN, Plan, likeness_plan, make_plan
from services.recommender.taste.fold_in import fold_in
from tests.builders import make_catalogue, person

CATALOGUE = make_catalogue(60)
PRIOR = Weights(popularity=1.1, popularity_half=3.0, popularity_power=2.5, standing_popularity=0.0)
SHARES = st.floats(0, 1)


def taste(likes: int):
    return fold_in(CATALOGUE, person(*[f"f{i}" for i in range(likes)]).history)


def plan(likes: int, query: str | None = None, constants: Weights | None = None, **known: float) -> Plan:
    return make_plan(constants or Weights(), taste(likes), query, stored=True, **known)


@pytest.mark.parametrize(
    ("likes", "query", "stored", "strategy"),
    [
        (0, None, True, Strategy.POPULAR),
        (3, None, True, Strategy.PERSONAL),
        (3, None, False, Strategy.SEEDS),
        (3, "heist", True, Strategy.QUERY),
        (0, "heist", False, Strategy.QUERY),
    ],
)
def test_the_strategy_depends_on_query_taste_and_store(likes, query, stored, strategy):
    assert make_plan(Weights(), taste(likes), query, stored).strategy is strategy


@given(st.integers(1, 60), SHARES)
def test_the_weights_of_the_tables_add_up_to_weight_times_certainty(likes, certainty):
    result = plan(likes, constants=Weights(collaborative=2.0), certainty=certainty)
    assert result.main + result.short == pytest.approx(2 * certainty)


@given(st.integers(1, 60))
def test_the_prior_of_an_incoherent_taste_fades_with_every_like(likes):
    assert plan(likes, constants=PRIOR).popularity == pytest.approx(1.1 / (1 + (likes / 3) ** 2.5))


def test_the_standing_prior_never_fades():
    assert plan(60, constants=Weights(popularity=0.0, standing_popularity=0.2)).popularity == pytest.approx(0.2)


@given(st.integers(1, 59))
def test_the_main_table_gains_weight_with_every_like(likes):
    fewer, more = (plan(n, constants=Weights(collaborative=1.0)) for n in (likes, likes + 1))
    assert more.main > fewer.main or more.main == 1


def test_a_table_with_less_than_a_hundredth_of_the_weight_is_left_out():
    constants = Weights(blend_half=8.0, blend_power=3.0)
    assert plan(1, constants=constants).main == 0
    assert plan(40, constants=constants).short == 0


def test_at_blend_half_likes_both_tables_weigh_the_same():
    result = plan(8, constants=Weights(blend_half=8.0))
    assert result.main == pytest.approx(result.short)


def test_without_a_taste_personal_signals_have_no_weight():
    result = plan(0, constants=PRIOR, certainty=0.3)
    personal = (
        result.main,
        result.short,
        result.content,
        result.traits,
        result.sequels,
        result.novelty,
        result.dislike,
    )
    assert personal == (0,) * 7
    assert result.popularity == pytest.approx(1.1)


def test_query_weights_apply_only_with_a_query():
    assert (plan(3).query_text, plan(3).query_content) == (0, 0)
    queried = plan(3, "heist", Weights(query_text=0.7, query_content=0.6))
    assert (queried.query_text, queried.query_content) == (0.7, 0.6)


def test_with_a_query_the_taste_counts_by_its_share():
    constants = Weights(query_taste=0.5, blend_half=1e-6)
    alone, queried = plan(3, constants=constants, clear=0.5), plan(3, "heist", constants, clear=0.5)
    assert queried.popularity == 0, "fame counts by how well a film matches"
    for name in ("main", "traits", "content", "novelty", "sequels"):
        assert getattr(queried, name) == pytest.approx(getattr(alone, name) / 2)


class TestCoherence:
    @given(st.integers(1, 60), SHARES, SHARES)
    def test_lies_between_0_and_1_and_grows_with_clearness(self, likes, first, second):
        less, more = (plan(likes, clear=clear) for clear in sorted([first, second]))
        assert 0 <= less.coherence <= more.coherence <= 1
        assert less.popularity >= more.popularity >= 0
        assert less.traits <= more.traits
        assert less.content <= more.content

    def test_of_an_incoherent_taste_gives_no_weight_to_concept_content_and_fame(self):
        result = plan(5)
        assert (result.coherence, result.concept, result.content, result.lift, result.fame) == (0, 0, 0, 0, 0)
        assert not result.ask_vectors

    def test_of_one_removes_the_prior_and_gives_all_coherent_weights(self):
        constants = Weights(coherence_half=1e9, concept=3.0, coherent_content=0.8, coherent_lift=0.4, coherent_fame=0.7)
        result = plan(3, constants=constants, clear=1.0)
        assert result.popularity == pytest.approx(0, abs=1e-9)
        expected = (3.0, 0.8, 0.4, 0.7)
        assert (result.concept, result.content, result.lift, result.fame) == pytest.approx(expected)
        assert result.ask_vectors

    def test_is_halved_at_coherence_half_likes(self):
        half = (0.5 - LEAST_COHERENCE) / (1 - LEAST_COHERENCE)
        assert plan(16, constants=Weights(coherence_half=16.0), clear=1.0).coherence == pytest.approx(half)

    def test_is_zero_up_to_the_level_of_chance_and_grows_continuously_above(self):
        constants = Weights(coherence_half=1e9)
        assert plan(5, constants=constants, clear=LEAST_COHERENCE) == plan(5, constants=constants, clear=0.0)
        assert plan(5, constants=constants, clear=LEAST_COHERENCE + 0.01).coherence == pytest.approx(0.0125)


class TestCertainty:
    def test_for_unrated_films_the_tables_have_no_weight_and_coherence_is_one(self):
        result = plan(3, certainty=0.0)
        assert (result.main, result.short, result.popularity, result.coherence) == (0, 0, 0, 1.0)

    def test_in_a_catalogue_without_ratings_the_bare_weights_apply(self):
        constants = Weights(bare_traits=4.0, bare_content=1.5, bare_tables=0.5)
        result = plan(3, constants=constants, maturity=0.0)
        assert (result.traits, result.content, result.novelty) == (4.0, 1.5, 0.0)
        assert result.main + result.short == pytest.approx(0.5 * constants.collaborative)

    def test_without_a_taste_the_prior_does_not_depend_on_certainty(self):
        assert plan(0, constants=PRIOR, certainty=0.0).popularity == pytest.approx(1.1)

    @given(SHARES, SHARES)
    def test_maturity_interpolates_between_bare_and_normal_weights(self, maturity, certainty):
        constants = Weights(
            collaborative=2.0, traits=1.0, coherent_content=0.0, novelty=0.4,
            bare_tables=0.5, bare_traits=4.0, bare_content=16.0, latent=0.0,
        )  # fmt: skip
        result, bare = plan(3, constants=constants, maturity=maturity, certainty=certainty), 1 - maturity
        assert result.main + result.short == pytest.approx(2 * (maturity * certainty + bare * 0.5))
        assert result.traits == pytest.approx(maturity * 1.0 + bare * 4.0)
        assert result.content == pytest.approx(bare * 16.0)
        assert result.novelty == pytest.approx(maturity * 0.4)


class TestDislike:
    def test_has_its_weight_if_a_film_was_disliked(self):
        disliking = fold_in(CATALOGUE, person("f1", kind=EventKind.DISLIKE).history)
        constants = Weights(dislike=0.7)
        assert make_plan(constants, disliking, None, stored=True).dislike == 0.7
        assert make_plan(constants, taste(2), None, stored=True).dislike == 0


class TestSeeds:
    def test_content_weighs_more_for_films_given_with_the_request(self):
        constants = Weights(coherence_half=1e9, coherent_content=0.5, seeds_content=2.0)
        seeds, stored = (make_plan(constants, taste(2), None, stored=flag, clear=1.0) for flag in (False, True))
        assert (seeds.content, stored.content) == (pytest.approx(2.0), pytest.approx(0.5))

    def test_with_a_query_they_weigh_like_a_stored_taste(self):
        constants = Weights(coherence_half=1e9, coherent_content=0.5, seeds_content=2.0, query_taste=1.0)
        assert make_plan(constants, taste(2), "heist", stored=False, clear=1.0).content == pytest.approx(0.5)


class TestLift:
    @given(SHARES)
    def test_grows_with_the_square_of_coherence_and_concept_content_and_fame_linearly(self, clear):
        constants = Weights(coherence_half=1e9, concept=3.0, coherent_content=0.8, coherent_lift=0.4, coherent_fame=0.7)
        result = plan(3, constants=constants, clear=LEAST_COHERENCE + clear * (1 - LEAST_COHERENCE))
        assert result.coherence == pytest.approx(clear)
        assert result.lift == pytest.approx(0.4 * clear**2)
        assert (result.concept, result.content, result.fame) == pytest.approx((3 * clear, 0.8 * clear, 0.7 * clear))

    @given(SHARES)
    def test_only_for_a_single_like_the_weight_of_traits_grows_with_coherence(self, clear):
        constants = Weights(coherence_half=1e9, traits=1.0, single_traits=3.0)
        single, several = (
            plan(n, constants=constants, clear=LEAST_COHERENCE + clear * (1 - LEAST_COHERENCE)) for n in (1, 2)
        )
        assert (single.traits, several.traits) == (pytest.approx(1 + 3 * single.coherence**2), 1.0)


class TestSequels:
    def test_have_their_weight_for_every_taste(self):
        for likes in (1, 60):
            assert plan(likes, constants=Weights(sequels=0.3), certainty=0.2).sequels == pytest.approx(0.3)


class TestBaseline:
    def test_replaces_all_weights_only_for_a_taste_without_a_query(self):
        constants = Weights(formula="playbook")
        assert plan(3, constants=constants) == Plan(Strategy.PERSONAL, baseline=True)
        assert not plan(0, constants=constants).baseline
        assert not plan(3, "heist", constants).baseline


class TestLikeness:
    CONSTANTS = Weights(
        similar_collaborative=1.5, similar_content=2.5, similar_traits=3.5, similar_lift=0.6, query_content=0.7,
        query_text=0.8,
    )  # fmt: skip

    def test_weighs_traits_content_and_people_with_fame_as_tie_breaker(self):
        result = likeness_plan(self.CONSTANTS, 1.0, Strategy.SEEDS)
        assert (result.main, result.short, result.content, result.traits, result.lift) == (0, 1.5, 2.5, 3.5, 0.6)
        assert 0 < result.popularity < 0.01
        assert (result.query_content, result.query_text) == (0.7, 0.8)
        assert result.strategy is Strategy.SEEDS
        assert result.ask_vectors
        assert result.coherence == 1, "films that share its traits are candidates"

    def test_the_short_table_is_weighted_by_maturity(self):
        assert likeness_plan(self.CONSTANTS, 0.0, Strategy.QUERY).short == 0
        assert likeness_plan(self.CONSTANTS, 0.5, Strategy.QUERY).short == 0.75


def test_latent_factors_fade_in_with_likes_and_not_for_a_clear_taste():
    weights = [plan(likes).latent for likes in (1, 10, 50)]
    assert weights[0] == 0, "too small to change an order"
    assert 0 < weights[1] < weights[2] <= Weights().latent
    assert plan(10, clear=1.0).latent < weights[1]
    assert plan(3, clear=1.0).latent == 0


def test_novelty_keeps_up_with_the_latent_factors():
    long, without = plan(50), plan(50, constants=Weights(latent=0.0))
    assert long.novelty == pytest.approx(without.novelty * (1 + NOVELTY_GAIN * long.latent))
    assert plan(50, constants=Weights(novelty=0.0)).novelty == 0
