"""The canary's own code, run by the Node.js of its runtime against a local server with scripted responses.

``tests/e2e/test_canary.py`` runs it against Marquee itself.
"""

import threading
from pathlib import Path

import pytest

from tests.infra.canary_kit import Runtime, runtime_in, serving
from tests.patience import HASTE_S


@pytest.fixture
def runtime(node: Path, tmp_path: Path) -> Runtime:
    return runtime_in(tmp_path, node)


def films(count: int, **more: object) -> dict:
    return {"items": [{"item_id": f"film-{number}"} for number in range(count)], "degraded": [], **more}


def good(request: dict) -> tuple[int, dict]:
    return 200, films(request["k"])


def test_it_passes_on_a_good_response_and_sends_a_customer_s_request(runtime: Runtime) -> None:
    with serving(good) as (url, requests):
        done = runtime.run(url)
    assert done.returncode == 0, done.stderr
    assert "step recommend" in done.stdout
    assert requests.paths == ["/recommend"]
    assert requests.bodies == [{"user_id": "canary", "k": 20}]
    assert requests.keys == [None]


def test_it_fails_on_19_films_of_20(runtime: Runtime) -> None:
    with serving(lambda _: (200, films(19))) as (url, _):
        done = runtime.run(url)
    assert done.returncode == 1
    assert "expected 20 different films, got 19 items" in done.stderr


def test_it_fails_on_21_films_of_20(runtime: Runtime) -> None:
    with serving(lambda _: (200, films(21))) as (url, _):
        assert runtime.run(url).returncode == 1


def test_it_fails_on_a_duplicate_film(runtime: Runtime) -> None:
    twice = films(19)["items"] + films(1)["items"]
    with serving(lambda _: (200, {"items": twice})) as (url, _):
        done = runtime.run(url)
    assert "got 20 items, 19 films" in done.stderr


def test_it_fails_on_a_response_without_films(runtime: Runtime) -> None:
    with serving(lambda _: (200, {"detail": "no"})) as (url, _):
        assert runtime.run(url).returncode == 1


@pytest.mark.parametrize("status", [201, 403, 429, 500, 503])
def test_it_fails_on_any_status_but_200(runtime: Runtime, status: int) -> None:
    with serving(lambda request: (status, films(request["k"]))) as (url, _):
        done = runtime.run(url)
    assert done.returncode == 1
    assert f"expected status 200, got {status}" in done.stderr


def test_it_fails_on_a_timeout(runtime: Runtime) -> None:
    given_up = threading.Event()

    def slow(request: dict) -> tuple[int, dict]:
        given_up.wait()
        return good(request)

    with serving(slow) as (url, _):
        try:
            done = runtime.run(url, TIMEOUT_MS=str(int(1_000 * HASTE_S)))
        finally:
            given_up.set()
    assert done.returncode == 1
    assert "timeout" in done.stderr


def test_it_fails_if_the_connection_is_refused(runtime: Runtime) -> None:
    with serving(good) as (url, _):
        pass
    assert runtime.run(url).returncode == 1


def test_it_sends_the_key_from_its_secret(runtime: Runtime) -> None:
    with serving(good) as (url, requests):
        done = runtime.run(url, KEY_SECRET_ARN="arn")
    assert done.returncode == 0, done.stderr
    assert requests.keys == ["mq_key_of_arn"]


def test_only_the_deep_canary_fails_on_a_degraded_response(runtime: Runtime) -> None:
    with serving(lambda request: (200, films(request["k"], degraded=["search: timeout"]))) as (url, _):
        assert runtime.run(url).returncode == 0
        deep = runtime.run(url, DEEP="on", PERSON="sim-0001")
    assert deep.returncode == 1
    assert "degraded" in deep.stderr


def test_the_deep_canary_never_repeats_a_request(runtime: Runtime) -> None:
    with serving(good) as (url, requests):
        assert [runtime.run(url, DEEP="on", PERSON="sim-0001").returncode for _ in range(2)] == [0, 0]
    first, second = (each["diversity"] for each in requests.bodies)
    assert first != second
    assert all(0 <= each <= 1 for each in (first, second))
