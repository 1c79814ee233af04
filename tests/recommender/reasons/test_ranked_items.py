"""What is said of a film is what moved its score: the largest cause first, and of its traits the one that adds most."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.request import RankedItem, Reason, ReasonKind, Strategy
from services.recommender.domain.weights import Weights
from services.recommender.ranking.ranker import Ranked, rank
from services.recommender.reasons.ranked_items import Context, make_items
from services.recommender.signals import mixture_of
from services.recommender.signals.plan import Plan
from services.recommender.signals.signal import Cites
from services.recommender.taste.fold_in import Taste
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
    """Every film of a world as it is answered, by row."""
    made = make_inputs(taste, bundle_of(films, **tables), constants, plan)
    inputs = replace(with_rows(made, trait_rows(films)), matches=matches)
    mixture = mixture_of(inputs)
    rows = np.arange(len(films), dtype=np.int32)
    top = rank(rows, mixture.terms(rows))
    context = Context(inputs, mixture, mixture.cites) if reasons else None
    return {item.row: item for item in make_items(top, context, constants, explain, matches)}


def trait_of(item: RankedItem) -> Reason | None:
    return next((reason for reason in item.reasons if reason.kind in NAMED), None)


class TestTheTraitThatIsNamed:
    # Both likes are by one director and of one genre; one of them has a star. The last film has all three.
    FILMS = (
        Film(traits={"director: Ada Ford": 0.5, "genre: Crime": 0.25, "cast: Al Stone": 1.0}),
        Film(traits={"director: Ada Ford": 0.5, "genre: Crime": 0.25}),
        Film(traits={"director: Ada Ford": 0.5, "genre: Crime": 0.25, "cast: Al Stone": 0.5}, popularity=3.0),
    )
    TASTE = taste_of([0, 1])

    def test_adds_most_to_the_score(self):
        # The star: 1 / 1.5 x .5; the director: .5 x .5.
        result = items(self.FILMS, taste_of([0, 1], base=[1.0, 0.5]), Plan(Strategy.PERSONAL, traits=1.0))
        assert trait_of(result[2]).subject == "Al Stone"
        assert trait_of(result[2]).weight == pytest.approx(1 / 3)

    def test_is_what_the_likes_mean_together_where_that_counts_for_more(self):
        # The star adds most of what is shared with each; but both likes are by the director, and few films are.
        films = [*self.FILMS, *[Film(traits={"genre: Crime": 0.25}, popularity=3.0)] * 9, *[Film()] * 9]
        plan = Plan(Strategy.PERSONAL, traits=1.0, concept=4.0)
        taste = taste_of([0, 1], base=[1.3, 1.0])
        alone, together = (items(films, taste, each)[2] for each in (replace(plan, concept=0.0), plan))
        assert trait_of(alone).subject == "Al Stone"
        assert trait_of(together).text == "Directed by Ada Ford, whose films you liked"
        assert trait_of(together).weight > trait_of(alone).weight

    def test_of_a_language_is_its_name(self):
        films = [Film(traits={"language: es": 1.0}), Film(traits={"language: es": 0.5})]
        reason = items(films, taste_of([0]), Plan(Strategy.PERSONAL, traits=1.0))[1].reasons[0]
        assert (reason.text, reason.subject) == ("In Spanish, like films you liked", "Spanish")

    def test_weighs_by_what_the_worlds_votes_say_where_nobody_has_rated_anything(self):
        quiet = [replace(film, events=0, acclaim=0.5) for film in self.FILMS]
        result = items(quiet, self.TASTE, Plan(Strategy.PERSONAL, traits=2.0))
        assert trait_of(result[2]).weight == pytest.approx(2.0 * 0.5 * 0.25)

    def test_is_none_where_traits_have_no_weight(self):
        result = items(self.FILMS, self.TASTE, Plan(Strategy.PERSONAL, popularity=1.0))
        assert [trait_of(item) for item in result.values()] == [None] * 3

    def test_is_no_keyword_that_a_single_one_of_several_likes_has(self):
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
def test_no_other_trait_that_may_be_named_adds_more_than_the_one_that_is(films, liked):
    result = items(films, taste_of(list(liked), list(liked.values())), Plan(Strategy.PERSONAL, traits=1.0))
    counts = taste_by_hand(films, liked)
    for row, item in result.items():
        parts = {name: counts[name] * value for name, value in films[row].traits.items() if name in counts}
        assert item.signals["traits"] == pytest.approx(sum(parts.values()), abs=1e-3)
        having = {name: sum(name in films[each].traits for each in liked) for name in parts}
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
    """What each trait counts for in the score, from the formula of the term."""
    total, mean = sum(liked.values()), dict[str, float]()
    for row, weight in liked.items():
        for name, value in films[row].traits.items():
            mean[name] = mean.get(name, 0.0) + weight * value / total
    return mean


# Row 2 is liked along with row 0 mostly, row 3 along with row 1.
MAIN = {(0, 2): 0.5, (1, 2): 0.25, (0, 3): 0.25, (1, 3): 0.5}


class TestFilmsThatAreCited:
    FILMS = (Film("Heat", year=1995), Film("Alien", year=1979), Film(), Film())
    PLAN = Plan(Strategy.PERSONAL, main=1.0)

    def test_is_the_one_without_which_the_score_would_fall_by_the_weight(self):
        result = items(self.FILMS, taste_of([0, 1]), self.PLAN, main=MAIN, people=dict.fromkeys(MAIN, 2))
        (reason,) = result[2].reasons
        assert (reason.text, reason.item_id) == ("Because you liked Heat (1995)", "f0")
        # .75 of a mean of 1.5 / 4 is 2; without Heat .25 of a mean of .75 / 4 is 4 / 3.
        assert reason.weight == pytest.approx(2 - 4 / 3)
        assert [reason.item_id for reason in result[3].reasons] == ["f1"]

    @pytest.mark.parametrize("people", [0, 1])
    def test_is_none_that_too_few_like_along_with_it(self, people):
        result = items(self.FILMS, taste_of([0, 1]), self.PLAN, main=MAIN, people=dict.fromkeys(MAIN, people))
        (reason,) = result[2].reasons
        assert (reason.text, reason.item_id) == ("Close to what you like", None)
        assert reason.weight == pytest.approx(2.0)

    def test_may_be_one_that_nobody_stands_behind_where_what_they_share_is_half_of_it(self):
        # The texts of rows 0 and 2 are one and that of row 1 is at a right angle: a whole cosine counts 4 times .5.
        films = [
            replace(film, vector=vector)
            for film, vector in zip(self.FILMS, [(5, 0), (0, 5), (5, 0), (0, 5)], strict=True)
        ]
        plan = Plan(Strategy.PERSONAL, main=1.0, content=0.5)
        result = items(films, taste_of([0, 1]), plan, main=MAIN)
        (reason,) = result[2].reasons
        # Half of 2 goes with Heat, besides the 2 / 3 of the table.
        assert (reason.item_id, reason.weight) == ("f0", pytest.approx(1 + 2 / 3))

    def test_are_two_where_the_second_did_half_as_much(self):
        vectors = [(5, 0), (5, 0), (5, 0), (0, 5)]
        films = [replace(film, vector=vector) for film, vector in zip(self.FILMS, vectors, strict=True)]
        # A like of another kind makes the text of row 2 depend on both.
        films.append(Film(vector=(0, 5)))
        plan = Plan(Strategy.PERSONAL, content=1.0)
        result = items(films, taste_of([0, 1, 4]), plan)
        # Of three likes two are alike: 4 x 2 / 3; without one of these 4 / 2.
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


class TestTheOrderOfReasons:
    def said(self, row: int, **wanted: float) -> list[ReasonKind]:
        result = items(FILMS, taste_of([0]), Plan(Strategy.PERSONAL, **wanted), **TABLES)
        return [reason.kind for reason in result[row].reasons]

    def test_what_the_likes_mean_together_is_told_by_their_trait(self):
        director = Film(traits={"director: Ada Ford": 1.0})
        films = [director, director, director, *[Film()] * 20]
        plan = Plan(Strategy.SEEDS, main=1.0, traits=0.5)
        tables = {"main": {(0, 2): 0.5, (1, 2): 0.5, (0, 3): 0.5}, "people": {(0, 2): 9, (1, 2): 9}}
        result = {
            concept: items(films, taste_of([0, 1]), replace(plan, concept=concept), **tables)[2].reasons[0].kind
            for concept in (0.0, 99.0)
        }
        assert result == {0.0: ReasonKind.LIKED, 99.0: ReasonKind.DIRECTOR}

    def test_the_largest_cause_is_said_first(self):
        # Of row 1 the tables say .5 / .1875 = 2.67, the traits .5 each unit of weight.
        assert self.said(1, main=1.0, traits=1.0) == [ReasonKind.LIKED, ReasonKind.DIRECTOR]
        assert self.said(1, main=1.0, traits=8.0) == [ReasonKind.DIRECTOR, ReasonKind.LIKED]

    def test_a_cause_of_less_than_a_tenth_is_not_worth_saying(self):
        assert self.said(1, main=1.0, traits=0.5) == [ReasonKind.LIKED]
        assert self.said(1, main=0.05, traits=8.0) == [ReasonKind.DIRECTOR]

    def test_fame_is_said_where_it_is_the_largest_and_not_beside_others(self):
        assert self.said(1, main=1.0, traits=1.0, popularity=0.5) == [ReasonKind.LIKED, ReasonKind.DIRECTOR]
        assert self.said(1, main=1.0, popularity=5.0)[0] is ReasonKind.POPULAR
        assert self.said(1, main=1.0, popularity=5.0)[1:] == [ReasonKind.LIKED]

    def test_a_film_of_the_same_kind_is_cited_for_its_tone(self):
        # The kernel of row 1 is 1, of row 2 it is 0.
        assert self.said(1, tone=3.0, popularity=1.0) == [ReasonKind.LIKED]
        assert self.said(1, tone=1.5, popularity=1.0)[0] is ReasonKind.POPULAR
        assert self.said(2, tone=3.0, popularity=1.0) == [ReasonKind.POPULAR]

    def test_what_speaks_against_a_film_is_part_of_what_the_films_say_of_it(self):
        others = [Film(genres=("Crime",)), Film(genres=("Horror",))] * 20
        films = [*FILMS[:2], Film(genres=("Crime", "Horror"), popularity=2.0), *others]
        tables = {"main": {(0, 2): 0.5}, "people": {(0, 2): 9}}
        plan = Plan(Strategy.PERSONAL, main=0.06, popularity=1.0)
        result = {
            weight: items(films, taste_of([0]), replace(plan, dissonance=weight), **tables)[2].reasons[0].kind
            for weight in (0.0, 9.0)
        }
        assert result == {0.0: ReasonKind.LIKED, 9.0: ReasonKind.POPULAR}

    def test_a_film_that_nothing_brought_is_said_to_be_popular_or_not_yet_known(self):
        result = items(FILMS, taste_of([0]), Plan(Strategy.PERSONAL, main=1.0), **TABLES)
        assert [reason.text for reason in result[3].reasons] == ["Not yet well known here"]

    def test_a_stranger_is_told_what_is_popular(self):
        result = items(FILMS, taste_of([]), Plan(Strategy.POPULAR, popularity=1.0))
        (reason,) = result[2].reasons
        assert (reason.text, reason.weight) == ("Popular in Western", pytest.approx(4.0))


class TestQueries:
    PLAN = Plan(Strategy.QUERY, main=1.0, traits=1.0)

    def said(self, matches, taste: Taste, row: int = 1) -> list[ReasonKind]:
        result = items(FILMS, taste, self.PLAN, matches, **TABLES)
        return [reason.kind for reason in result[row].reasons]

    def asked(self, matched: tuple[int, ...] = (0, 1, 2, 3), named: tuple[int, ...] = (), like: tuple[int, ...] = ()):
        matches = matches_of(4, like=like, match=np.ones(4, np.float32))
        mask = np.isin(np.arange(4), matched)
        understood = replace(matches.understood, query="heat", named=named)
        return replace(matches, matched=mask, understood=understood)

    def test_what_a_film_matches_is_said_before_what_the_taste_says_of_it(self):
        result = self.said(self.asked(named=(1,)), taste_of([0]))
        assert result == [ReasonKind.QUERY, ReasonKind.LIKED, ReasonKind.DIRECTOR]

    def test_of_a_film_that_does_not_match_nothing_else_is_said(self):
        assert self.said(self.asked(matched=(0, 2)), taste_of([0])) == [ReasonKind.NEAREST]

    def test_fame_is_said_only_where_nothing_was_matched(self):
        assert self.said(self.asked(named=(2,)), taste_of([1]), row=2) == [ReasonKind.QUERY]
        assert self.said(self.asked(), taste_of([1]), row=2) == [ReasonKind.POPULAR]

    def test_a_stranger_is_told_what_was_matched_or_what_is_popular(self):
        assert self.said(self.asked(named=(1,)), taste_of([])) == [ReasonKind.QUERY]
        assert self.said(self.asked(), taste_of([])) == [ReasonKind.POPULAR]

    def test_films_like_a_film_are_told_by_what_they_share_with_it_and_not_as_liked(self):
        asked = self.asked(like=(0,))
        result = items(FILMS, taste_of([0]), self.PLAN, asked, **TABLES)
        assert [reason.text for reason in result[1].reasons] == ["Also directed by Ada Ford"]

    def test_every_film_says_whether_it_matches(self):
        # The most famous film comes first, and it is the one that does not match.
        plan = Plan(Strategy.QUERY, popularity=1.0)
        result = items(FILMS, taste_of([]), plan, self.asked(matched=(0, 1, 3)))
        assert list(result) == [2, 1, 0, 3]
        assert [result[row].match for row in range(4)] == [True, True, False, True]
        assert {item.match for item in items(FILMS, taste_of([]), plan).values()} == {None}


class TestScores:
    PLAN = Plan(Strategy.PERSONAL, traits=1.0, popularity=0.5)
    CONSTANTS = Weights(recency_floor=1.0, mature_events=0.0, score_midpoint=1.0, score_scale=0.5)

    def test_are_the_softsign_of_the_sum_of_the_signals_and_come_best_first(self):
        result = items(FILMS, taste_of([0]), self.PLAN, constants=self.CONSTANTS)
        # Of itself 1, and .5 + .5 x 2, and .5 x 4.
        raw = {0: 1.0, 1: 1.5, 2: 2.0, 3: 0.0}
        assert list(result) == [2, 1, 0, 3]
        for row, item in result.items():
            assert sum(item.signals.values()) == pytest.approx(raw[row])
            assert item.score == pytest.approx({0.0: 1 / 6, 1.0: 1 / 2, 1.5: 3 / 4, 2.0: 5 / 6}[raw[row]])

    def test_signals_are_for_those_who_ask_and_reasons_for_those_who_want_them(self):
        plain = items(FILMS, taste_of([0]), self.PLAN, explain=False)
        assert all(item.signals == {} and item.reasons for item in plain.values())
        bare = items(FILMS, taste_of([0]), self.PLAN, reasons=False)
        assert all(item.signals and item.reasons == () for item in bare.values())


def test_a_term_is_explained_by_what_its_signal_cites():
    inputs = make_inputs(taste_of([0]), bundle_of(FILMS), EVEN)
    top = Ranked(
        np.array([1], np.int32), np.ones(1, np.float32), np.array([[0.8, 0.2]], np.float32), ("fresh", "popularity")
    )
    said = {}
    for cites in ({"fresh": Cites.FILMS}, {"fresh": Cites.NOTHING}, {}):
        (item,) = make_items(top, Context(inputs, mixture_of(inputs), cites), EVEN, explain=True)
        said[str(cites)] = item.reasons[0].kind
    assert list(said.values()) == [ReasonKind.LIKED, ReasonKind.POPULAR, ReasonKind.POPULAR]
