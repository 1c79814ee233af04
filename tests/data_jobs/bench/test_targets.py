import pytest

from data_jobs.bench.targets import LARGE, TARGETS, Target, value_at, verdicts

FIGURES = {
    "http": {
        "uncached": {"recommend": {"p50": 5.0, "p95": 13.0}},
        "cached": {"p95": 2.5},
        "throughput": {"fresh": 500},
        "memory": {"without_encoder": {"rss": 200.0}, "with_encoder": {}},
    },
    "pipeline": {"mix": {"p50": 4.1}},
    "encoder": {"id": "minilm", "p50": 3.0},
}


def by_name(figures, films):
    return {verdict["what"]: verdict for verdict in verdicts(figures, films)}


def test_a_large_catalogue_is_judged_by_the_targets_for_it():
    found = by_name(FIGURES, 62_000)
    assert [verdict["met"] for verdict in found.values()] == [True, False, True, False, True, None, True, None]


def test_throughput_is_judged_on_a_small_catalogue_and_nothing_else_but_the_encoder_is():
    met = {what: verdict["met"] for what, verdict in by_name(FIGURES, 9_742).items() if verdict["met"] is not None}
    assert met == {"fresh answers, 8 connections": True, "free-text query embedding, p50": True}


def test_what_was_not_measured_has_no_verdict_but_is_shown():
    verdict = by_name({}, 62_000)["/recommend uncached, p50"]
    assert verdict == {
        "what": "/recommend uncached, p50",
        "unit": "ms",
        "measured": None,
        "target": "<= 6",
        "for": "62,000 films",
        "met": None,
    }


@pytest.mark.parametrize(
    ("value", "at_least", "met"), [(5, False, True), (5, True, True), (4, True, False), (6, False, False)]
)
def test_a_bound_itself_is_good_enough(value, at_least, met):
    assert Target("x", "ms", ("x",), 5.0, LARGE, at_least).is_met(value) is met


def test_a_minimum_is_written_as_one():
    assert by_name(FIGURES, 1)["fresh answers, 8 connections"]["target"] == ">= 400"


@pytest.mark.parametrize(
    ("place", "value"),
    [(("http", "cached", "p95"), 2.5), (("http", "cached"), None), (("encoder", "id"), None), (("no", "such"), None)],
)
def test_a_value_is_a_number_or_nothing(place, value):
    assert value_at(FIGURES, place) == value


def test_every_target_has_a_name_of_its_own():
    assert len({target.what for target in TARGETS}) == len(TARGETS)
