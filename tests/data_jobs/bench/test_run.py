"""A small run of everything, over the sample catalogue."""

import json
from pathlib import Path

import pytest

from data_jobs.bench.engines import settings_of_run
from data_jobs.bench.mix import FREE_TEXT, WEIGHTS
from data_jobs.bench.over_http import BenchFailed
from data_jobs.bench.run import measure
from data_jobs.bench.sequence import Effort, kinds_of, measure_http
from data_jobs.bench.targets import TARGETS
from data_jobs.bench.world import World, find_bundle
from data_jobs.report import Silent
from services.adapters.bundle.local import LocalBundles
from services.adapters.bundle.reader import open_bundle
from services.settings import load_settings
from tests.data_jobs.bench.kit import small_requests

SMALL = Effort(requests=20, passes=2, starts=1)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def bundle(home) -> Path:
    return find_bundle(home, World(), Silent())


@pytest.fixture(scope="module")
def document(home, bundle):
    settings = settings_of_run(load_settings(marquee_home=home), opensearch=False, dynamodb=False)
    return json.loads(json.dumps(measure(bundle, settings, None, SMALL, Silent())))


def test_everything_is_measured(document):
    http = document["http"]
    assert set(http["uncached"]["kinds"]) == set(WEIGHTS)
    for figures in (http["uncached"]["recommend"], http["uncached"]["all"], http["cached"], http["floor"]):
        assert 0 < figures["p50"] <= figures["p95"] <= figures["p99"]
    assert http["start_s"] > 0
    assert http["first_answer_ms"] > 0
    assert 0 <= http["hit_ratio"] <= 1
    assert http["throughput"]["fresh"] > 0
    assert http["throughput"]["cached"] > 0
    assert document["pipeline"]["mix"]["p50"] > 0


def test_without_an_encoder_there_are_no_figures_of_it(document):
    assert document["encoder"] == {}
    assert "with_encoder" not in document["http"]["memory"]
    assert document["bundle"]["vectors"] == 0


def test_the_document_has_facts_and_targets(document):
    assert document["bundle"]["films"] > 250
    assert document["bundle"]["requests"] == SMALL.requests
    assert document["machine"]["cores"] >= 1
    assert [verdict["what"] for verdict in document["targets"]] == [target.what for target in TARGETS]


def test_without_servers_there_are_no_index_and_no_units(document):
    assert document["engines"] == {"search": "embedded", "state": "sqlite"}
    assert (document["index"], document["units"]) == ({}, {})


def test_nothing_is_left_behind_but_the_bundle(home, bundle, document):
    assert [path.name for path in (home / "bench").iterdir()] == [World().fingerprint()]
    assert not (home / "state.db").exists()
    assert bundle.is_dir()


def test_the_server_gets_the_environment_of_the_run(bundle, tmp_path):
    (tmp_path / "bundles").symlink_to(bundle.parent, target_is_directory=True)
    LocalBundles(tmp_path).activate(bundle.name)
    keys = {"API_KEYS": "on", "API_KEY_PEPPER": "a secret of sufficient length"}
    with pytest.raises(BenchFailed, match="returned 401"):
        measure_http(tmp_path, small_requests(), open_bundle(bundle), None, SMALL, Silent(), keys)


def test_free_text_is_measured_if_it_can_be_answered():
    assert kinds_of(free_text=True) == tuple(WEIGHTS)
    assert set(WEIGHTS) - set(kinds_of(free_text=False)) == {FREE_TEXT}
