"""Secrets from AWS Secrets Manager, read when they are needed and believed for a while."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from services.recommender.errors import SecretUnavailable
from services.recommender.ports import Clock

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

BELIEVED_S = 300.0
# After a failure: long enough not to ask at every request, short enough to be well again soon.
RETRY_S = 5.0
TIMEOUT_S = 1.0
# The version before the current one stays valid, so that a secret can be rotated while both are in use
# (AWS Secrets Manager User Guide, "Secret versions").
STAGES = ("AWSCURRENT", "AWSPREVIOUS")


class RotatingSecret:
    """The values of one secret that count now: the current one, then the previous one if there is one.

    No client is made and nothing is read before the first call, so a snapshot of the process holds neither. When
    Secrets Manager is down, the values that were read last stay good. Safe to share by threads.
    """

    def __init__(self, arn: str, clock: Clock, make_client: "Callable[[], SecretsManagerClient]") -> None:
        self._arn = arn
        self._clock = clock
        self._make_client = make_client
        self._client: SecretsManagerClient | None = None
        self._lock = threading.Lock()
        self._values: tuple[str, ...] = ()
        self._until = float("-inf")

    def __call__(self) -> tuple[str, ...]:
        """The values, newest first. Raises SecretUnavailable if none was ever read."""
        if self._clock.monotonic() >= self._until:
            with self._lock:
                if self._clock.monotonic() >= self._until:
                    self._refresh()
        if not self._values:
            raise SecretUnavailable(f"the secret {self._arn} can't be read; the log says why")
        return self._values

    def _refresh(self) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client = self._client or self._make_client()
            found = [self._version(self._client, stage) for stage in STAGES]
        except (BotoCoreError, ClientError) as error:
            self._until = self._clock.monotonic() + RETRY_S
            if not self._values:
                raise SecretUnavailable(
                    f"the secret {self._arn} can't be read ({type(error).__name__}: {error}); check that it exists and "
                    "that the role may call secretsmanager:GetSecretValue on it"
                ) from error
            return
        self._values = tuple(value for value in found if value)
        self._until = self._clock.monotonic() + BELIEVED_S

    def _version(self, client: "SecretsManagerClient", stage: str) -> str | None:
        try:
            return client.get_secret_value(SecretId=self._arn, VersionStage=stage)["SecretString"]
        except client.exceptions.ResourceNotFoundException:
            if stage == STAGES[0]:
                raise
            return None  # never rotated yet


def secrets_client(region: str | None) -> "SecretsManagerClient":
    """A client that answers within about a second or fails. Raises BotoCoreError, e.g. for want of a region."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"mode": "standard", "total_max_attempts": 2}
    )
    client: Any = boto3.client("secretsmanager", region_name=region, config=config)
    return client  # type: ignore[no-any-return]
