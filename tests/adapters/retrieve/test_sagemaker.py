"""The SageMaker retriever against late, throttled, refusing, wrong and malformed answers."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.adapters.breaker import FAILURES
from services.adapters.retrieve.sagemaker import SageMakerRetriever, sagemaker_client
from services.bootstrap import SystemClock, find_retriever
from services.recommender.errors import RetrieverUnavailable
from services.recommender.ports import Deadline, Liking
from services.settings import SettingsError, load_settings
from tests.builders import ManualClock
from tests.patience import HASTE_S, PATIENCE_S

GOOD = {"model_version": "towers-1", "item_ids": ["f3", "f9", "f4"], "scores": [2.5, 2.5, -1.0]}
HISTORY = [Liking("f1", 1.15), Liking("f2", 0.3)]


def changed(**fields: object) -> bytes:
    return json.dumps({**GOOD, **fields}).encode()


BAD_ANSWERS = {
    "no JSON": b"<html>502 Bad Gateway</html>",
    "nothing": b"",
    "a list": b"[1, 2]",
    "half a document": changed()[:40],
    "deep nesting": b"[" * 100_000,
    "bytes that are no UTF-8": b"\xff\xfe",
    "no films": changed(item_ids=[], scores=[]),
    "no scores": json.dumps({"item_ids": ["f1"]}).encode(),
    "fewer scores": changed(scores=[1.0]),
    "more films than asked for": changed(item_ids=[f"f{at}" for at in range(6)], scores=[1.0] * 6),
    "a film twice": changed(item_ids=["f3", "f3", "f4"]),
    "numbers for ids": changed(item_ids=[1, 2, 3]),
    "strings for scores": changed(scores=["3", "2", "1"]),
    "NaN": b'{"item_ids": ["a"], "scores": [NaN]}',
    "infinite": b'{"item_ids": ["a"], "scores": [Infinity]}',
    "a number too large": changed(scores=[10**400, 1, 0]),
    "not falling": changed(scores=[1.0, 2.0, 3.0]),
    "null": changed(item_ids=None),
    "far too much": changed(item_ids=["x" * 2_000_000, "b", "c"]),
}
FAILURES_BY_CODE = {
    (429, "ThrottlingException"): "throttled",
    (424, "ModelError"): "the model failed",
    (500, "InternalFailure"): "unavailable",
    (503, "ServiceUnavailable"): "unavailable",
    (403, "AccessDeniedException"): "refused: the role may not call the endpoint",
    (400, "ValidationError"): "refused: there is no such endpoint",
}


@dataclass
class FakeEndpoint:
    """A fake endpoint. ``answer``: status, error code and body; ``silent``: it never finishes its answer."""

    url: str = ""
    answer: tuple[int, str, bytes] = (200, "", changed())
    silent: bool = False
    released: threading.Event = field(default_factory=threading.Event)
    seen: list[tuple[str, dict[str, object]]] = field(default_factory=list)


@contextmanager
def fake_endpoint() -> Iterator[FakeEndpoint]:
    service = FakeEndpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.seen.append((self.path, json.loads(body)))
            status, code, content = service.answer
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if code:
                self.send_header("x-amzn-ErrorType", code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if service.silent:
                self.wfile.write(content[:5])
                self.wfile.flush()
                service.released.wait()
                self.close_connection = True
                return
            try:
                self.wfile.write(content)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield service
    finally:
        service.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def service() -> Iterator[FakeEndpoint]:
    with fake_endpoint() as running:
        yield running


def retriever(service: FakeEndpoint, clock=None, timeout_s: float = PATIENCE_S) -> SageMakerRetriever:
    return SageMakerRetriever(
        "towers", sagemaker_client(None, service.url, timeout_s), clock or SystemClock(), timeout_s
    )


def propose(endpoint: SageMakerRetriever, deadline: Deadline | None = None, person: str | None = None):
    return endpoint.propose(person, HISTORY, 5, deadline or Deadline.within(SystemClock(), PATIENCE_S))


def test_it_calls_the_endpoint_by_name_and_reads_films_and_scores(service):
    candidates = propose(retriever(service), person="mark")
    assert (candidates.item_ids, candidates.scores) == (("f3", "f9", "f4"), (2.5, 2.5, -1.0))
    assert candidates.ms >= 0
    request = {"history": [["f1", 1.15], ["f2", 0.3]], "k": 5, "person": "mark"}
    assert service.seen == [("/endpoints/towers/invocations", request)]


def test_without_a_person_the_request_names_none(service):
    propose(retriever(service))
    assert "person" not in service.seen[0][1]


@pytest.mark.parametrize("bad", BAD_ANSWERS)
def test_an_invalid_list_of_films_is_refused(service, bad):
    service.answer = (200, "", BAD_ANSWERS[bad])
    with pytest.raises(RetrieverUnavailable) as caught:
        propose(retriever(service))
    assert str(caught.value).startswith(("malformed", "the endpoint has no model yet", "unavailable"))


@pytest.mark.parametrize("failure", FAILURES_BY_CODE)
def test_a_failure_is_tried_once_and_has_a_short_reason(service, failure):
    status, code = failure
    service.answer = (status, code, json.dumps({"Message": "arn:aws:sagemaker:secret-account"}).encode())
    with pytest.raises(RetrieverUnavailable) as caught:
        propose(retriever(service))
    assert str(caught.value).startswith(FAILURES_BY_CODE[failure])
    assert "secret-account" not in str(caught.value)
    assert len(service.seen) == 1


def test_an_unfinished_answer_is_late(service):
    service.silent = True
    with pytest.raises(RetrieverUnavailable, match="late"):
        propose(retriever(service, timeout_s=HASTE_S))


def test_it_is_given_up_at_the_deadline_of_the_request(service):
    service.silent = True
    with pytest.raises(RetrieverUnavailable, match="late"):
        propose(retriever(service), Deadline.within(SystemClock(), HASTE_S))


def test_with_no_time_left_no_call_is_made(service):
    clock = ManualClock()
    with pytest.raises(RetrieverUnavailable, match="no time is left"):
        propose(retriever(service, clock), Deadline.within(clock, 0.0))
    assert service.seen == []


@pytest.mark.parametrize("answer", [(503, "ServiceUnavailable", b"{}"), (200, "", b"{}")], ids=["down", "malformed"])
def test_the_breaker_opens_after_repeated_failures(service, answer):
    clock, service.answer = ManualClock(), answer
    failing = retriever(service, clock)
    for _ in range(FAILURES + 3):
        with pytest.raises(RetrieverUnavailable):
            propose(failing)
    assert len(service.seen) == FAILURES
    with pytest.raises(RetrieverUnavailable, match="failed repeatedly and is not called"):
        propose(failing)
    service.answer = (200, "", changed())
    clock.advance(60)
    assert propose(failing).item_ids == ("f3", "f9", "f4")


def test_a_missing_server_is_reported_as_down():
    with pytest.raises(RetrieverUnavailable, match="down"):
        propose(retriever(FakeEndpoint(url="http://127.0.0.1:9")))


def test_missing_credentials_are_named(monkeypatch, new_session):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    client: Callable[[], object] = sagemaker_client("eu-west-1", None, PATIENCE_S)
    with pytest.raises(RetrieverUnavailable, match="no credentials"):
        propose(SageMakerRetriever("towers", client, SystemClock(), PATIENCE_S))


def test_the_settings_name_the_endpoint_its_timeout_and_url(service, tmp_path):
    settings = load_settings(
        _env_file=None, marquee_home=tmp_path, two_tower_endpoint="towers",
        aws_endpoint_url_sagemaker_runtime=service.url, two_tower_timeout_ms=60_000,
    )  # fmt: skip
    configured = find_retriever(settings, SystemClock())
    assert propose(configured).item_ids == ("f3", "f9", "f4")
    assert not settings.is_embedded
    bare = load_settings(_env_file=None, marquee_home=tmp_path)
    assert bare.two_tower_timeout_ms == 150
    assert find_retriever(bare, SystemClock()) is None


@pytest.mark.parametrize("name", ["two_tower endpoint", "-towers", "x" * 64, "arn:aws:sagemaker:x"])
def test_an_invalid_endpoint_name_is_refused(name):
    with pytest.raises(SettingsError, match="TWO_TOWER_ENDPOINT"):
        load_settings(_env_file=None, two_tower_endpoint=name, aws_region="eu-west-1")


def test_an_endpoint_needs_a_region():
    with pytest.raises(SettingsError, match="AWS_REGION is not set: expected the region of TWO_TOWER_ENDPOINT"):
        load_settings(_env_file=None, two_tower_endpoint="towers")
