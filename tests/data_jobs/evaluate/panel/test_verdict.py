"""An entry passes if all its expectations are met and no forbidden film is shown."""

import numpy as np
import pytest

from data_jobs.catalogue import build_catalogue
from data_jobs.evaluate.panel.cases import cases
from data_jobs.evaluate.panel.entries import PanelQuery, PanelTaste, Want
from data_jobs.evaluate.panel.predicate import parse
from data_jobs.evaluate.panel.top_ten import TopTen, most_popular
from data_jobs.evaluate.panel.verdict import passes, verdict
from data_jobs.records import Events
from tests.data_jobs.evaluate.panel import cinema

CATALOGUE = build_catalogue(cinema.FILMS, Events.empty())
NOTHING = TopTen(np.array([], np.int32))


def case_of(request=None, **others):
    (case,), _ = cases([cinema.entry(request, **others)], cinema.facts())
    return case


def shown(*rows: int, matched: bool = True) -> TopTen:
    return TopTen(np.array(rows, np.int32), matched)


HORROR = case_of(
    PanelTaste(("Alien (1979)",)),
    wants=(Want(parse({"any_genre": "Horror"}), least=1, first=2),),
    never=parse({"any_genre": "Romance"}),
)
NONSENSE = case_of(PanelQuery("qwerty"), nothing=True)


@pytest.mark.parametrize(
    ("rows", "passed"),
    [((5, 7, 8), True), ((7, 6), True), ((7, 8, 5), False), ((5, 4), False), ((5, 0), False), ((), False)],
)
def test_what_passes(rows, passed):
    assert passes(HORROR, shown(*rows)) is passed


def test_every_expectation_must_be_met():
    both = tuple(Want(parse({"any_genre": genre}), least=1) for genre in ("Horror", "Romance"))
    case = case_of(PanelQuery("scary love"), wants=both)
    assert [passes(case, shown(*rows)) for rows in ((5, 4), (5,), (4,))] == [True, False, False]


def test_nonsense_passes_if_nothing_matches():
    assert passes(NONSENSE, shown(1, 2, matched=False))
    assert not passes(NONSENSE, shown(1, 2))


def test_a_verdict_marks_the_films():
    result = verdict(CATALOGUE, HORROR, shown(7, 5, 4), NOTHING, famous=2)
    assert result.films == ("- Fargo (1996)", "+ Dawn of the Dead (1978)", "! Amelie (2001)")
    assert (result.passed, result.expected, result.satisfying, result.never) == (False, ("1 of 1",), (2,), 1)
    assert str(result) == "tastes, some: 1 of 1, 1 forbidden"


def test_a_verdict_says_why_nonsense_failed():
    result = verdict(CATALOGUE, NONSENSE, shown(1), NOTHING, famous=0)
    assert str(result).endswith("some: films match, though none should")
    assert result.never == 0


def test_a_verdict_says_whether_popularity_passes():
    assert verdict(CATALOGUE, HORROR, NOTHING, shown(5), famous=0).popular
    assert not verdict(CATALOGUE, HORROR, shown(5), NOTHING, famous=0).popular


def test_popularity_leaves_out_the_given_films():
    popularity = np.arange(len(cinema.FILMS), 0, -1).astype(np.float32)
    assert most_popular(popularity, HORROR).rows.tolist() == list(range(1, len(cinema.FILMS)))
    assert most_popular(popularity[::-1], NONSENSE).rows.tolist() == list(range(len(cinema.FILMS) - 1, -1, -1))
