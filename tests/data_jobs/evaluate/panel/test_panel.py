"""The panel asked of a small world, and the figures made of it."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.panel.asking import ask
from data_jobs.evaluate.panel.cases import cases
from data_jobs.evaluate.panel.entries import Like, PanelPart, PanelQuery, PanelTaste, Want
from data_jobs.evaluate.panel.facts import FactColumns
from data_jobs.evaluate.panel.panel import run_panel
from data_jobs.evaluate.panel.predicate import parse
from data_jobs.evaluate.panel.result import PanelResult
from services.recommender.domain.request import RankedItem, Ranking, Strategy
from tests.data_jobs.evaluate import kit
from tests.data_jobs.evaluate.panel import cinema

WESTERN = parse({"any_genre": "Western"})
FILM = {film.title: f"{film.title} ({film.year})" for film in kit.films()}
WESTERNS = tuple(FILM[film.title] for film in kit.films() if film.genres == ("Western",))
ENTRIES = (
    cinema.entry(PanelTaste(WESTERNS[:3]), name="three westerns", kind="genre", decade="1960s", wants=(Want(WESTERN),)),
    cinema.entry(PanelTaste(WESTERNS[:2], WESTERNS[2:3]), name="mixed", kind="mixed", never=WESTERN, kept_apart=True),
    cinema.entry(PanelQuery("silent"), part=PanelPart.QUERIES, name="silent", kind="title", wants=(Want(WESTERN, 1),)),
    cinema.entry(
        PanelQuery("qwertzuiop"),
        part=PanelPart.QUERIES,
        name="nonsense",
        kind="nonsense",
        nothing=True,
        kept_apart=True,
        fresh=True,
    ),
    cinema.entry(Like(WESTERNS[0]), part=PanelPart.SIMILAR, name="a western", kind="theme", wants=(Want(WESTERN),)),
    cinema.entry(
        Like("Casablanca (1942)"), part=PanelPart.SIMILAR, name="Casablanca", kind="theme", wants=(Want(WESTERN),)
    ),
)


@pytest.fixture(scope="module")
def found(bench) -> PanelResult:
    return run_panel(bench.pipeline, ENTRIES, kit.Listening())


class Recording:
    """A pipeline that notes what it is asked, and says what it is told to."""

    def __init__(self, pipeline, matched=None):
        self._pipeline, self._matched, self.requests = pipeline, matched, []

    def __getattr__(self, name):
        return getattr(self._pipeline, name)

    def rank(self, request, *others, **options):
        self.requests.append(request)
        return Ranking((RankedItem(3, 0.5),), Strategy.QUERY, matched=self._matched)


class TestAsking:
    def case(self, bench, entry):
        (case,), _ = cases([entry], FactColumns(bench.bundle.catalogue))
        return case

    def test_likes_and_dislikes_are_asked_for_by_id_with_the_defaults(self, bench):
        pipeline = Recording(bench.pipeline)
        ask(pipeline, self.case(bench, ENTRIES[1]))
        (request,) = pipeline.requests
        westerns = [film.item_id for film in kit.films() if film.genres == ("Western",)]
        assert (request.liked, request.disliked) == (tuple(westerns[:2]), (westerns[2],))
        assert (request.k, request.diversity, request.user_id, request.query) == (10, 0.2, None, None)

    def test_a_query_is_asked_as_it_is_written(self, bench):
        pipeline = Recording(bench.pipeline)
        ask(pipeline, self.case(bench, ENTRIES[2]))
        assert (pipeline.requests[0].query, pipeline.requests[0].liked) == ("silent", ())

    def test_an_answer_says_itself_whether_a_film_matches(self, bench):
        case = self.case(bench, ENTRIES[3])
        assert ask(Recording(bench.pipeline, matched=4), case).matched
        assert not ask(Recording(bench.pipeline, matched=0), case).matched

    def test_a_film_for_similar_is_not_its_own_answer(self, bench):
        case = self.case(bench, ENTRIES[4])
        rows = ask(bench.pipeline, case).rows
        assert len(rows) == 10
        assert case.asked[0] not in rows


class TestFigures:
    def test_everything_that_can_be_served_has_a_verdict(self, found):
        assert [each.name for each in found.verdicts] == [entry.name for entry in ENTRIES[:5]]
        assert found.skipped == ("similar, Casablanca: not in the catalogue: Casablanca (1942)",)

    def test_progress_is_told(self, bench):
        progress = kit.Listening()
        run_panel(bench.pipeline, ENTRIES, progress)
        assert progress.heard[-1] == ("panel", 5, 5)

    def test_rates_are_shares_of_the_verdicts(self, found):
        for group, names in (
            ("all", {entry.name for entry in ENTRIES[:5]}),
            ("tastes", {"three westerns", "mixed"}),
            ("tastes, kept apart", {"mixed"}),
            ("tastes, for tuning", {"three westerns"}),
            ("queries, for tuning", {"silent"}),
            ("queries, fresh", {"nonsense"}),
            ("queries, nonsense", {"nonsense"}),
            ("decade 1960s", {"three westerns"}),
            ("language any", {entry.name for entry in ENTRIES[:5]}),
            ("audience any", {entry.name for entry in ENTRIES[:5]}),
        ):
            rate = found.rate(group)
            members = [each for each in found.verdicts if each.name in names]
            assert rate.pipeline == Estimate.of(np.array([each.passed for each in members], float))
            assert rate.popularity == Estimate.of(np.array([each.popular for each in members], float))
        assert found.rate("tastes, silly") is None
        assert found.rate("queries, kept apart") is None

    def test_a_panel_of_westerns_is_passed_where_people_keep_to_them(self, found):
        passed = {each.name: each.passed for each in found.verdicts}
        assert passed["three westerns"]
        assert passed["a western"]
        assert not passed["mixed"]

    def test_what_must_not_be_there_is_counted(self, found):
        assert found.never == sum(each.never for each in found.verdicts) > 0

    def test_fame_is_counted_for_three_likes_that_have_something_in_common(self, found):
        assert found.famous.n == 1
        assert found.famous.mean == found.verdicts[0].famous / 10

    def test_figures_and_bars_have_every_part(self, found):
        metrics = [(model, metric) for model, metric, _ in found.figures()]
        assert len(set(metrics)) == len(metrics)
        assert {("pipeline", "tastes"), ("popularity", "tastes"), ("pipeline", "never")} < set(metrics)
        assert [bar.name for bar in found.bars()] == [
            "panel: tastes",
            "panel: queries",
            "panel: similar",
            "panel: films that must never be there",
            "panel: from the 20 best known, at three likes alike",
            "panel: passed by popularity",
        ]

    def test_failures_of_entries_kept_apart_are_counted_but_not_shown(self, found):
        rates, failed, skipped = found.tables()
        assert f"that must never be there: {found.never}" in rates.notes[0]
        assert failed.title.startswith("Panel entries that failed (1 kept apart")
        assert not any("mixed" in row[0] for row in failed.rows)
        assert skipped.rows == [(found.skipped[0],)]

    def test_the_document_has_every_verdict_with_its_films(self, found):
        document = json.loads(json.dumps(asdict(found)))
        assert [len(each["films"]) for each in document["verdicts"]] == [10] * 5
        assert document["rates"][0]["group"] == "all"

    def test_a_catalogue_that_serves_nothing_has_no_figures(self, bench):
        found = run_panel(bench.pipeline, ENTRIES[5:], kit.Listening())
        assert (found.rates, found.verdicts, found.never) == ((), (), 0)
        assert [bar.name for bar in found.bars()] == ["panel: films that must never be there"]


def test_bars_are_met_exactly_where_the_figures_say_so(found):
    bars = {bar.name: bar.met for bar in replace(found, never=0, famous=Estimate(0.2, 0, 9)).bars()}
    assert bars["panel: films that must never be there"]
    assert bars["panel: from the 20 best known, at three likes alike"]
    bars = {bar.name: bar.met for bar in replace(found, never=1, famous=Estimate(0.21, 0, 9)).bars()}
    assert not bars["panel: films that must never be there"]
    assert not bars["panel: from the 20 best known, at three likes alike"]
