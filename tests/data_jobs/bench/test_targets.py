import pytest

from data_jobs.bench.targets import EMBEDDED, LARGE, REMOTE, TARGETS, Target, value_at, verdicts

FIGURES = {
    "http": {
        "uncached": {"recommend": {"p50": 5.0, "p95": 13.0, "cpu_p50": 6.5}},
        "cached": {"p95": 2.5},
        "throughput": {"fresh": 500},
        "memory": {"without_encoder": {"rss": 200.0}, "with_encoder": {}},
    },
    "pipeline": {"mix": {"p50": 4.1}},
    "encoder": {"id": "minilm", "p50": 3.0},
    "index": {"films": 62_000, "seconds": 60.0},
}


def by_name(figures, films, engines=EMBEDDED):
    return {verdict["what"]: verdict for verdict in verdicts(figures, films, engines)}


def met(figures, films, engines=EMBEDDED):
    named = by_name(figures, films, engines)
    return {what: verdict["met"] for what, verdict in named.items() if verdict["met"] is not None}


def test_a_large_catalogue_is_judged_by_the_targets_for_it():
    judged = by_name(FIGURES, 62_000)
    assert [verdict["met"] for verdict in judged.values()] == [
        True,
        False,
        True,
        False,
        None,
        None,
        True,
        None,
        True,
        *[None] * 3,
    ]


def test_a_small_catalogue_is_judged_by_throughput_and_encoder_only():
    assert met(FIGURES, 9_742) == {"fresh answers, 8 connections": True, "free-text query embedding, p50": True}


def test_remote_engines_have_targets_of_their_own_and_no_others():
    assert met(FIGURES, 62_000, REMOTE) == {"own CPU of /recommend uncached, p50": False, "loading the index": True}


@pytest.mark.parametrize(
    ("engines", "what"), [(("opensearch", "sqlite"), {"loading the index": True}), (("embedded", "dynamodb"), {})]
)
def test_one_remote_engine_is_judged_by_its_own_targets_only(engines, what):
    assert met(FIGURES, 62_000, engines) == what


def test_a_target_names_its_engines():
    verdict = by_name(FIGURES, 62_000)["own CPU of /recommend uncached, p50"]
    assert verdict["for"] == "62,000 films, dynamodb, opensearch"
    assert (verdict["measured"], verdict["met"]) == (6.5, None)


def test_a_missing_measurement_is_shown_without_verdict():
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
def test_a_bound_is_inclusive(value, at_least, met):
    assert Target("x", "ms", ("x",), 5.0, LARGE, at_least).is_met(value) is met


def test_a_minimum_is_written_as_one():
    assert by_name(FIGURES, 1)["fresh answers, 8 connections"]["target"] == ">= 400"


@pytest.mark.parametrize(
    ("place", "value"),
    [(("http", "cached", "p95"), 2.5), (("http", "cached"), None), (("encoder", "id"), None), (("no", "such"), None)],
)
def test_a_value_is_a_number_or_nothing(place, value):
    assert value_at(FIGURES, place) == value


def test_target_names_are_unique():
    assert len({target.what for target in TARGETS}) == len(TARGETS)
