"""The canary's own code, run by the Node.js of its runtime against a server here that answers as it is told.

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


def test_it_passes_on_a_good_answer_and_has_asked_as_a_customer_does(runtime: Runtime) -> None:
    with serving(good) as (url, asked):
        done = runtime.run(url)
    assert done.returncode == 0, done.stderr
    assert "step recommend" in done.stdout
    assert asked.paths == ["/recommend"]
    assert asked.bodies == [{"user_id": "canary", "k": 20}]
    assert asked.keys == [None]


def test_it_fails_on_19_films_of_20(runtime: Runtime) -> None:
    with serving(lambda _: (200, films(19))) as (url, _):
        done = runtime.run(url)
    assert done.returncode == 1
    assert "expected 20 different films, got 19 items" in done.stderr


def test_it_fails_on_21_films_of_20(runtime: Runtime) -> None:
    with serving(lambda _: (200, films(21))) as (url, _):
        assert runtime.run(url).returncode == 1


def test_it_fails_on_a_film_that_comes_twice(runtime: Runtime) -> None:
    twice = films(19)["items"] + films(1)["items"]
    with serving(lambda _: (200, {"items": twice})) as (url, _):
        done = runtime.run(url)
    assert "got 20 items, 19 films" in done.stderr


def test_it_fails_on_an_answer_without_films(runtime: Runtime) -> None:
    with serving(lambda _: (200, {"detail": "no"})) as (url, _):
        assert runtime.run(url).returncode == 1


@pytest.mark.parametrize("status", [201, 403, 429, 500, 503])
def test_it_fails_on_any_status_but_200(runtime: Runtime, status: int) -> None:
    with serving(lambda request: (status, films(request["k"]))) as (url, _):
        done = runtime.run(url)
    assert done.returncode == 1
    assert f"expected status 200, got {status}" in done.stderr


def test_it_fails_on_an_answer_that_does_not_come(runtime: Runtime) -> None:
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


def test_it_fails_where_nobody_answers(runtime: Runtime) -> None:
    with serving(good) as (url, _):
        pass
    assert runtime.run(url).returncode == 1


def test_it_shows_the_key_that_is_in_its_secret(runtime: Runtime) -> None:
    with serving(good) as (url, asked):
        done = runtime.run(url, KEY_SECRET_ARN="arn")
    assert done.returncode == 0, done.stderr
    assert asked.keys == ["mq_key_of_arn"]


def test_a_degraded_answer_is_good_enough_unless_it_looks_deep(runtime: Runtime) -> None:
    with serving(lambda request: (200, films(request["k"], degraded=["search: timeout"]))) as (url, _):
        assert runtime.run(url).returncode == 0
        deep = runtime.run(url, DEEP="on", PERSON="sim-0001")
    assert deep.returncode == 1
    assert "degraded" in deep.stderr


def test_looking_deep_it_never_asks_the_same_twice(runtime: Runtime) -> None:
    with serving(good) as (url, asked):
        assert [runtime.run(url, DEEP="on", PERSON="sim-0001").returncode for _ in range(2)] == [0, 0]
    first, second = (each["diversity"] for each in asked.bodies)
    assert first != second
    assert all(0 <= each <= 1 for each in (first, second))
