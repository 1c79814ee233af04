"""Secrets, against a Secrets Manager that rotates as the real one does."""

import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from services.adapters.secrets import BELIEVED_S, RETRY_S, RotatingSecret, secrets_client
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
    """Makes clients, counts them, and fails when told to."""

    def __init__(self) -> None:
        self.made = 0
        self.down = False

    def __call__(self):
        self.made += 1
        client = secrets_client(REGION)
        client.meta.events.register("before-send", self._answer)
        return client

    def _answer(self, request, **_):
        if self.down:
            raise EndpointConnectionError(endpoint_url=request.url)


def test_nothing_is_made_or_read_before_it_is_needed() -> None:
    makes = Flaky()
    secret = RotatingSecret(stored("one"), ManualClock(), makes)
    assert makes.made == 0
    assert secret() == ("one",)
    assert makes.made == 1


def test_after_a_rotation_both_count_once_it_is_noticed() -> None:
    arn, clock = stored("one"), ManualClock()
    secret = RotatingSecret(arn, clock, Flaky())
    assert secret() == ("one",)
    rotated(arn, "two")
    assert secret() == ("one",)
    clock.advance(BELIEVED_S + 1)
    assert secret() == ("two", "one")


def test_what_was_read_stays_good_while_the_service_is_down() -> None:
    arn, clock, makes = stored("one"), ManualClock(), Flaky()
    secret = RotatingSecret(arn, clock, makes)
    assert secret() == ("one",)
    makes.down = True
    clock.advance(BELIEVED_S + 1)
    assert secret() == ("one",)
    makes.down = False
    rotated(arn, "two")
    assert secret() == ("one",)
    clock.advance(RETRY_S + 1)
    assert secret() == ("two", "one")


def test_a_secret_that_is_not_there_is_named_with_what_to_check() -> None:
    missing = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:nobody"
    with pytest.raises(SecretUnavailable, match=r"nobody.*GetSecretValue"):
        RotatingSecret(missing, ManualClock(), Flaky())()
