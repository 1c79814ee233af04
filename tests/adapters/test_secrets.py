"""Secrets, against a Secrets Manager that rotates as the real one does."""

import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from services.adapters.secrets import (
    CACHED_S,
    CURRENT,
    PREVIOUS,
    RETRY_S,
    FixedSecret,
    RotatingSecret,
    secrets_client,
)
from services.recommender.errors import SecretUnavailable
from tests.builders import ManualClock

REGION = "eu-central-1"


@pytest.fixture(autouse=True)
def an_account(monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield


def stored(value: str) -> str:
    return secrets_client(REGION).create_secret(Name="origin", SecretString=value)["ARN"]


def rotated(arn: str, value: str) -> None:
    secrets_client(REGION).put_secret_value(SecretId=arn, SecretString=value)


class Flaky:
    """Gives one client, counts the calls, and fails when told to."""

    def __init__(self) -> None:
        self.made = 0
        self.calls = 0
        self.down = False
        self._client = None

    def __call__(self):
        if self._client is None:
            self.made += 1
            self._client = secrets_client(REGION)
            self._client.meta.events.register("before-send", self._answer)
        return self._client

    def _answer(self, request, **_):
        self.calls += 1
        if self.down:
            raise EndpointConnectionError(endpoint_url=request.url)


def rotating(arn: str, clock: ManualClock, client: Flaky, *stages: str) -> RotatingSecret:
    return RotatingSecret(arn, "the pepper", clock, client, stages or (CURRENT, PREVIOUS))


def test_nothing_is_made_or_read_before_it_is_needed() -> None:
    client = Flaky()
    secret = rotating(stored("one"), ManualClock(), client)
    assert client.made == 0
    assert not secret.is_at_hand
    assert secret() == ("one",)
    assert client.made == 1


def test_what_was_read_is_at_hand_until_it_is_believed_no_more() -> None:
    clock, client = ManualClock(), Flaky()
    secret = rotating(stored("one"), clock, client)
    secret()
    calls = client.calls
    assert secret.is_at_hand
    assert secret() == ("one",)
    assert client.calls == calls
    clock.advance(CACHED_S + 1)
    assert not secret.is_at_hand


def test_after_a_rotation_both_count_once_it_is_noticed() -> None:
    arn, clock = stored("one"), ManualClock()
    secret = rotating(arn, clock, Flaky())
    assert secret() == ("one",)
    rotated(arn, "two")
    assert secret() == ("one",)
    clock.advance(CACHED_S + 1)
    assert secret() == ("two", "one")


def test_where_only_the_current_value_counts_only_that_is_asked_for() -> None:
    arn, client = stored("one"), Flaky()
    rotated(arn, "two")
    assert rotating(arn, ManualClock(), client, CURRENT)() == ("two",)
    assert client.calls == 1


def test_what_was_read_stays_good_while_the_service_is_down(caplog: pytest.LogCaptureFixture) -> None:
    arn, clock, client = stored("one"), ManualClock(), Flaky()
    secret = rotating(arn, clock, client)
    assert secret() == ("one",)
    client.down = True
    clock.advance(CACHED_S + 1)
    assert secret() == ("one",)
    assert "cannot be read (EndpointConnectionError" in caplog.text
    client.down = False
    rotated(arn, "two")
    assert secret() == ("one",)
    clock.advance(RETRY_S + 1)
    assert secret() == ("two", "one")


def test_callers_are_told_which_secret_and_the_log_why(caplog: pytest.LogCaptureFixture) -> None:
    missing = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:nobody"
    with pytest.raises(SecretUnavailable, match="the pepper cannot be read from Secrets Manager") as raised:
        rotating(missing, ManualClock(), Flaky())()
    assert "123456789012" not in str(raised.value), "accounts and roles are for the log"
    assert missing in caplog.text
    assert "secretsmanager:GetSecretValue" in caplog.text


def test_a_secret_of_bytes_is_named_as_one(caplog: pytest.LogCaptureFixture) -> None:
    arn = secrets_client(REGION).create_secret(Name="bytes", SecretBinary=b"x")["ARN"]
    with pytest.raises(SecretUnavailable):
        rotating(arn, ManualClock(), Flaky())()
    assert "its value is binary" in caplog.text


def test_a_fixed_secret_is_always_at_hand() -> None:
    secret = FixedSecret(("new", "old"))
    assert secret.is_at_hand
    assert secret() == ("new", "old")
