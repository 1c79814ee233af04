"""Reasons name what moved the score: the largest cause first, and the trait that adds the most."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.request import RankedItem, Reason, ReasonKind, Strategy
from services.recommender.domain.weights import Weights
from services.recommender.ranking.ranker import Ranked, rank
from services.recommender.reasons.reasons import PageReasons, make_items
from services.recommender.signals import mixture_of
from services.recommender.signals.plan import Plan
from services.recommender.signals.signal import Cites
from services.recommender.taste.fold_in import Taste
from tests.builders import make_bundle
from tests.recommender.handmade import EVEN, Film, bundle_of, matches_of, taste_of, trait_rows, with_rows
from tests.recommender.worlds import make_inputs

NAMED = {ReasonKind.DIRECTOR, ReasonKind.KEYWORD, ReasonKind.GENRE, ReasonKind.CAST}


def items(
    films: Sequence[Film],
    taste: Taste,
    plan: Plan,
    matches=None,
    constants: Weights = EVEN,
    explain: bool = True,
    reasons: bool = True,
    **tables,
) -> dict[int, RankedItem]:
    """Return every film of a world as a ranked item, by row."""
    made = make_inputs(taste, bundle_of(films, **tables), constants, plan)
    inputs = replace(with_rows(made, trait_rows(films)), matches=matches)
    mixture = mixture_of(inputs)
    rows = np.arange(len(films), dtype=np.int32)
    top = rank(rows, mixture.terms(rows))
    of_request = PageReasons(inputs, mixture, mixture.cites) if reasons else None
    return {item.row: item for item in make_items(top, of_request, constants, explain, matches)}


def trait_of(item: RankedItem) -> Reason | None:
    return next((reason for reason in item.reasons if reason.kind in NAMED), None)


class TestNamedTrait:
    # Both likes are by one director and of one genre; one of them has a star. The last film has all three.
    FILMS = (
        Film(traits={"director: Ada Ford": 0.5, "genre: Crime": 0.25, "cast: Al Stone": 1.0}),
        Film(traits={"director: Ada Ford": 0.5, "genre: Crime": 0.25}),
        Film(traits={"director: Ada Ford": 0.5, "genre: Crime": 0.25, "cast: Al Stone": 0.5}, popularity=3.0),
    )
    TASTE = taste_of([0, 1])

    def test_is_the_one_that_adds_the_most_to_the_score(self):
        # The star: 1 / 1.5 x .5; the director: .5 x .5.
        result = items(self.FILMS, taste_of([0, 1], base=[1.0, 0.5]), Plan(Strategy.PERSONAL, traits=1.0))
        assert trait_of(result[2]).subject == "Al Stone"
        assert trait_of(result[2]).weight == pytest.approx(1 / 3)

    def test_is_the_shared_concept_if_that_adds_more(self):
        # By traits alone the star adds the most; but both likes are by the director, and few other films are.
        films = [*self.FILMS, *[Film(traits={"genre: Crime": 0.25}, popularity=3.0)] * 9, *[Film()] * 9]
        plan = Plan(Strategy.PERSONAL, traits=1.0, concept=4.0)
        taste = taste_of([0, 1], base=[1.3, 1.0])
        alone, together = (items(films, taste, used)[2] for used in (replace(plan, concept=0.0), plan))
        assert trait_of(alone).subject == "Al Stone"
        assert trait_of(together).text == "Directed by Ada Ford, whose films you liked"
        assert trait_of(together).weight > trait_of(alone).weight

    def test_is_a_language_by_name(self):
        films = [Film(traits={"language: es": 1.0}), Film(traits={"language: es": 0.5})]
        reason = items(films, taste_of([0]), Plan(Strategy.PERSONAL, traits=1.0))[1].reasons[0]
        assert (reason.text, reason.subject) == ("In Spanish, like films you liked", "Spanish")

    def test_weighs_by_acclaim_without_events(self):
        quiet = [replace(film, events=0, acclaim=0.5) for film in self.FILMS]
        result = items(quiet, self.TASTE, Plan(Strategy.PERSONAL, traits=2.0))
        assert trait_of(result[2]).weight == pytest.approx(2.0 * 0.5 * 0.25)

    def test_is_none_if_traits_have_no_weight(self):
        result = items(self.FILMS, self.TASTE, Plan(Strategy.PERSONAL, popularity=1.0))
        assert [trait_of(item) for item in result.values()] == [None] * 3

    def test_is_no_keyword_of_only_one_of_several_likes(self):
        films = [
            Film(traits={"keyword: heist": 1.0, "keyword: city": 0.5}),
            Film(traits={"keyword: city": 0.5}),
            Film(traits={"keyword: heist": 1.0, "keyword: city": 0.5}),
        ]
        plan = Plan(Strategy.PERSONAL, traits=1.0)
        assert trait_of(items(films, taste_of([0, 1]), plan)[2]).subject == "city"
        assert trait_of(items(films, taste_of([0]), plan)[2]).subject == "heist"


traits = st.dictionaries(
    st.sampled_from(["director: a", "director: b", "genre: c", "cast: d", "keyword: e"]),
    st.sampled_from([0.25, 0.5, 0.75, 1.0]),
    max_size=4,
)
worlds = st.lists(st.builds(Film, traits=traits, popularity=st.sampled_from([0.0, 1.0, 3.0])), min_size=5, max_size=5)
tastes = st.dictionaries(st.integers(0, 4), st.sampled_from([0.3, 1.0, 1.3]), min_size=1)


@given(worlds, tastes)
def test_the_named_trait_adds_the_most_of_all_citable_traits(films, liked):
    result = items(films, taste_of(list(liked), list(liked.values())), Plan(Strategy.PERSONAL, traits=1.0))
    counts = taste_by_hand(films, liked)
    for row, item in result.items():
        parts = {name: counts[name] * value for name, value in films[row].traits.items() if name in counts}
        assert item.signals["traits"] == pytest.approx(sum(parts.values()), abs=1e-3)
        having = {name: sum(name in films[like].traits for like in liked) for name in parts}
        citable = {
            name: part
            for name, part in parts.items()
            if len(liked) < 2 or having[name] >= 2 or not name.startswith("keyword")
        }
        named = trait_of(item)
        if named is None:
            assert max(citable.values(), default=0.0) < 0.021
        else:
            assert named.weight == pytest.approx(max(citable.values()), abs=1e-3)
            assert citable[f"{named.kind.value}: {named.subject}"] == pytest.approx(named.weight, abs=1e-3)


def taste_by_hand(films: Sequence[Film], liked: Mapping[int, float]) -> dict[str, float]:
    """Return the weight of each trait in the taste, by the formula of the term."""
    total, mean = sum(liked.values()), dict[str, float]()
    for row, weight in liked.items():
        for name, value in films[row].traits.items():
            mean[name] = mean.get(name, 0.0) + weight * value / total
    return mean


# Row 2 is mostly liked along with row 0, and row 3 along with row 1.
MAIN = {(0, 2): 0.5, (1, 2): 0.25, (0, 3): 0.25, (1, 3): 0.5}


class TestCitedFilm:
    FILMS = (Film("Heat", year=1995), Film("Alien", year=1979), Film(), Film())
    PLAN = Plan(Strategy.PERSONAL, main=1.0)

    def test_is_the_one_without_which_the_score_falls_the_most(self):
        result = items(self.FILMS, taste_of([0, 1]), self.PLAN, main=MAIN, people=dict.fromkeys(MAIN, 2))
        (reason,) = result[2].reasons
        assert (reason.text, reason.item_id) == ("Because you liked Heat (1995)", "f0")
        # .75 of a mean of 1.5 / 4 is 2; without Heat .25 of a mean of .75 / 4 is 4 / 3.
        assert reason.weight == pytest.approx(2 - 4 / 3)
        assert [reason.item_id for reason in result[3].reasons] == ["f1"]

    @pytest.mark.parametrize("people", [0, 1])
    def test_is_none_if_too_few_people_like_both(self, people):
        result = items(self.FILMS, taste_of([0, 1]), self.PLAN, main=MAIN, people=dict.fromkeys(MAIN, people))
        (reason,) = result[2].reasons
        assert (reason.text, reason.item_id) == ("Close to what you like", None)
        assert reason.weight == pytest.approx(2.0)

    def test_needs_no_people_if_shared_content_explains_half_of_the_score(self):
        # The vectors of rows 0 and 2 are equal, that of row 1 is orthogonal: a cosine of 1 counts 4 times .5.
        films = [
            replace(film, vector=vector)
            for film, vector in zip(self.FILMS, [(5, 0), (0, 5), (5, 0), (0, 5)], strict=True)
        ]
        plan = Plan(Strategy.PERSONAL, main=1.0, content=0.5)
        result = items(films, taste_of([0, 1]), plan, main=MAIN)
        (reason,) = result[2].reasons
        # Without Heat, half of 2 is lost, as well as 2 / 3 from the table.
        assert (reason.item_id, reason.weight) == ("f0", pytest.approx(1 + 2 / 3))

    def test_may_be_two_if_the_second_has_half_the_fall(self):
        vectors = [(5, 0), (5, 0), (5, 0), (0, 5)]
        films = [replace(film, vector=vector) for film, vector in zip(self.FILMS, vectors, strict=True)]
        # A like of another kind makes the text of row 2 depend on both.
        films.append(Film(vector=(0, 5)))
        plan = Plan(Strategy.PERSONAL, content=1.0)
        result = items(films, taste_of([0, 1, 4]), plan)
        # Two of three likes are similar: 4 x 2 / 3; without one of these 4 / 2.
        cited = [(reason.item_id, reason.weight) for reason in result[2].reasons]
        assert cited == [("f0", pytest.approx(8 / 3 - 2, rel=1e-4)), ("f1", pytest.approx(8 / 3 - 2, rel=1e-4))]


# Row 1 is by the director of row 0 and liked along with it; rows 2 and 3 share nothing, one of them is famous.
FILMS = (
    Film("Heat", traits={"director: Ada Ford": 1.0}, genres=("Crime",)),
    Film(traits={"director: Ada Ford": 0.5}, genres=("Crime",), popularity=2.0),
    Film(genres=("Western",), popularity=4.0),
    Film(genres=("Western",)),
)
TABLES = {"main": {(0, 1): 0.5, (0, 2): 0.25}, "people": {(0, 1): 9, (0, 2): 9}}


class TestOrderOfReasons:
    def kinds(self, row: int, **weights: float) -> list[ReasonKind]:
        result = items(FILMS, taste_of([0]), Plan(Strategy.PERSONAL, **weights), **TABLES)
        return [reason.kind for reason in result[row].reasons]

    def test_a_shared_concept_is_cited_by_its_trait(self):
        director = Film(traits={"director: Ada Ford": 1.0})
        films = [director, director, director, *[Film()] * 20]
        plan = Plan(Strategy.SEEDS, main=1.0, traits=0.5)
        tables = {"main": {(0, 2): 0.5, (1, 2): 0.5, (0, 3): 0.5}, "people": {(0, 2): 9, (1, 2): 9}}
        result = {
            concept: items(films, taste_of([0, 1]), replace(plan, concept=concept), **tables)[2].reasons[0].kind
            for concept in (0.0, 99.0)
        }
        assert result == {0.0: ReasonKind.LIKED, 99.0: ReasonKind.DIRECTOR}

    def test_the_largest_cause_comes_first(self):
        # For row 1 the tables give .5 / .1875 = 2.67, and the traits .5 per unit of weight.
        assert self.kinds(1, main=1.0, traits=1.0) == [ReasonKind.LIKED, ReasonKind.DIRECTOR]
        assert self.kinds(1, main=1.0, traits=8.0) == [ReasonKind.DIRECTOR, ReasonKind.LIKED]

    def test_a_cause_of_less_than_a_tenth_is_not_named(self):
        assert self.kinds(1, main=1.0, traits=0.5) == [ReasonKind.LIKED]
        assert self.kinds(1, main=0.05, traits=8.0) == [ReasonKind.DIRECTOR]

    def test_popularity_is_named_only_if_it_is_the_largest_cause(self):
        assert self.kinds(1, main=1.0, traits=1.0, popularity=0.5) == [ReasonKind.LIKED, ReasonKind.DIRECTOR]
        assert self.kinds(1, main=1.0, popularity=5.0)[0] is ReasonKind.POPULAR
        assert self.kinds(1, main=1.0, popularity=5.0)[1:] == [ReasonKind.LIKED]

    def test_a_film_of_the_same_kind_is_cited_for_its_tone(self):
        # The kernel of row 1 is 1, of row 2 it is 0.
        assert self.kinds(1, tone=3.0, popularity=1.0) == [ReasonKind.LIKED]
        assert self.kinds(1, tone=1.5, popularity=1.0)[0] is ReasonKind.POPULAR
        assert self.kinds(2, tone=3.0, popularity=1.0) == [ReasonKind.POPULAR]

    def test_dissonance_counts_against_the_films_of_the_taste(self):
        background = [Film(genres=("Crime",)), Film(genres=("Horror",))] * 20
        films = [*FILMS[:2], Film(genres=("Crime", "Horror"), popularity=2.0), *background]
        tables = {"main": {(0, 2): 0.5}, "people": {(0, 2): 9}}
        plan = Plan(Strategy.PERSONAL, main=0.06, popularity=1.0)
        result = {
            weight: items(films, taste_of([0]), replace(plan, dissonance=weight), **tables)[2].reasons[0].kind
            for weight in (0.0, 9.0)
        }
        assert result == {0.0: ReasonKind.LIKED, 9.0: ReasonKind.POPULAR}

    def test_a_film_without_any_cause_is_not_yet_well_known(self):
        result = items(FILMS, taste_of([0]), Plan(Strategy.PERSONAL, main=1.0), **TABLES)
        assert [reason.text for reason in result[3].reasons] == ["Not yet well known here"]

    def test_without_a_taste_the_reason_is_popularity(self):
        result = items(FILMS, taste_of([]), Plan(Strategy.POPULAR, popularity=1.0))
        (reason,) = result[2].reasons
        assert (reason.text, reason.weight) == ("Popular in Western", pytest.approx(4.0))


class TestQueries:
    PLAN = Plan(Strategy.QUERY, main=1.0, traits=1.0)

    def kinds(self, matches, taste: Taste, row: int = 1) -> list[ReasonKind]:
        result = items(FILMS, taste, self.PLAN, matches, **TABLES)
        return [reason.kind for reason in result[row].reasons]

    def query(self, matched: tuple[int, ...] = (0, 1, 2, 3), named: tuple[int, ...] = (), like: tuple[int, ...] = ()):
        matches = matches_of(4, like=like, match=np.ones(4, np.float32))
        mask = np.isin(np.arange(4), matched)
        understood = replace(matches.understood, query="heat", named=named)
        return replace(matches, matched=mask, understood=understood)

    def test_what_a_film_matches_comes_before_causes_from_the_taste(self):
        result = self.kinds(self.query(named=(1,)), taste_of([0]))
        assert result == [ReasonKind.QUERY, ReasonKind.LIKED, ReasonKind.DIRECTOR]

    def test_a_film_that_does_not_match_has_no_other_reason(self):
        assert self.kinds(self.query(matched=(0, 2)), taste_of([0])) == [ReasonKind.NEAREST]

    def test_popularity_is_named_only_if_no_match_is(self):
        assert self.kinds(self.query(named=(2,)), taste_of([1]), row=2) == [ReasonKind.QUERY]
        assert self.kinds(self.query(), taste_of([1]), row=2) == [ReasonKind.POPULAR]

    def test_without_a_taste_the_reason_is_the_match_or_popularity(self):
        assert self.kinds(self.query(named=(1,)), taste_of([])) == [ReasonKind.QUERY]
        assert self.kinds(self.query(), taste_of([])) == [ReasonKind.POPULAR]

    def test_a_film_to_resemble_is_not_called_liked(self):
        result = items(FILMS, taste_of([0]), self.PLAN, self.query(like=(0,)), **TABLES)
        assert [reason.text for reason in result[1].reasons] == ["Also directed by Ada Ford"]

    def test_every_item_says_whether_it_matches(self):
        # The most famous film comes first, and it is the one that does not match.
        plan = Plan(Strategy.QUERY, popularity=1.0)
        result = items(FILMS, taste_of([]), plan, self.query(matched=(0, 1, 3)))
        assert list(result) == [2, 1, 0, 3]
        assert [result[row].match for row in range(4)] == [True, True, False, True]
        assert {item.match for item in items(FILMS, taste_of([]), plan).values()} == {None}


class TestScores:
    PLAN = Plan(Strategy.PERSONAL, traits=1.0, popularity=0.5)
    CONSTANTS = Weights(recency_floor=1.0, mature_events=0.0, score_midpoint=1.0, score_scale=0.5)

    def test_are_the_softsign_of_the_sum_of_the_signals_best_first(self):
        result = items(FILMS, taste_of([0]), self.PLAN, constants=self.CONSTANTS)
        # Row 0: its own traits; row 1: .5 + .5 x 2; row 2: .5 x 4.
        raw = {0: 1.0, 1: 1.5, 2: 2.0, 3: 0.0}
        assert list(result) == [2, 1, 0, 3]
        for row, item in result.items():
            assert sum(item.signals.values()) == pytest.approx(raw[row])
            assert item.score == pytest.approx({0.0: 1 / 6, 1.0: 1 / 2, 1.5: 3 / 4, 2.0: 5 / 6}[raw[row]])

    def test_signals_and_reasons_are_made_only_if_requested(self):
        plain = items(FILMS, taste_of([0]), self.PLAN, explain=False)
        assert all(item.signals == {} and item.reasons for item in plain.values())
        bare = items(FILMS, taste_of([0]), self.PLAN, reasons=False)
        assert all(item.signals and item.reasons == () for item in bare.values())


def test_a_terms_reason_depends_on_what_its_signal_cites():
    inputs = make_inputs(taste_of([0]), bundle_of(FILMS), EVEN)
    top = Ranked(
        np.array([1], np.int32), np.ones(1, np.float32), np.array([[0.8, 0.2]], np.float32), ("fresh", "popularity")
    )
    kinds = {}
    for cites in ({"fresh": Cites.FILMS}, {"fresh": Cites.NOTHING}, {}):
        (item,) = make_items(top, PageReasons(inputs, mixture_of(inputs), cites), EVEN, explain=True)
        kinds[str(cites)] = item.reasons[0].kind
    assert list(kinds.values()) == [ReasonKind.LIKED, ReasonKind.POPULAR, ReasonKind.POPULAR]


class TestSupport:
    """A film is cited for what people like together only if at least two people like both films."""

    BUNDLE = make_bundle(60, outside=6)
    LIKED = np.arange(8, dtype=np.int32)

    @pytest.mark.parametrize("plan", [Plan(Strategy.PERSONAL, latent=2.0), Plan(Strategy.PERSONAL, main=2.0)])
    def test_neither_the_tables_nor_the_factors_cite_a_film_that_shares_one_person_with_another(self, plan):
        inputs = make_inputs(Taste.of_films(self.LIKED), self.BUNDLE, plan=plan)
        mixture, rows = mixture_of(inputs), np.arange(8, 60, dtype=np.int32)
        ranked = rank(rows, mixture.terms(rows))
        shown = make_items(ranked, PageReasons(inputs, mixture, mixture.cites), EVEN, explain=True)
        catalogue = self.BUNDLE.catalogue
        cited = [
            (catalogue.rows_of([reason.item_id]), np.array([item.row], np.int32))
            for item in shown
            for reason in item.reasons
            if reason.kind is ReasonKind.LIKED and reason.item_id
        ]
        assert cited
        assert all(self.BUNDLE.collaborative.supported(film, other, 2).all() for film, other in cited)
