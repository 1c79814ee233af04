"""The function in the real event loop of Lambda's runtime, with events as API Gateway sends them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from data_jobs.bench.emulator import Emulated, EmulatedFunction
from data_jobs.bench.fake_aws import CREDENTIALS, fake_aws
from services.api.app.services import MAX_BODY_BYTES
from tests.container.kit import HANDLER, Tree, body_of, event, function, in_base64
from tests.patience import PATIENCE_S, eventually

MEGABYTE = 1 << 20
# The timeout of the function that is to exceed it: a cold start takes a second, or ten on a busy machine.
LIMIT_S = 20
# Lines of the emulator itself.
PLATFORM = ("START ", "END ", "REPORT ")
SLOW = """
import time

from services.api.app.lambda_handler import handler as answer


def handler(event, context):
    time.sleep(event.get("sleep_s", 0))
    return answer(event, context)
"""


def test_the_three_questions_are_answered_as_over_http(emulated: Emulated) -> None:
    answer = emulated.invoke(event("POST", "/recommend", {"k": 5}))
    films = body_of(answer)["items"]
    assert (answer["statusCode"], len(films)) == (200, 5)
    assert answer["headers"]["content-type"] == "application/json"
    assert answer["headers"]["cache-control"] == "private, no-store"
    assert len(answer["headers"]["x-request-id"]) == 32
    similar = emulated.invoke(event("GET", f"/similar?item_id={films[0]['item_id']}&k=3"))
    assert (similar["statusCode"], len(body_of(similar)["items"])) == (200, 3)
    liked = {"user_id": "ann", "item_id": films[0]["item_id"], "event": "like"}
    assert emulated.invoke(event("POST", "/feedback", liked))["statusCode"] == 202
    personal = body_of(emulated.invoke(event("POST", "/recommend", {"user_id": "ann", "k": 5})))
    assert personal["strategy"] == "personal"
    assert films[0]["item_id"] not in [film["item_id"] for film in personal["items"]]


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "kind"),
    [
        ("GET", "/nope", None, 404, "/problems/not-found"),
        ("GET", "/films/nope", None, 404, "/problems/unknown-film"),
        ("POST", "/recommend", {"k": 101}, 422, "/problems/invalid-request"),
        ("POST", "/recommend", "{", 400, "/problems/malformed-body"),
        ("DELETE", "/recommend", None, 405, "/problems/method-not-allowed"),
        ("POST", "/recommend", {"query": "x" * MAX_BODY_BYTES}, 413, "/problems/body-too-large"),
    ],
)
def test_problems_travel_as_text(
    emulated: Emulated, method: str, target: str, body: object, status: int, kind: str
) -> None:
    answer = emulated.invoke(event(method, target, body))
    problem = body_of(answer)
    assert (answer["statusCode"], problem["status"], problem["type"]) == (status, status, kind)
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert problem["request_id"] == answer["headers"]["x-request-id"]


def test_a_body_of_nearly_six_megabytes_is_refused_and_the_next_event_is_answered(emulated: Emulated) -> None:
    large = event("POST", "/recommend", json.dumps({"query": "x" * (6 * MEGABYTE - 4_096)}))
    assert emulated.invoke(large)["statusCode"] == 413
    # Also without a content-length header.
    del large["headers"]["content-length"]
    assert emulated.invoke(large)["statusCode"] == 413
    assert emulated.invoke(event("POST", "/recommend", {}))["statusCode"] == 200


def test_a_base64_body_is_decoded(emulated: Emulated) -> None:
    plain = event("POST", "/recommend", {"k": 2, "query": "Amélie"})
    as_text, as_base64 = emulated.invoke(plain), emulated.invoke(in_base64(plain))
    assert as_text["statusCode"] == as_base64["statusCode"] == 200
    assert body_of(as_text)["items"] == body_of(as_base64)["items"]


def test_cookies_and_repeated_query_parameters_are_harmless(emulated: Emulated) -> None:
    plain = emulated.invoke(event("GET", "/films?q=the%20godfather"))
    with_cookies = emulated.invoke(event("GET", "/films?q=the%20godfather", cookies=["session=1", "theme=dark"]))
    assert with_cookies["statusCode"] == 200
    assert body_of(with_cookies) == body_of(plain)
    assert body_of(plain)["items"][0]["title"] == "The Godfather"
    assert "set-cookie" not in with_cookies["headers"]
    assert emulated.invoke(event("GET", "/films?q=the%20godfather&q=heat"))["statusCode"] == 200


def test_the_request_id_of_the_caller_is_kept(emulated: Emulated) -> None:
    request = event("GET", "/version")
    request["headers"]["x-request-id"] = "mine-1"
    assert emulated.invoke(request)["headers"]["x-request-id"] == "mine-1"


@pytest.mark.parametrize("warm_up", [{"warmer": True}, {"source": "aws.events", "detail-type": "Scheduled Event"}])
def test_a_warm_up_is_answered_and_is_no_request(emulated: Emulated, warm_up: dict[str, object]) -> None:
    assert emulated.invoke(warm_up) == {"warm": True}
    assert '"message":"request"' not in emulated.output()


@pytest.mark.parametrize("odd", [{"Records": [{"s3": {"object": {"key": "secret"}}}]}, [1, 2], "text", None, {}])
def test_an_event_that_is_not_http_is_refused_by_shape_and_not_by_content(emulated: Emulated, odd: object) -> None:
    answer = emulated.invoke(odd)
    assert answer["errorType"] == "InvalidRequest"
    assert "not an event of an HTTP API" in answer["errorMessage"]
    assert "secret" not in emulated.output()
    assert emulated.invoke(event("GET", "/health/live"))["statusCode"] == 200


def test_metrics_and_the_log_are_whole_lines_of_their_own(emulated: Emulated) -> None:
    emulated.invoke(event("POST", "/recommend", {"user_id": "someone-special"}))
    lines = [json.loads(line) for line in emulated.output().splitlines() if line.startswith("{")]
    (metrics,) = [line for line in lines if "_aws" in line]
    (logged,) = [line for line in lines if line.get("message") == "request"]
    assert (metrics["route"], metrics["API.RPS"], metrics["API.ErrorRate"]) == ("/recommend", [1.0], [0.0])
    assert (logged["status"], logged["strategy"]) == (200, "popular")
    assert "someone-special" not in emulated.output()


def test_the_lines_of_one_request_share_their_ids(emulated: Emulated) -> None:
    """The ids of Lambda's REPORT line, of the HTTP API's access log (`requestId`) and of the trace."""
    trace = "1-67891233-abcdef012345678912345678"
    request = event("POST", "/recommend", {"k": 3})
    request["headers"]["x-amzn-trace-id"] = f"Root={trace}"
    request["requestContext"]["requestId"] = "JKJaXmPLvHcESHA="
    emulated.invoke(request)
    output = emulated.output()
    (logged,) = [line for line in map(json.loads, filter(_is_object, output.splitlines())) if "aws_request_id" in line]
    assert (logged["apigw_request_id"], logged["trace_id"]) == ("JKJaXmPLvHcESHA=", trace)
    (report,) = [line for line in output.splitlines() if line.startswith("REPORT ")]
    assert f"RequestId: {logged['aws_request_id']}" in report


def _is_object(line: str) -> bool:
    return line.startswith("{")


def test_every_log_line_is_json_and_names_no_person(tools: Path, tree: Tree, home: Path, tmp_path: Path) -> None:
    """With the deployed settings: the runtime writes log records as JSON, from INFO on."""
    environment = {
        "MARQUEE_HOME": str(home), "METRICS": "emf", "AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO",
        "DDB_USERS_TABLE": "users", "DDB_ENDPOINT": "http://127.0.0.1:1",
    }  # fmt: skip
    with Emulated(function(tools, (tree.task,), HANDLER, environment), tmp_path / "function.log") as emulated:
        assert emulated.invoke(event("GET", "/users/ann%40example.org/export"))["statusCode"] == 503
        assert emulated.invoke(event("POST", "/recommend", {"user_id": "ann@example.org"}))["statusCode"] == 200
        output = emulated.output()
    assert "ann" not in output
    own = [line for line in output.splitlines() if not line.startswith(PLATFORM)]
    entries = [json.loads(line) for line in own]
    assert {entry["status"] for entry in entries if entry.get("message") == "request"} == {200, 503}
    (failure,) = [entry for entry in entries if entry.get("status") == 503]
    assert failure["problem"] == "state-unavailable"
    assert "did not respond in time" in failure["detail"]
    assert [
        entry for entry in entries if entry.get("level") == "WARNING" and "EndpointConnectionError" in entry["message"]
    ]


def test_a_function_deployed_by_infra_answers_requests_with_a_key(
    tools: Path, tree: Tree, release: Path, tmp_path: Path
) -> None:
    """Secrets Manager, DynamoDB and OpenSearch are stand-ins. The emulator has no snapshots."""
    home = {"MARQUEE_HOME": str(release)}
    with (
        fake_aws() as deployed,
        Emulated(function(tools, (tree.task,), HANDLER, deployed | home), tmp_path / "function.log") as emulated,
    ):
        request = event("POST", "/recommend", {"user_id": "ann", "k": 3})
        assert emulated.invoke(request)["statusCode"] == 403
        request["headers"] |= {"x-origin-verify": CREDENTIALS["x-origin-verify"]}
        assert emulated.invoke(request)["statusCode"] == 401
        request["headers"] |= CREDENTIALS
        answer = emulated.invoke(request)
        assert (answer["statusCode"], body_of(answer)["degraded"]) == (200, [])
        # The index is missing, which only the first search detects.
        query = event("POST", "/recommend", {"query": "Seven Samurai", "k": 3})
        query["headers"] |= CREDENTIALS
        assert body_of(emulated.invoke(query))["degraded"] == ["search: index missing"]


def test_a_timeout_is_reported_and_the_next_event_is_answered(
    tools: Path, tree: Tree, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    slow = EmulatedFunction(
        tools, (tmp_path, tree.task), "slow.handler", {"MARQUEE_HOME": str(home)}, timeout_s=LIMIT_S
    )
    with Emulated(slow, tmp_path / "function.log") as emulated:
        assert emulated.invoke(event("GET", "/version"))["statusCode"] == 200
        assert b"Task timed out after %d.00 seconds" % LIMIT_S in emulated.invoke_raw(
            json.dumps(event("GET", "/version", sleep_s=PATIENCE_S)).encode()
        )
        next_event = event("POST", "/recommend", {"k": 3})
        answer = eventually(
            lambda: emulated.invoke(next_event),
            lambda answer: not canceled_by_the_reset(answer),
            "an answer after the emulator's reset",
        )
        assert answer["statusCode"] == 200


def canceled_by_the_reset(answer: Mapping[str, Any]) -> bool:
    """Whether the emulator canceled an event while it was resetting the function's process, before any code ran.

    A race of the emulator that Lambda does not have. Its ``watchEvents`` first announces the end of the killed process,
    which completes the reset, and then cancels everything in progress; if its thread is preempted between the two, it
    cancels the next event.
    """
    return answer.get("errorType") == "Sandbox.Failure" and answer["errorMessage"].endswith("Error: ErrGateCanceled")


@pytest.mark.parametrize(
    ("answer", "canceled"),
    [
        ({"errorType": "Sandbox.Failure", "errorMessage": "RequestId: 1 Error: ErrGateCanceled"}, True),
        ({"errorType": "Sandbox.Failure", "errorMessage": "RequestId: 1 Error: something else"}, False),
        ({"errorType": "Runtime.ExitError", "errorMessage": "RequestId: 1 Error: exit status 1"}, False),
        ({"statusCode": 503, "body": "ErrGateCanceled"}, False),
    ],
)
def test_only_the_emulator_s_own_cancellation_is_retried(answer: Mapping[str, Any], canceled: bool) -> None:
    assert canceled_by_the_reset(answer) is canceled


def test_serving_a_release_writes_nothing_into_it(tools: Path, tree: Tree, release: Path, tmp_path: Path) -> None:
    """With people in DynamoDB: in an image the folder of the bundle is read-only."""
    environment = {
        "MARQUEE_HOME": str(release),
        "DDB_USERS_TABLE": "users",
        "DDB_ENDPOINT": "http://127.0.0.1:1",
    }
    before = {path: path.stat().st_mtime_ns for path in release.rglob("*")}
    with Emulated(function(tools, (tree.task,), HANDLER, environment), tmp_path / "function.log") as emulated:
        for body in ({"k": 3}, {"query": "a heist", "k": 3}):
            assert emulated.invoke(event("POST", "/recommend", body))["statusCode"] == 200
    assert {path: path.stat().st_mtime_ns for path in release.rglob("*")} == before


def test_an_image_without_a_bundle_reports_it(tools: Path, tree: Tree, tmp_path: Path) -> None:
    homeless = function(tools, (tree.task,), HANDLER, {"MARQUEE_HOME": str(tmp_path / "home")})
    with Emulated(homeless, tmp_path / "function.log") as emulated:
        answer = emulated.invoke(event("POST", "/recommend", {}))
        assert (answer["statusCode"], body_of(answer)["type"]) == (503, "/problems/bundle-missing")
        assert "No bundle to serve" in emulated.output()
        assert emulated.invoke(event("GET", "/health/live"))["statusCode"] == 200


def test_a_home_that_cannot_store_people_is_reported_with_the_setting(tools: Path, tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, where a folder is needed")
    homeless = function(tools, (tree.task,), HANDLER, {"MARQUEE_HOME": str(tmp_path / "home")})
    with Emulated(homeless, tmp_path / "function.log") as emulated:
        emulated.invoke_raw(json.dumps(event("GET", "/health/live")).encode())
        assert "set DDB_USERS_TABLE" in emulated.output()
