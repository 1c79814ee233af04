"""Traits that films share."""

import numpy as np
import pytest

from data_jobs.catalogue import build_catalogue
from data_jobs.evaluate.parts.shared_traits import NICHE, SharedTraits, shared_traits
from data_jobs.records import Events, Film

FILMS = [
    Film("1", "Alien", 1979, ("Horror", "IMAX"), ("Ridley Scott",), language="en"),
    Film("2", "Alien 3", 1992, ("Horror",), ("David Fincher",), language="en"),
    Film("3", "Parasite", 2019, ("Comedy", "Drama"), ("Bong Joon-ho",), language="ko"),
    Film("4", "Something", None, ()),
]


@pytest.fixture(scope="module")
def by_kind() -> dict[str, SharedTraits]:
    return {shared.kind: shared for shared in shared_traits(FILMS, build_catalogue(FILMS, Events.empty()))}


def test_five_kinds(by_kind):
    assert list(by_kind) == ["director", "genre", "language", "decade", "series"]


@pytest.mark.parametrize(
    ("kind", "traits"),
    [
        ("director", [("Ridley Scott",), ("David Fincher",), ("Bong Joon-ho",), ()]),
        ("genre", [("Horror",), ("Horror",), ("Comedy", "Drama"), ()]),
        ("language", [("en",), ("en",), ("ko",), ()]),
        ("decade", [("1970s",), ("1990s",), ("2010s",), ()]),
        ("series", [("Alien",), ("Alien",), (), ()]),
    ],
)
def test_the_traits_of_films_and_none_for_unknown_facts(by_kind, kind, traits):
    assert list(by_kind[kind].of_film) == traits


def test_the_films_of_a_trait(by_kind):
    assert by_kind["genre"].films["Horror"].tolist() == [0, 1]


def test_which_of_some_films_have_a_trait(by_kind):
    rows_by_trait = by_kind["language"].among(np.array([2, 1, 0], np.int32))
    assert {name: rows.tolist() for name, rows in rows_by_trait.items()} == {"en": [1, 0], "ko": [2]}


def test_a_trait_of_many_likes_is_not_niche(by_kind):
    likes = np.array([1, 0, 99, 0])
    assert by_kind["language"].niche(likes) == {"en"}
    edge = round(1 / NICHE)
    assert by_kind["series"].niche(np.array([1, 0, edge - 1, 0])) == ({"Alien"} if NICHE * edge >= 1 else set())
