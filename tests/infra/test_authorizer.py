"""The guard of the HTTP API's own address: whom it lets through, and what it does while a secret can't be read."""

from collections.abc import Sequence
from typing import Any

import pytest

from infra.authorizer import main
from infra.authorizer.main import CACHED_S, HEADER, PROMPT, RETRY_S, STAGES, HeaderGuard, handler, values
from infra.constructs.deployment_secrets import ORIGIN_HEADER
from infra.constructs.guard import TIMEOUT_S


class Missing(Exception): ...


class Secrets:
    """Secrets Manager, as far as it is asked. ``held``: values by stage."""

    class exceptions:
        ResourceNotFoundException = Missing

    def __init__(self, **held: str) -> None:
        self.held = held

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> dict[str, str]:
        if VersionStage not in self.held:
            raise Missing
        return {"SecretString": self.held[VersionStage]}


class Kept:
    """What is read, and how often; ``down``: nothing can be."""

    def __init__(self) -> None:
        self.now, self.reads, self.down, self.values = 0.0, 0, False, ["new", "old"]

    def __call__(self) -> Sequence[str]:
        self.reads += 1
        if self.down:
            raise ConnectionError
        return self.values


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def guard(kept: Kept) -> HeaderGuard:
    return HeaderGuard(kept, lambda: kept.now)


@pytest.mark.parametrize(
    ("sent", "let"),
    [("new", True), ("old", True), ("", False), ("neu", False), ("new,old", False), ("né\udcff", False)],
)
def test_the_current_value_and_the_one_before_are_let_through(guard: HeaderGuard, sent: str, let: bool) -> None:
    assert guard.allows(sent) is let


def test_values_are_read_again_after_five_minutes(guard: HeaderGuard, kept: Kept) -> None:
    assert guard.allows("old")
    kept.values = ["newer", "new"]
    kept.now = CACHED_S - 1
    assert guard.allows("old")
    kept.now = CACHED_S
    assert not guard.allows("old")
    assert (guard.allows("newer"), kept.reads) == (True, 2)


def test_values_that_were_read_stay_good_while_they_can_not_be_read_again(guard: HeaderGuard, kept: Kept) -> None:
    assert guard.allows("new")
    kept.now, kept.down = CACHED_S, True
    assert guard.allows("new")
    assert guard.allows("new")
    assert kept.reads == 2, "not with each request: that would wait for Secrets Manager"
    kept.now, kept.down = CACHED_S + RETRY_S, False
    assert (guard.allows("new"), kept.reads) == (True, 3)


def test_nobody_is_refused_for_an_hour_because_a_secret_could_not_be_read(guard: HeaderGuard, kept: Kept) -> None:
    """An error is not kept; a refusal would be."""
    kept.down = True
    with pytest.raises(ConnectionError):
        guard.allows("new")


def test_a_secret_that_was_never_rotated_has_one_value_and_one_that_is_gone_none() -> None:
    assert values(Secrets(AWSCURRENT="a"), "arn") == ["a"]
    assert values(Secrets(AWSCURRENT="b", AWSPREVIOUS="a"), "arn") == ["b", "a"]
    assert values(Secrets(AWSCURRENT="b", AWSPREVIOUS=""), "arn") == ["b"], "an empty header must not be let in"
    with pytest.raises(Missing):
        values(Secrets(), "arn")
    assert STAGES[0] == "AWSCURRENT"


def test_it_is_asked_by_the_header_that_cloudfront_sends(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_reading_that_hangs_leaves_time_to_go_on_with_the_values_before() -> None:
    told: Any = PROMPT
    assert told.retries["total_max_attempts"] == 1
    assert (told.connect_timeout + told.read_timeout) * len(STAGES) < TIMEOUT_S
