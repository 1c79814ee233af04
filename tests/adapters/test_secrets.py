"""Secrets, against a fake Secrets Manager that rotates like the real one."""

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
def account(monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield


def stored(value: str) -> str:
    return secrets_client(REGION).create_secret(Name="origin", SecretString=value)["ARN"]


def rotate(arn: str, value: str) -> None:
    secrets_client(REGION).put_secret_value(SecretId=arn, SecretString=value)


class FlakyClient:
    """A factory that returns one client, counts its calls, and fails while ``down``."""

    def __init__(self) -> None:
        self.clients = 0
        self.calls = 0
        self.down = False
        self._client = None

    def __call__(self):
        if self._client is None:
            self.clients += 1
            self._client = secrets_client(REGION)
            self._client.meta.events.register("before-send", self._answer)
        return self._client

    def _answer(self, request, **_):
        self.calls += 1
        if self.down:
            raise EndpointConnectionError(endpoint_url=request.url)


def rotating(arn: str, clock: ManualClock, client: FlakyClient, *stages: str) -> RotatingSecret:
    return RotatingSecret(arn, "the pepper", clock, client, stages or (CURRENT, PREVIOUS))


def test_client_and_secret_are_loaded_on_first_use() -> None:
    client = FlakyClient()
    secret = rotating(stored("one"), ManualClock(), client)
    assert client.clients == 0
    assert not secret.is_cached
    assert secret() == ("one",)
    assert client.clients == 1


def test_a_secret_is_cached_until_it_expires() -> None:
    clock, client = ManualClock(), FlakyClient()
    secret = rotating(stored("one"), clock, client)
    secret()
    calls = client.calls
    assert secret.is_cached
    assert secret() == ("one",)
    assert client.calls == calls
    clock.advance(CACHED_S + 1)
    assert not secret.is_cached


def test_after_a_rotation_both_values_are_accepted() -> None:
    arn, clock = stored("one"), ManualClock()
    secret = rotating(arn, clock, FlakyClient())
    assert secret() == ("one",)
    rotate(arn, "two")
    assert secret() == ("one",)
    clock.advance(CACHED_S + 1)
    assert secret() == ("two", "one")


def test_only_the_requested_stages_are_read() -> None:
    arn, client = stored("one"), FlakyClient()
    rotate(arn, "two")
    assert rotating(arn, ManualClock(), client, CURRENT)() == ("two",)
    assert client.calls == 1


def test_a_cached_secret_is_used_during_an_outage(caplog: pytest.LogCaptureFixture) -> None:
    arn, clock, client = stored("one"), ManualClock(), FlakyClient()
    secret = rotating(arn, clock, client)
    assert secret() == ("one",)
    client.down = True
    clock.advance(CACHED_S + 1)
    assert secret() == ("one",)
    assert "cannot be read (EndpointConnectionError" in caplog.text
    client.down = False
    rotate(arn, "two")
    assert secret() == ("one",)
    clock.advance(RETRY_S + 1)
    assert secret() == ("two", "one")


def test_the_error_names_the_secret_and_the_log_the_cause(caplog: pytest.LogCaptureFixture) -> None:
    missing = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:nobody"
    with pytest.raises(SecretUnavailable, match="the pepper cannot be read from Secrets Manager") as error:
        rotating(missing, ManualClock(), FlakyClient())()
    assert "123456789012" not in str(error.value), "accounts and roles belong in the log only"
    assert missing in caplog.text
    assert "secretsmanager:GetSecretValue" in caplog.text


def test_a_binary_secret_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    arn = secrets_client(REGION).create_secret(Name="bytes", SecretBinary=b"x")["ARN"]
    with pytest.raises(SecretUnavailable):
        rotating(arn, ManualClock(), FlakyClient())()
    assert "its value is binary" in caplog.text


def test_a_fixed_secret_is_always_available() -> None:
    secret = FixedSecret(("new", "old"))
    assert secret.is_cached
    assert secret() == ("new", "old")
