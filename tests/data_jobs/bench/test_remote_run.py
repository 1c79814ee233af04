"""A small run of everything, over real servers."""

import json

import pytest

from data_jobs.bench.mix import LENGTHS, WEIGHTS
from services.cli.console import ExitCode
from services.cli.main import main
from services.settings import Settings


@pytest.fixture(scope="module")
def document(opensearch_url, dynamodb_url, tmp_path_factory):
    folder = tmp_path_factory.mktemp("remote")
    out = folder / "bench.json"
    options = ("--search", "opensearch", "--state", "dynamodb", "--encoder", "none", "--requests", "100")
    with pytest.MonkeyPatch.context() as patch:
        for name in Settings.model_fields:
            patch.delenv(name.upper(), raising=False)
        patch.chdir(folder)
        patch.setenv("MARQUEE_HOME", str(folder / "home"))
        patch.setenv("OPENSEARCH_ENDPOINT", opensearch_url)
        patch.setenv("DDB_ENDPOINT", dynamodb_url)
        assert main(["bench", *options, "--out", str(out)]) == ExitCode.OK
    return json.loads(out.read_text(encoding="utf-8"))


def test_every_kind_is_measured_through_the_servers(document):
    assert document["engines"] == {"search": "opensearch", "state": "dynamodb"}
    assert set(document["http"]["uncached"]["kinds"]) == set(WEIGHTS)
    assert document["index"]["films"] == document["bundle"]["films"]
    assert document["index"]["seconds"] > 0


def test_cpu_time_and_waiting_are_separate(document):
    for kind in ("person_50", "seeds", "feedback"):
        figures = document["http"]["uncached"]["kinds"][kind]
        assert figures["wait_p50"] > 0
        assert 0 < figures["cpu_p50"] < figures["p95"]


def test_units_are_reported_by_number_of_events(document):
    assert set(document["units"]) == set(map(str, LENGTHS))
    for costs in document["units"].values():
        assert costs["uncached"]["write"] > 0
        assert costs["cached"]["write"] == 0
        # The profile is read again before the answer is cached; looking up a missing answer costs nothing here.
        assert costs["uncached"]["read"] >= costs["cached"]["read"] >= 1
        assert costs["feedback"]["write"] >= 4  # profile and line, in a transaction
        assert costs["feedback"]["read"] >= 1
