"""Time limits are set in ``tests/patience.py`` alone: no other test names seconds or reads the clock."""

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
# The module itself, a server's start that ends with its process, and a script that cannot import from the tests.
OWN_CLOCKS = {"patience.py", "server.py", "guard.py"}
# It measures times, and is run separately (``make attack``).
ATTACK = TESTS / "attack"

Nodes = Iterator[ast.expr | ast.keyword]


def is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


def is_of(node: ast.expr, module: str, names: set[str]) -> bool:
    """Whether the node is one of these attributes of a module."""
    of_module = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == module
    return of_module and node.attr in names


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def numbers_of_seconds(tree: ast.Module) -> Nodes:
    """``timeout=20``, ``event.wait(5)``."""
    for call in calls(tree):
        yield from (keyword for keyword in call.keywords if keyword.arg in TIMEOUTS and is_number(keyword.value))
        if isinstance(call.func, ast.Attribute) and call.func.attr in WAITS:
            yield from (argument for argument in call.args[:1] if is_number(argument))


def reads_of_the_clock(tree: ast.Module) -> Nodes:
    """``time.monotonic``, ``time.sleep``."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and is_of(node, "time", CLOCKS))


def requests_without_a_timeout(tree: ast.Module) -> Nodes:
    """``httpx2.get(url)`` gives up after five seconds."""
    for call in calls(tree):
        if is_of(call.func, "httpx2", REQUESTS) and "timeout" not in {keyword.arg for keyword in call.keywords}:
            yield call


def places(find: Callable[[ast.Module], Nodes], tree: ast.Module, path: Path) -> list[str]:
    return [f"{path.relative_to(TESTS)}:{node.lineno}" for node in find(tree)]


RULES = (numbers_of_seconds, reads_of_the_clock, requests_without_a_timeout)


@pytest.mark.parametrize("find", RULES, ids=lambda find: find.__name__)
def test_no_test_sets_its_own_time_limits(find: Callable[[ast.Module], Nodes]) -> None:
    files = [path for path in sorted(TESTS.rglob("*.py")) if path.name not in OWN_CLOCKS and ATTACK not in path.parents]
    assert [place for path in files for place in places(find, ast.parse(path.read_text()), path)] == []


@pytest.mark.parametrize(
    ("find", "code"),
    [
        (numbers_of_seconds, "run(command, timeout=60)"),
        (numbers_of_seconds, "event.wait(0.5)"),
        (reads_of_the_clock, "began = time.monotonic()"),
        (requests_without_a_timeout, "httpx2.get(url)"),
    ],
)
def test_a_limit_is_found(find: Callable[[ast.Module], Nodes], code: str) -> None:
    assert places(find, ast.parse(code), Path(__file__)) == ["test_patience.py:1"]


def test_a_wait_that_runs_out_names_the_condition_and_the_last_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 0.0)
    with pytest.raises(OutOfPatience, match=r"^waited 0 s for the server$"):
        wait_for(lambda: False, "the server")
    with pytest.raises(OutOfPatience, match="for an answer; the last value was 503"):
        eventually(lambda: 503, lambda status: status == 200, "an answer")


def test_eventually_returns_the_first_value_that_holds() -> None:
    answers = iter([503, 503, 200])
    assert eventually(lambda: next(answers), lambda status: status == 200, "an answer") == 200
