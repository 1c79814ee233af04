"""The Lambda entry point: initialisation, deadlines of an invocation, and refused events."""

import asyncio
import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.adapters.aws import session
from services.api.app import lambda_handler
from services.api.app.lambda_handler import MARGIN_S, SHORTEST_S, function, handler, prepare, within
from services.recommender.errors import BundleDamaged, EncoderUnavailable, InvalidRequest
from services.recommender.service import Options
from tests.container.kit import event
from tests.damage import flip_bit
from tests.servers.http_server import Answer, HttpServer, Request

RUNTIME = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"}
ARN = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:"
# The settings of a deployment.
AWS = {
    "OPENSEARCH_ENDPOINT": "https://abc123.aoss.eu-west-1.on.aws",
    "OPENSEARCH_AUTH": "aoss",
    "DDB_USERS_TABLE": "users",
    "AWS_REGION": "eu-west-1",
    "API_KEYS": "on",
    "API_KEY_PEPPER_ARN": f"{ARN}pepper",
    "ORIGIN_SECRET_ARN": f"{ARN}origin",
}


def context(seconds: float) -> Any:
    """A Lambda context with the one method that is used."""
    return SimpleNamespace(get_remaining_time_in_millis=lambda: int(seconds * 1_000))


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A home without a bundle, and a cleared cache of the function."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MARQUEE_HOME", str(tmp_path / "home"))
    function.cache_clear()
    # Otherwise Mangum creates an event loop and never closes it.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield monkeypatch
    if function.cache_info().currsize:
        function().adapter.app.state.edge.close()  # type: ignore[attr-defined]
    function.cache_clear()
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def bundled(environment: pytest.MonkeyPatch, small_home: Path) -> pytest.MonkeyPatch:
    """The same environment with a bundle, and without AWS credentials."""
    environment.setenv("MARQUEE_HOME", str(small_home))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        environment.delenv(name, raising=False)
    session.cache_clear()
    return environment


def _no_connection(*_: object) -> None:
    raise AssertionError("a connection is opened before the first request")


def test_nothing_is_prepared_outside_a_lambda_runtime(environment: pytest.MonkeyPatch) -> None:
    prepare({})
    assert function.cache_info().currsize == 0


