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
    found = by_name(figures, films, engines)
    return {what: verdict["met"] for what, verdict in found.items() if verdict["met"] is not None}


def test_a_large_catalogue_is_judged_by_the_targets_for_it():
    found = by_name(FIGURES, 62_000)
    assert [verdict["met"] for verdict in found.values()] == [
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


def test_throughput_is_judged_on_a_small_catalogue_and_nothing_else_but_the_encoder_is():
    assert met(FIGURES, 9_742) == {"fresh answers, 8 connections": True, "free-text query embedding, p50": True}


def test_remote_engines_have_targets_of_their_own_and_no_others():
    assert met(FIGURES, 62_000, REMOTE) == {"own CPU of /recommend uncached, p50": False, "loading the index": True}


@pytest.mark.parametrize(
    ("engines", "what"), [(("opensearch", "sqlite"), {"loading the index": True}), (("embedded", "dynamodb"), {})]
)
def test_with_one_remote_engine_only_what_concerns_it_is_judged(engines, what):
    assert met(FIGURES, 62_000, engines) == what


def test_a_target_says_which_engines_it_is_for():
    verdict = by_name(FIGURES, 62_000)["own CPU of /recommend uncached, p50"]
    assert verdict["for"] == "62,000 films, dynamodb, opensearch"
    assert (verdict["measured"], verdict["met"]) == (6.5, None)


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
