"""Reasons of similar films: shared makers and subjects first, then people who like both, and nothing untrue."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from services.recommender.domain.request import Reason, ReasonKind, Strategy
from services.recommender.domain.weights import Weights
from services.recommender.reasons.reasons import likeness_reasons
from services.recommender.signals import mixture_of
from services.recommender.signals.plan import Plan
from tests.recommender.handmade import EVEN, Film, bundle_of, taste_of, trait_rows, with_rows
from tests.recommender.worlds import make_inputs


def reasons(
    films: Sequence[Film], plan: Plan, like: Sequence[int] = (0,), constants: Weights = EVEN, **tables
) -> list[Reason]:
    """Return the reason of every film."""
    made = make_inputs(taste_of(like), bundle_of(films, **tables), constants, plan)
    inputs = with_rows(made, trait_rows(films))
    mixture = mixture_of(inputs)
    rows = np.arange(len(films), dtype=np.int32)
    by_name = mixture.terms(rows)
    terms = [{name: float(values[row]) for name, values in by_name.items()} for row in rows.tolist()]
    by_film = likeness_reasons(inputs, mixture, rows, terms)
    assert all(len(each) == 1 for each in by_film)
    return [reason for (reason,) in by_film]


def plan(**weights: float) -> Plan:
    return Plan(Strategy.SEEDS, **weights)


def about(*names: str, **facts) -> Film:
    return Film(traits=dict.fromkeys(names, 0.5), **facts)


class TestSharedTrait:
    @pytest.mark.parametrize(
        ("trait", "text"),
        [
            ("director: Ada Ford", "Also directed by Ada Ford"),
            ("keyword: heist", "Also about “heist”"),
            ("cast: Al Stone", "Also with Al Stone"),
            ("series: The Matrix", "Also in the Matrix series"),
        ],
    )
    def test_is_phrased_by_kind(self, trait, text):
        result = reasons([about(trait), about(trait)], plan(traits=2.0))[1]
        assert (result.text, result.kind.value, result.subject) == (text, *trait.split(": "))
        assert result.weight == pytest.approx(2.0 * 0.25)

    def test_is_the_most_specific_one_and_not_a_genre(self):
        films = [
            Film(traits={"genre: Crime": 0.75, "keyword: heist": 0.25, "director: Ada Ford": 0.5}),
            Film(traits={"genre: Crime": 0.75, "keyword: heist": 0.75, "director: Ada Ford": 0.25}),
        ]
        # The subject: .25 x .75; the director: .5 x .25; the genre, .75 x .75, is too unspecific.
        result = reasons(films, plan(traits=1.0))[1]
        assert (result.text, result.weight) == ("Also about “heist”", pytest.approx(0.1875))

    def test_weighs_by_acclaim_without_events(self):
        films = [about("director: Ada Ford", events=0, acclaim=1.0), about("director: Ada Ford", events=0, acclaim=0.5)]
        assert reasons(films, plan(traits=1.0))[1].weight == pytest.approx(0.125)

    def test_is_a_genre_if_nothing_more_specific_is_shared(self):
        result = reasons([about("genre: Crime"), about("genre: Crime")], plan(traits=1.0))[1]
        assert (result.text, result.kind, result.weight) == ("Also Crime", ReasonKind.GENRE, pytest.approx(0.25))

    @pytest.mark.parametrize(
        ("trait", "text"), [("language: sv", "Also in Swedish"), ("decade: 1960s", "Also from the 1960s")]
    )
    def test_may_be_a_language_or_a_decade(self, trait, text):
        assert reasons([about(trait), about(trait)], plan(traits=1.0))[1].text == text


class TestPeople:
    # No traits; the tables and the texts relate the films.
    FILMS = (Film(vector=(5, 0)), Film(vector=(4, 3)), Film(vector=(0, 5)))

    def test_are_named_if_enough_like_both(self):
        texts = [
            reasons(self.FILMS, plan(short=1.0), short={(0, 1): 0.5}, people={(0, 1): people})[1].text
            for people in (1, 2)
        ]
        assert texts == ["Closest of the remaining films", "Liked by the same people"]

    def test_are_named_instead_of_the_text_if_they_weigh_more(self):
        # One film of three has a score: 3. A cosine of .8 counts 2.56.
        for content, text in ((1.0, "Liked by the same people"), (2.0, "A similar story")):
            result = reasons(self.FILMS, plan(short=1.0, content=content), short={(0, 1): 0.5}, people={(0, 1): 9})[1]
            assert result.text == text
            assert result.weight == pytest.approx(max(3.0, 2.56 * content), rel=1e-4)

    def test_are_not_named_for_a_negative_score(self):
        tables = {"short": {(0, 1): -0.5, (0, 2): 0.5}, "people": {(0, 1): 9, (0, 2): 9}}
        assert reasons(self.FILMS, plan(short=1.0), **tables)[1].text == "Closest of the remaining films"

    @pytest.mark.parametrize("like", [[0, 1], [1, 0]])
    def test_may_be_those_of_any_film_to_resemble(self, like):
        tables = {"short": {(0, 2): 0.5}, "people": {(0, 2): 9}}
        assert reasons(self.FILMS, plan(short=1.0), like=like, **tables)[2].text == "Liked by the same people"


def test_a_similar_story_is_the_reason_if_only_the_text_is_similar():
    result = reasons([Film(vector=(5, 0)), Film(vector=(4, 3))], plan(content=1.0))[1]
    assert (result.text, result.weight) == ("A similar story", pytest.approx(2.56, rel=1e-5))


def test_a_shared_genre_is_the_reason_if_neither_people_nor_texts_are():
    films = [about("genre: Crime", vector=(5, 0)), about("genre: Crime", vector=(0, 5))]
    assert reasons(films, plan(content=1.0, traits=1.0))[1].text == "Also Crime"


def test_a_film_that_shares_nothing_has_a_neutral_reason():
    result = reasons([about("genre: Crime"), Film()], plan(traits=1.0, content=1.0, short=1.0))[1]
    assert (result.text, result.weight) == ("Closest of the remaining films", 0.0)
    assert reasons([about("genre: Crime")] * 2, plan(short=1.0))[1].text == "Closest of the remaining films"


def test_the_article_is_dropped_from_series_only():
    names = ["director: The Brothers", "cast: The Rock", "keyword: The Sea"]
    texts = [reasons([about(name), about(name)], plan(traits=1.0))[1].text for name in names]
    assert texts == ["Also directed by The Brothers", "Also with The Rock", "Also about “The Sea”"]


def test_every_film_has_its_own_reason():
    films = [about("director: Ada Ford", "genre: Crime"), about("genre: Crime"), about("director: Ada Ford"), Film()]
    result = reasons([*films, replace(films[0])], plan(traits=1.0))
    assert [reason.text for reason in result[1:]] == [
        "Also Crime", "Also directed by Ada Ford", "Closest of the remaining films", "Also directed by Ada Ford",
    ]  # fmt: skip
