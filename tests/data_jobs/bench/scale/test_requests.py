import pytest

from data_jobs.bench.engines import LONGEST_MS
from data_jobs.bench.scale import requests
from data_jobs.bench.world import World, find_bundle
from data_jobs.report import Silent
from services.adapters.bundle.reader import open_bundle, text_index_of
from services.adapters.search.embedded import EmbeddedSearch
from services.recommender.ports import Release


class StartedError(Exception):
    pass


def test_a_request_may_wait_for_a_busy_machine(tmp_path, monkeypatch):
    path = find_bundle(tmp_path / "built", World(), Silent())
    bundle = open_bundle(path)
    settings = {}

    def start(home, environment):
        settings.update(environment)
        raise StartedError

    monkeypatch.setattr(requests, "RunningServer", start)
    with pytest.raises(StartedError):
        requests.measure_requests(tmp_path, Release(bundle, EmbeddedSearch(bundle, text_index_of(path))))
    assert settings == {"REQUEST_DEADLINE_MS": str(LONGEST_MS)}
