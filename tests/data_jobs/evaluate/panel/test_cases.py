"""An entry applies if the catalogue has its films, and is skipped with a reason otherwise."""

import pytest

from data_jobs.evaluate.panel.cases import ROOM, Case, Skipped, cases
from data_jobs.evaluate.panel.entries import PanelFilm, PanelQuery, PanelTaste, Want
from data_jobs.evaluate.panel.predicate import parse
from tests.data_jobs.evaluate.panel import cinema

HORROR = parse({"any_genre": "Horror"})
SPACE = parse({"any_genre": "Science Fiction"})


def only(entry) -> Case | Skipped:
    applicable, skipped = cases([entry], cinema.facts())
    return [*applicable, *skipped][0]


def test_given_films_neither_satisfy_nor_may_be_shown():
    request = PanelTaste(("Alien (1979)",), ("Fargo (1996)",))
    case = only(cinema.entry(request, wants=(Want(HORROR, least=2),), never=parse({"language": "fr"})))
    assert case.given.tolist() == [0, 7]
    assert case.expectations[0].films == 2
    assert case.never.nonzero()[0].tolist() == [0, 4, 7]


def test_a_query_forbids_nothing_by_itself():
    case = only(cinema.entry(PanelQuery("horror"), wants=(Want(HORROR, least=1),)))
    assert case.expectations[0].films == 3
    assert not case.never.any()


def test_a_film_that_is_missing_is_named():
    skipped = only(cinema.entry(PanelTaste(("Alien (1979)", "Casablanca (1942)"), ("Jaws (1975)",))))
    assert skipped.why == "not in the catalogue: Casablanca (1942), Jaws (1975)"


@pytest.mark.parametrize(("least", "first", "servable"), [(3, 10, True), (4, 10, False), (4, 4, False), (7, 10, False)])
def test_as_many_films_as_are_expected_must_exist(least, first, servable):
    entry = cinema.entry(PanelQuery("space"), wants=(Want(HORROR, least=least, first=first),))
    assert isinstance(only(entry), Case) is servable


def test_seven_of_ten_need_fifteen_films():
    skipped = only(cinema.entry(PanelFilm("Alien (1979)"), wants=(Want(SPACE),)))
    assert skipped.why == f"only 3 of the {ROOM} films it needs"


def test_only_the_first_films_count():
    case = only(cinema.entry(PanelQuery("horror"), wants=(Want(HORROR, least=1, first=2),)))
    assert case.expectations[0].hits(case.given[:0]) == 0
    assert (
        case.expectations[0].hits(cinema.facts().rows_of(["Fargo (1996)", "Alien (1979)", "Dawn of the Dead (2004)"]))
        == 1
    )
