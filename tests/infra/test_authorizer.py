"""The guard of the HTTP API's own address: what it accepts, and what it does while a secret can't be read."""

from collections.abc import Sequence
from typing import Any

import pytest

from infra.authorizer import main
from infra.authorizer.main import CACHED_S, HEADER, PROMPT, RETRY_S, STAGES, HeaderGuard, handler, values
from infra.constructs.deployment_secrets import ORIGIN_HEADER
from infra.constructs.guard import TIMEOUT_S


class Missing(Exception): ...


class Secrets:
    """The part of Secrets Manager that is called. ``held``: values by version stage."""

    class exceptions:
        ResourceNotFoundException = Missing

    def __init__(self, **held: str) -> None:
        self.held = held

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> dict[str, str]:
        if VersionStage not in self.held:
            raise Missing
        return {"SecretString": self.held[VersionStage]}


class Source:
    """The values to read and a count of the reads; ``down``: reading fails."""

    def __init__(self) -> None:
        self.now, self.reads, self.down, self.values = 0.0, 0, False, ["new", "old"]

    def __call__(self) -> Sequence[str]:
        self.reads += 1
        if self.down:
            raise ConnectionError
        return self.values


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def guard(source: Source) -> HeaderGuard:
    return HeaderGuard(source, lambda: source.now)


@pytest.mark.parametrize(
    ("sent", "let"),
    [("new", True), ("old", True), ("", False), ("neu", False), ("new,old", False), ("né\udcff", False)],
)
def test_the_current_and_the_previous_value_are_accepted(guard: HeaderGuard, sent: str, let: bool) -> None:
    assert guard.allows(sent) is let


def test_values_are_read_again_after_five_minutes(guard: HeaderGuard, source: Source) -> None:
    assert guard.allows("old")
    source.values = ["newer", "new"]
    source.now = CACHED_S - 1
    assert guard.allows("old")
    source.now = CACHED_S
    assert not guard.allows("old")
    assert (guard.allows("newer"), source.reads) == (True, 2)


def test_values_stay_valid_while_they_cannot_be_read_again(guard: HeaderGuard, source: Source) -> None:
    assert guard.allows("new")
    source.now, source.down = CACHED_S, True
    assert guard.allows("new")
    assert guard.allows("new")
    assert source.reads == 2, "not per request, which would wait for Secrets Manager each time"
    source.now, source.down = CACHED_S + RETRY_S, False
    assert (guard.allows("new"), source.reads) == (True, 3)


def test_a_failed_first_read_is_an_error_and_not_a_cached_refusal(guard: HeaderGuard, source: Source) -> None:
    """API Gateway caches refusals, but not errors."""
    source.down = True
    with pytest.raises(ConnectionError):
        guard.allows("new")


def test_the_values_of_new_rotated_and_missing_secrets() -> None:
    assert values(Secrets(AWSCURRENT="a"), "arn") == ["a"]
    assert values(Secrets(AWSCURRENT="b", AWSPREVIOUS="a"), "arn") == ["b", "a"]
    assert values(Secrets(AWSCURRENT="b", AWSPREVIOUS=""), "arn") == ["b"], "an empty header must not be accepted"
    with pytest.raises(Missing):
        values(Secrets(), "arn")
    assert STAGES[0] == "AWSCURRENT"


def test_the_handler_checks_the_header_that_cloudfront_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets: Any = Secrets(AWSCURRENT="a")
    monkeypatch.setenv("ORIGIN_SECRET_ARN", "arn")
    configs: list[Any] = []
    monkeypatch.setattr("infra.authorizer.main.boto3.client", lambda _name, config: configs.append(config) or secrets)
    assert HEADER == ORIGIN_HEADER
    assert handler({"headers": {HEADER: "a"}}, None) == {"isAuthorized": True}
    assert handler({"headers": {}}, None) == {"isAuthorized": False}
    assert handler({}, None) == {"isAuthorized": False}
    main.guard.cache_clear()
    assert configs == [PROMPT]


def test_a_hanging_read_leaves_time_to_use_the_previous_values() -> None:
    config: Any = PROMPT
    assert config.retries["total_max_attempts"] == 1
    assert (config.connect_timeout + config.read_timeout) * len(STAGES) < TIMEOUT_S
