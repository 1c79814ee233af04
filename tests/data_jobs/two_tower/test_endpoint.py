"""The archive as an endpoint unpacks it, its HTTP contract, and the adapter that calls it."""

import http.client
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from data_jobs.report import Silent
from data_jobs.two_tower.archive import empty_archive
from data_jobs.two_tower.features import features_of
from data_jobs.two_tower.files import TowerFile, write_all
from data_jobs.two_tower.params import Loss, TowerParams
from services.adapters.retrieve.sagemaker import SageMakerRetriever, sagemaker_client
from services.bootstrap import SystemClock
from services.recommender.domain.profile import mark_of
from services.recommender.errors import RetrieverUnavailable
from services.recommender.ports import Deadline, Liking
from tests.data_jobs.evaluate.kit import dataset
from tests.data_jobs.two_tower.kit import Lazy, interactions, needs_torch
from tests.patience import PATIENCE_S

pytestmark = needs_torch

ITEM_IDS = [film.item_id for film in dataset().films]
HISTORY = [["100", 1.3], ["103", 1.0], ["106", 0.3]]


@dataclass
class Endpoint:
    """A container's process, called over HTTP."""

    port: int
    towers: TowerFile

    def ask(self, method: str, path: str, body: object = None, kind: str = "application/json") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, path, content, {"Content-Type": kind})
        answer = connection.getresponse()
        result = answer.status, answer.read()
        connection.close()
        return result

    def films(self, **fields: object) -> dict[str, list]:
        status, content = self.ask("POST", "/invocations", {"history": HISTORY, "k": 5, **fields})
        assert status == 200
        return json.loads(content)

    def adapter(self, timeout_s: float = PATIENCE_S) -> SageMakerRetriever:
        client = sagemaker_client(None, f"http://127.0.0.1:{self.port}", timeout_s)
        return SageMakerRetriever("towers", client, SystemClock(), timeout_s)


def serve_archive(folder: Path, archive: Path) -> Iterator[int]:
    """Serve the unpacked archive by its own server, in a process without this repository; yield the port."""
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    start = "import sys; sys.path.insert(0, sys.argv[1] + '/code'); import serve; http = serve.server(sys.argv[1], 0); "
    serve = "print(http.server_port, flush=True); http.serve_forever()"
    command = [sys.executable, "-I", "-c", start + serve, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("endpoint")
    params = TowerParams.of(Loss.SOFTMAX, dims=8, hidden=8, batch=128, rate=0.01, epochs=3, extra=32)
    features = features_of(dataset().films)
    trained = Lazy("data_jobs.two_tower.training").train_towers(interactions(), features, params, Silent())
    towers = write_all(trained, features, ITEM_IDS, dataset().events.user_ids, folder)
    for port in serve_archive(folder / "unpacked", folder / "model.tar.gz"):
        yield Endpoint(port, towers)


def test_ping_is_answered_once_the_model_is_loaded(endpoint):
    assert endpoint.ask("GET", "/ping") == (200, b"")


def test_films_for_an_unknown_person_are_those_of_numpy(endpoint):
    answer = endpoint.films(k=20)
    model = endpoint.towers.towers
    rows = np.array([ITEM_IDS.index(item_id) for item_id, _ in HISTORY], np.int32)
    scores = model.scores(model.person(rows, np.array([weight for _, weight in HISTORY], np.float32)))
    scores[rows] = -np.inf
    best = np.argsort(-scores, kind="stable")[:20]
    assert answer["item_ids"] == [ITEM_IDS[row] for row in best]
    assert np.abs(np.array(answer["scores"]) - scores[best]).max() < 1e-5
    assert answer["model_version"] == endpoint.towers.version


def test_a_known_person_has_other_scores_than_an_unknown_one(endpoint):
    answer = endpoint.films(person=mark_of("viewer-1"), k=80)
    assert answer["scores"] != endpoint.films(k=80)["scores"]
    assert endpoint.films(person=mark_of("unknown"))["scores"] == endpoint.films()["scores"]


def test_excluded_films_and_the_history_are_left_out(endpoint):
    first = endpoint.films()["item_ids"]
    item_ids = endpoint.films(exclude=first[:2], k=1_000)["item_ids"]
    assert not set(item_ids) & {*first[:2], *(item_id for item_id, _ in HISTORY)}
    assert len(item_ids) == len(ITEM_IDS) - 5


def test_unknown_films_are_ignored(endpoint):
    assert endpoint.films(history=[*HISTORY, ["nowhere", 1.0]]) == endpoint.films()
    assert len(endpoint.films(history=[])["item_ids"]) == 5


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        ({"k": 5}, "application/json"),
        ({"history": [["100"]]}, "application/json"),
        ({"history": HISTORY, "k": 0}, "application/json"),
        ({"history": HISTORY, "k": 1_001}, "application/json"),
        ({"history": HISTORY}, "text/csv"),
    ],
)
def test_a_malformed_request_is_refused_and_the_next_is_answered(endpoint, body, kind):
    assert endpoint.ask("POST", "/invocations", body, kind)[0] == 400
    assert endpoint.films()["item_ids"]


def test_other_paths_are_not_found(endpoint):
    assert endpoint.ask("GET", "/")[0] == endpoint.ask("POST", "/models", {})[0] == 404


def test_the_adapter_calls_it_as_it_calls_sagemaker(endpoint):
    history = [Liking(item_id, weight) for item_id, weight in HISTORY]
    proposal = endpoint.adapter().propose(None, history, 5, Deadline.within(SystemClock(), PATIENCE_S))
    assert list(proposal.item_ids) == endpoint.films()["item_ids"]
    assert list(proposal.scores) == endpoint.films()["scores"]


def test_an_archive_without_a_model_starts_and_returns_no_films(tmp_path):
    empty_archive(tmp_path / "model.tar.gz")
    for port in serve_archive(tmp_path / "unpacked", tmp_path / "model.tar.gz"):
        endpoint = Endpoint(port, None)
        assert endpoint.ask("GET", "/ping") == (200, b"")
        assert endpoint.films()["item_ids"] == []
        with pytest.raises(RetrieverUnavailable, match="the endpoint has no model yet"):
            endpoint.adapter().propose(None, [], 5, Deadline.within(SystemClock(), PATIENCE_S))