def test_a_missing_bundle_is_logged_during_the_initialisation(
    environment: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    prepare(RUNTIME)
    assert function.cache_info().currsize == 1
    (record,) = [record for record in caplog.records if record.name == "marquee.lambda"]
    assert record.levelno == logging.ERROR
    assert "No bundle to serve: " in record.getMessage()
    assert "no bundle is active" in record.getMessage()


@pytest.mark.parametrize("kind", ["on-demand", "provisioned-concurrency", "snap-start"])
@pytest.mark.parametrize("stores", [{}, AWS])
def test_the_bundle_is_opened_during_the_initialisation(
    bundled: pytest.MonkeyPatch, kind: str, stores: dict[str, str]
) -> None:
    for name, value in stores.items():
        bundled.setenv(name, value)
    prepare({**RUNTIME, "AWS_LAMBDA_INITIALIZATION_TYPE": kind})
    assert function().wired.releases._release is not None


@pytest.fixture
def prepare_damaged(environment: pytest.MonkeyPatch, small_home: Path, tmp_path: Path) -> Callable[[str], None]:
    """A function that prepares, with a kind of initialisation, a home whose bundle has one flipped bit."""
    home = Path(shutil.copytree(small_home, tmp_path / "damaged"))
    (path,) = home.glob("bundles/*/popularity.npy")
    flip_bit(path, path.stat().st_size * 8 - 1)
    environment.setenv("MARQUEE_HOME", str(home))

    def prepare_kind(kind: str) -> None:
        environment.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
        prepare({**RUNTIME, "AWS_LAMBDA_INITIALIZATION_TYPE": kind})

    return prepare_kind


def test_a_damaged_bundle_fails_the_publication_of_a_version(prepare_damaged: Callable[[str], None]) -> None:
    with pytest.raises(BundleDamaged, match=r"popularity\.npy: SHA-256"):
        prepare_damaged("snap-start")


def test_provisioned_concurrency_serves_no_damaged_bundle(prepare_damaged: Callable[[str], None]) -> None:
    prepare_damaged("provisioned-concurrency")
    answer = handler(event("GET", "/version"), context(29))
    assert (answer["statusCode"], "popularity.npy: SHA-256" in answer["body"]) == (503, True)


def test_an_on_demand_cold_start_does_not_verify_the_bundle(prepare_damaged: Callable[[str], None]) -> None:
    """The build of the image verifies the bundle: see the Dockerfile."""
    prepare_damaged("on-demand")
    assert handler(event("GET", "/version"), context(29))["statusCode"] == 200


def test_a_snapshot_holds_no_connection_and_no_credentials(bundled: pytest.MonkeyPatch) -> None:
    """Under SnapStart, credentials come from a server of the runtime; a snapshot would hold them until they expire."""
    for name, value in AWS.items():
        bundled.setenv(name, value)
    bundled.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/creds")
    bundled.setattr("socket.socket.connect", _no_connection)
    prepare({**RUNTIME, "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"})
    assert session()._credentials is None


@pytest.mark.parametrize(("kind", "loaded"), [("snap-start", True), ("on-demand", False)])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_snapshot_includes_the_loaded_encoder(
    bundled: pytest.MonkeyPatch, kind: str, loaded: bool, machine: str
) -> None:
    encoded: list[object] = []

    class Encoder:
        encoder_id, dims = "fake", 2

        def encode(self, texts: object) -> None:
            encoded.append(texts)
            raise EncoderUnavailable("the encoder is broken")

    bundled.setattr("services.bootstrap.load_encoder", lambda *_, **__: Encoder())
    bundled.setattr("platform.machine", lambda: machine)
    prepare({**RUNTIME, "AWS_LAMBDA_INITIALIZATION_TYPE": kind})
    assert bool(encoded) == loaded


def test_paths_are_not_logged_at_the_log_level_of_the_runtime(bundled: pytest.MonkeyPatch) -> None:
    """At INFO, Mangum logs every path, and a path can contain a person's id."""
    root = logging.getLogger()
    before = root.level
    try:
        root.setLevel(logging.INFO)
        prepare(RUNTIME)
        assert not logging.getLogger("mangum.http").isEnabledFor(logging.INFO)
        assert not logging.getLogger("marquee.access").isEnabledFor(logging.INFO)
    finally:
        root.setLevel(before)


def test_without_a_writable_store_the_log_names_the_setting(
    environment: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    environment.setenv("MARQUEE_HOME", str(tmp_path / "nowhere" / "home"))
    (tmp_path / "nowhere").write_text("no folder")
    prepare(RUNTIME)
    messages = [record.getMessage() for record in caplog.records]
    assert "cannot be stored for now: state.db" in messages[0]
    assert "set DDB_USERS_TABLE" in messages[1]


def test_a_function_answers_inline_with_any_store(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DDB_USERS_TABLE", "users")
    environment.setenv("DDB_ENDPOINT", "http://127.0.0.1:1")
    assert function().adapter.app.state.edge.services.inline  # type: ignore[attr-defined]


@pytest.mark.parametrize("metrics", ["emf", ""])
def test_metrics_are_written_only_if_they_are_configured(environment: pytest.MonkeyPatch, metrics: str) -> None:
    environment.setenv("METRICS", metrics)
    assert hasattr(function().adapter.app.state, "telemetry") == bool(metrics)  # type: ignore[attr-defined]


def test_traces_are_sent_before_the_environment_is_frozen(bundled: pytest.MonkeyPatch) -> None:
    paths: list[str] = []

    def receive(request: Request) -> Answer:
        paths.append(request.path)
        return Answer(200, b"{}")

    server = HttpServer(receive)
    bundled.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.port}")
    bundled.setenv("OTEL_TRACES_SAMPLER_ARG", "1")
    assert handler(event("GET", "/version"), None)["statusCode"] == 200
    server.close()
    assert paths == ["/v1/traces"]


@pytest.mark.parametrize("event", [{"warmer": True}, {"source": "aws.events", "resources": []}])
def test_a_warm_up_only_initialises_the_function(environment: pytest.MonkeyPatch, event: object) -> None:
    assert handler(event, context(3)) == {"warm": True}
    assert function.cache_info().currsize == 1


@pytest.mark.parametrize("event", [{"warmer": "yes"}, {"Records": []}, {"source": "aws.s3"}, [], "GET /", None, 7])
def test_other_events_are_refused_before_the_initialisation(environment: pytest.MonkeyPatch, event: object) -> None:
    with pytest.raises(InvalidRequest, match="not an event of an HTTP API"):
        handler(event, context(3))
    assert function.cache_info().currsize == 0


def test_a_refusal_shows_the_names_but_not_the_values_of_an_event(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRequest, match=r"an object with \['user_id'\]") as raised:
        handler({"user_id": "ann"}, None)
    assert "ann" not in str(raised.value).replace("an object", "")


def test_with_enough_time_the_deadlines_are_unchanged() -> None:
    options = Options(cache_ttl_s=7)
    assert within(options, context(29)) is options
    assert within(options, None) is options


def test_deadlines_end_before_a_short_invocation() -> None:
    short = within(Options(cache_ttl_s=7), context(1.0))
    assert (short.deadline_s, short.explain_deadline_s, short.cache_ttl_s) == (1.0 - MARGIN_S, 1.0 - MARGIN_S, 7)


def test_only_a_deadline_that_is_too_long_is_cut() -> None:
    cut = within(Options(deadline_s=1.2, explain_deadline_s=6.0), context(3.2))
    assert (cut.deadline_s, cut.explain_deadline_s) == (1.2, 3.0)


def test_an_invocation_about_to_end_has_the_shortest_deadline() -> None:
    assert within(Options(), context(0.01)).deadline_s == SHORTEST_S


def test_each_event_has_its_own_deadline(environment: pytest.MonkeyPatch) -> None:
    """A short deadline does not shorten those of later events."""
    deadlines = []
    prepared = function()

    class Adapter:
        app = prepared.adapter.app

        def __call__(self, event: object, context: object) -> dict[str, Any]:
            deadlines.append(prepared.wired.recommender.options.deadline_s)
            return {}

    patched = lambda_handler.ExecutionEnvironment(Adapter(), prepared.wired, prepared.options, prepared.after)  # type: ignore[arg-type]
    for left in (0.7, 29.0):
        patched.respond({"requestContext": {}}, context(left))
    assert deadlines == [pytest.approx(0.5), prepared.options.deadline_s]


@pytest.mark.parametrize("target", ["/films/f1", "/films?q=film", "/version", "/health/ready", "/", "/films/nope"])
def test_head_is_get_without_a_body(bundled: pytest.MonkeyPatch, target: str) -> None:
    get, head = (handler(event(method, target), context(29)) for method in ("GET", "HEAD"))
    own = {"x-request-id", "server-timing"}
    assert head["statusCode"] == get["statusCode"]
    assert head["body"] == ""
    assert get["body"]
    assert {name: value for name, value in head["headers"].items() if name not in own} == {
        name: value for name, value in get["headers"].items() if name not in own
    }
