"""Waiting is in one module: no other test code sets a number of seconds or reads the clock."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import patience
from tests.patience import OutOfPatience, eventually, wait_for

TESTS = Path(__file__).resolve().parent
TIMEOUTS = {"timeout", "timeout_s", "connect_timeout", "read_timeout"}
WAITS = {"wait", "result", "exception", "join", "acquire"}
CLOCKS = {"monotonic", "perf_counter", "sleep"}
REQUESTS = {"get", "put", "post", "head", "delete", "request", "Client"}
# The module for waiting, the start of servers, and a script without imports from here.
OWN_CLOCKS = {"patience.py", "server.py", "guard.py"}
# Measures times, and runs separately (``make attack``).
ATTACK = TESTS / "attack"

Nodes = Iterator[ast.expr | ast.keyword]


def is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


def is_of(node: ast.expr, module: str, names: set[str]) -> bool:
    """Whether it is one of these names of a module."""
    of = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == module
    return of and node.attr in names


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def numbers_of_seconds(tree: ast.Module) -> Nodes:
    """``timeout=20``, ``event.wait(5)``."""
    for call in calls(tree):
        yield from (each for each in call.keywords if each.arg in TIMEOUTS and is_number(each.value))
        if isinstance(call.func, ast.Attribute) and call.func.attr in WAITS:
            yield from (each for each in call.args[:1] if is_number(each))


def looks_at_the_clock(tree: ast.Module) -> Nodes:
    """``time.monotonic``, ``time.sleep``."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and is_of(node, "time", CLOCKS))


def requests_with_the_client_s_own_limit(tree: ast.Module) -> Nodes:
    """``httpx2.get(url)`` gives up after five seconds."""
    for call in calls(tree):
        if is_of(call.func, "httpx2", REQUESTS) and "timeout" not in {each.arg for each in call.keywords}:
            yield call


def places(find: Callable[[ast.Module], Nodes], tree: ast.Module, path: Path) -> list[str]:
    return [f"{path.relative_to(TESTS)}:{node.lineno}" for node in find(tree)]


RULES = (numbers_of_seconds, looks_at_the_clock, requests_with_the_client_s_own_limit)


@pytest.mark.parametrize("find", RULES, ids=lambda find: find.__name__)
def test_no_test_has_seconds_of_its_own(find: Callable[[ast.Module], Nodes]) -> None:
    files = [path for path in sorted(TESTS.rglob("*.py")) if path.name not in OWN_CLOCKS and ATTACK not in path.parents]
    assert [place for path in files for place in places(find, ast.parse(path.read_text()), path)] == []


@pytest.mark.parametrize(
    ("find", "code"),
    [
        (numbers_of_seconds, "run(command, timeout=60)"),
        (numbers_of_seconds, "event.wait(0.5)"),
        (looks_at_the_clock, "began = time.monotonic()"),
        (requests_with_the_client_s_own_limit, "httpx2.get(url)"),
    ],
)
def test_a_limit_is_found(find: Callable[[ast.Module], Nodes], code: str) -> None:
    assert places(find, ast.parse(code), Path(__file__)) == ["test_patience.py:1"]


def test_a_timeout_names_what_was_awaited_and_the_last_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 0.0)
    with pytest.raises(OutOfPatience, match=r"^waited 0 s for the server$"):
        wait_for(lambda: False, "the server")
    with pytest.raises(OutOfPatience, match="for an answer; the last that came was 503"):
        eventually(lambda: 503, lambda status: status == 200, "an answer")


def test_the_expected_value_is_awaited_and_returned() -> None:
    answers = iter([503, 503, 200])
    assert eventually(lambda: next(answers), lambda status: status == 200, "an answer") == 200
