"""Why a film is like another: its makers and subject before the people who like both, and never what is not so."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from services.recommender.domain.request import Reason, ReasonKind, Strategy
from services.recommender.domain.weights import Weights
from services.recommender.reasons.likeness import likeness_reasons
from services.recommender.signals import mixture_of
from services.recommender.signals.plan import Plan
from tests.recommender.handmade import EVEN, Film, bundle_of, taste_of, trait_rows, with_rows
from tests.recommender.worlds import make_inputs


def reasons(
    films: Sequence[Film], plan: Plan, like: Sequence[int] = (0,), constants: Weights = EVEN, **tables
) -> list[Reason]:
    """What is said of every film."""
    made = make_inputs(taste_of(like), bundle_of(films, **tables), constants, plan)
    inputs = with_rows(made, trait_rows(films))
    mixture = mixture_of(inputs)
    rows = np.arange(len(films), dtype=np.int32)
    by_name = mixture.terms(rows)
    terms = [{name: float(values[row]) for name, values in by_name.items()} for row in rows.tolist()]
    result = likeness_reasons(inputs, mixture, rows, terms)
    assert all(len(each) == 1 for each in result)
    return [reason for (reason,) in result]


def plan(**wanted: float) -> Plan:
    return Plan(Strategy.SEEDS, **wanted)


def about(*names: str, **facts) -> Film:
    return Film(traits=dict.fromkeys(names, 0.5), **facts)


class TestWhatIsShared:
    @pytest.mark.parametrize(
        ("trait", "text"),
        [
            ("director: Ada Ford", "Also directed by Ada Ford"),
            ("keyword: heist", "Also about “heist”"),
            ("cast: Al Stone", "Also with Al Stone"),
            ("series: The Matrix", "Also in the Matrix series"),
        ],
    )
    def test_is_said_in_words(self, trait, text):
        result = reasons([about(trait), about(trait)], plan(traits=2.0))[1]
        assert (result.text, result.kind.value, result.subject) == (text, *trait.split(": "))
        assert result.weight == pytest.approx(2.0 * 0.25)

    def test_is_what_tells_most_and_not_a_genre_however_strong(self):
        films = [
            Film(traits={"genre: Crime": 0.75, "keyword: heist": 0.25, "director: Ada Ford": 0.5}),
            Film(traits={"genre: Crime": 0.75, "keyword: heist": 0.75, "director: Ada Ford": 0.25}),
        ]
        # The subject: .25 x .75; the director: .5 x .25; the genre, .75 x .75, tells nothing of a film.
        result = reasons(films, plan(traits=1.0))[1]
        assert (result.text, result.weight) == ("Also about “heist”", pytest.approx(0.1875))

    def test_weighs_by_what_the_worlds_votes_say_where_nobody_has_rated_anything(self):
        films = [about("director: Ada Ford", events=0, acclaim=1.0), about("director: Ada Ford", events=0, acclaim=0.5)]
        assert reasons(films, plan(traits=1.0))[1].weight == pytest.approx(0.125)

    def test_a_genre_is_said_where_nothing_tells_more(self):
        result = reasons([about("genre: Crime"), about("genre: Crime")], plan(traits=1.0))[1]
        assert (result.text, result.kind, result.weight) == ("Also Crime", ReasonKind.GENRE, pytest.approx(0.25))

    @pytest.mark.parametrize(
        ("trait", "text"), [("language: sv", "Also in Swedish"), ("decade: 1960s", "Also from the 1960s")]
    )
    def test_so_are_a_language_and_a_decade_by_their_names(self, trait, text):
        assert reasons([about(trait), about(trait)], plan(traits=1.0))[1].text == text


class TestThePeople:
    # Nothing is told by a trait; the tables and the texts say something of the second film.
    FILMS = (Film(vector=(5, 0)), Film(vector=(4, 3)), Film(vector=(0, 5)))

    def test_who_like_both_are_named_where_there_are_enough_of_them(self):
        said = [
            reasons(self.FILMS, plan(short=1.0), short={(0, 1): 0.5}, people={(0, 1): people})[1].text
            for people in (1, 2)
        ]
        assert said == ["Closest of the remaining films", "Liked by the same people"]

    def test_are_named_before_the_text_where_they_say_more(self):
        # One film of three is lifted: 3. A cosine of .8 counts 2.56.
        for content, text in ((1.0, "Liked by the same people"), (2.0, "A similar story")):
            result = reasons(self.FILMS, plan(short=1.0, content=content), short={(0, 1): 0.5}, people={(0, 1): 9})[1]
            assert result.text == text
            assert result.weight == pytest.approx(max(3.0, 2.56 * content), rel=1e-4)

    def test_are_not_named_of_a_film_that_they_like_less(self):
        tables = {"short": {(0, 1): -0.5, (0, 2): 0.5}, "people": {(0, 1): 9, (0, 2): 9}}
        assert reasons(self.FILMS, plan(short=1.0), **tables)[1].text == "Closest of the remaining films"

    @pytest.mark.parametrize("like", [[0, 1], [1, 0]])
    def test_may_be_those_of_any_of_the_films_to_be_like(self, like):
        tables = {"short": {(0, 2): 0.5}, "people": {(0, 2): 9}}
        assert reasons(self.FILMS, plan(short=1.0), like=like, **tables)[2].text == "Liked by the same people"


def test_a_similar_story_is_said_where_the_text_alone_brought_it():
    result = reasons([Film(vector=(5, 0)), Film(vector=(4, 3))], plan(content=1.0))[1]
    assert (result.text, result.weight) == ("A similar story", pytest.approx(2.56, rel=1e-5))


def test_a_shared_genre_is_said_where_people_and_texts_say_nothing():
    films = [about("genre: Crime", vector=(5, 0)), about("genre: Crime", vector=(0, 5))]
    assert reasons(films, plan(content=1.0, traits=1.0))[1].text == "Also Crime"


def test_of_a_film_that_shares_nothing_nothing_is_made_up():
    result = reasons([about("genre: Crime"), Film()], plan(traits=1.0, content=1.0, short=1.0))[1]
    assert (result.text, result.weight) == ("Closest of the remaining films", 0.0)
    assert reasons([about("genre: Crime")] * 2, plan(short=1.0))[1].text == "Closest of the remaining films"


def test_the_article_is_dropped_from_a_series_and_not_from_a_name():
    names = ["director: The Brothers", "cast: The Rock", "keyword: The Sea"]
    said = [reasons([about(name), about(name)], plan(traits=1.0))[1].text for name in names]
    assert said == ["Also directed by The Brothers", "Also with The Rock", "Also about “The Sea”"]


def test_every_film_is_told_for_itself():
    films = [about("director: Ada Ford", "genre: Crime"), about("genre: Crime"), about("director: Ada Ford"), Film()]
    result = reasons([*films, replace(films[0])], plan(traits=1.0))
    assert [reason.text for reason in result[1:]] == [
        "Also Crime", "Also directed by Ada Ford", "Closest of the remaining films", "Also directed by Ada Ford",
    ]  # fmt: skip
