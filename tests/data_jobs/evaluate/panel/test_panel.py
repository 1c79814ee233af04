"""The panel on a small world, and its figures."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.panel.cases import cases
from data_jobs.evaluate.panel.entries import PanelFilm, PanelPart, PanelQuery, PanelTaste, Want
from data_jobs.evaluate.panel.facts import FactColumns
from data_jobs.evaluate.panel.panel import run_panel
from data_jobs.evaluate.panel.predicate import parse
from data_jobs.evaluate.panel.result import PanelResult
from data_jobs.evaluate.panel.top_ten import top_ten
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
    cinema.entry(
        PanelFilm(WESTERNS[0]), part=PanelPart.SIMILAR, name="a western", kind="theme", wants=(Want(WESTERN),)
    ),
    cinema.entry(
        PanelFilm("Casablanca (1942)"), part=PanelPart.SIMILAR, name="Casablanca", kind="theme", wants=(Want(WESTERN),)
    ),
)


@pytest.fixture(scope="module")
def result(bench) -> PanelResult:
    return run_panel(bench.pipeline, ENTRIES, kit.Listening())


class Recording:
    """A pipeline that records its requests and returns a given number of matches."""

    def __init__(self, pipeline, matched=None):
        self._pipeline, self._matched, self.requests = pipeline, matched, []

    def __getattr__(self, name):
        return getattr(self._pipeline, name)

    def rank(self, request, *others, **options):
        self.requests.append(request)
        return Ranking((RankedItem(3, 0.5),), Strategy.QUERY, matched=self._matched)


class TestTopTen:
    def case(self, bench, entry):
        (case,), _ = cases([entry], FactColumns(bench.bundle.catalogue))
        return case

    def test_likes_and_dislikes_are_sent_as_ids_with_the_defaults(self, bench):
        pipeline = Recording(bench.pipeline)
        top_ten(pipeline, self.case(bench, ENTRIES[1]))
        (request,) = pipeline.requests
        westerns = [film.item_id for film in kit.films() if film.genres == ("Western",)]
        assert (request.liked, request.disliked) == (tuple(westerns[:2]), (westerns[2],))
        assert (request.k, request.diversity, request.user_id, request.query) == (10, 0.2, None, None)

    def test_a_query_is_sent_as_written(self, bench):
        pipeline = Recording(bench.pipeline)
        top_ten(pipeline, self.case(bench, ENTRIES[2]))
        assert (pipeline.requests[0].query, pipeline.requests[0].liked) == ("silent", ())

    def test_the_response_says_whether_a_film_matches(self, bench):
        case = self.case(bench, ENTRIES[3])
        assert top_ten(Recording(bench.pipeline, matched=4), case).matched
        assert not top_ten(Recording(bench.pipeline, matched=0), case).matched

    def test_a_film_is_not_similar_to_itself(self, bench):
        case = self.case(bench, ENTRIES[4])
        rows = top_ten(bench.pipeline, case).rows
        assert len(rows) == 10
        assert case.given[0] not in rows


class TestFigures:
    def test_every_applicable_entry_has_a_verdict(self, result):
        assert [each.name for each in result.verdicts] == [entry.name for entry in ENTRIES[:5]]
        assert result.skipped == ("similar, Casablanca: not in the catalogue: Casablanca (1942)",)

    def test_progress_is_reported(self, bench):
        progress = kit.Listening()
        run_panel(bench.pipeline, ENTRIES, progress)
        assert progress.heard[-1] == ("panel", 5, 5)

    def test_rates_are_shares_of_the_verdicts(self, result):
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
            rate = result.rate(group)
            members = [each for each in result.verdicts if each.name in names]
            assert rate.pipeline == Estimate.of(np.array([each.passed for each in members], float))
            assert rate.popularity == Estimate.of(np.array([each.popular for each in members], float))
        assert result.rate("tastes, silly") is None
        assert result.rate("queries, kept apart") is None

    def test_a_panel_of_westerns_is_passed_where_people_keep_to_them(self, result):
        passed = {each.name: each.passed for each in result.verdicts}
        assert passed["three westerns"]
        assert passed["a western"]
        assert not passed["mixed"]

    def test_forbidden_films_are_counted(self, result):
        assert result.never == sum(each.never for each in result.verdicts) > 0

    def test_fame_is_counted_for_three_likes_that_have_something_in_common(self, result):
        assert result.famous.n == 1
        assert result.famous.mean == result.verdicts[0].famous / 10

    def test_figures_and_bars_have_every_part(self, result):
        metrics = [(model, metric) for model, metric, _ in result.figures()]
        assert len(set(metrics)) == len(metrics)
        assert {("pipeline", "tastes"), ("popularity", "tastes"), ("pipeline", "never")} < set(metrics)
        assert [bar.name for bar in result.bars()] == [
            "panel: tastes",
            "panel: queries",
            "panel: similar",
            "panel: films that must never be there",
            "panel: from the 20 best known, at three likes alike",
            "panel: passed by popularity",
        ]

    def test_failures_of_entries_kept_apart_are_counted_but_not_listed(self, result):
        rates, failed, skipped = result.tables()
        assert f"forbidden films shown: {result.never}" in rates.notes[0]
        assert failed.title.startswith("Panel entries that failed (1 kept apart")
        assert not any("mixed" in row[0] for row in failed.rows)
        assert skipped.rows == [(result.skipped[0],)]

    def test_the_document_has_every_verdict_with_its_films(self, result):
        document = json.loads(json.dumps(asdict(result)))
        assert [len(each["films"]) for each in document["verdicts"]] == [10] * 5
        assert document["rates"][0]["group"] == "all"

    def test_a_catalogue_to_which_no_entry_applies_has_no_figures(self, bench):
        result = run_panel(bench.pipeline, ENTRIES[5:], kit.Listening())
        assert (result.rates, result.verdicts, result.never) == ((), (), 0)
        assert [bar.name for bar in result.bars()] == ["panel: films that must never be there"]


def test_bars_are_met_exactly_if_the_figures_reach_them(result):
    bars = {bar.name: bar.met for bar in replace(result, never=0, famous=Estimate(0.2, 0, 9)).bars()}
    assert bars["panel: films that must never be there"]
    assert bars["panel: from the 20 best known, at three likes alike"]
    bars = {bar.name: bar.met for bar in replace(result, never=1, famous=Estimate(0.21, 0, 9)).bars()}
    assert not bars["panel: films that must never be there"]
    assert not bars["panel: from the 20 best known, at three likes alike"]
