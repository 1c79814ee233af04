"""Secrets: given by a setting, or read from AWS Secrets Manager on demand and cached for a while."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.recommender.errors import SecretUnavailable
from services.recommender.ports import Clock

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

CACHED_S = 300.0
# After a failure: long enough not to retry at every request, short enough to recover soon.
RETRY_S = 5.0
TIMEOUT_S = 1.0
# For all attempts of all stages.
LONGEST_S = 5.0
# AWS Secrets Manager User Guide, "Secret versions".
CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FixedSecret:
    """A secret given by a setting."""

    values: tuple[str, ...]
    is_cached: bool = True

    def __call__(self) -> tuple[str, ...]:
        """Return the values, newest first."""
        return self.values


class RotatingSecret:
    """Accepted values of one secret: those of ``stages``, newest first.

    With both stages the previous value stays valid while a new one is rolled out. No client is made and nothing is read
    before the first call, so a process snapshot contains neither. When Secrets Manager is down, the last values stay
    valid. ``what`` names the secret to callers, who must not see its ARN. Thread-safe.
    """

    def __init__(
        self,
        arn: str,
        what: str,
        clock: Clock,
        client: "Callable[[], SecretsManagerClient]",
        stages: Sequence[str] = (CURRENT, PREVIOUS),
    ) -> None:
        self._arn = arn
        self._what = what
        self._clock = clock
        self._client = client
        self._stages = stages
        self._lock = threading.Lock()
        self._values: tuple[str, ...] = ()
        self._until = float("-inf")

    @property
    def is_cached(self) -> bool:
        """Whether the cached values are still valid."""
        return self._clock.monotonic() < self._until

    def __call__(self) -> tuple[str, ...]:
        """Return the values. Raises SecretUnavailable if none was ever read."""
        if not self.is_cached:
            with self._lock:
                if not self.is_cached:
                    self._refresh()
        if not self._values:
            raise SecretUnavailable(f"{self._what} cannot be read from Secrets Manager; see the log")
        return self._values

    def _refresh(self) -> None:
        from services.adapters.bounded import within

        try:
            with within(LONGEST_S):
                values = [self._version(stage) for stage in self._stages]
        except Exception as error:  # noqa: BLE001 - on any failure the previous values stay valid
            self._until = self._clock.monotonic() + RETRY_S
            _log.warning(
                "%s, %s, cannot be read (%s: %s); check that it exists, holds text, and that the role may call "
                "secretsmanager:GetSecretValue on it", self._what, self._arn, type(error).__name__, _message(error),
            )  # fmt: skip
            return
        self._values = tuple(value for value in values if value)
        self._until = self._clock.monotonic() + CACHED_S

    def _version(self, stage: str) -> str | None:
        client = self._client()
        try:
            response = client.get_secret_value(SecretId=self._arn, VersionStage=stage)
        except client.exceptions.ResourceNotFoundException:
            if stage == CURRENT:
                raise
            return None  # not rotated yet
        value: object = response.get("SecretString")
        if not isinstance(value, str):
            raise _NoText("its value is binary" if value is None else "its value is not text")
        return value


class _NoText(Exception):
    """The secret's value is not text."""


def _message(error: Exception) -> str:
    """Return an error's message, unless it may contain the secret, as a parser's may."""
    from botocore.exceptions import BotoCoreError, ClientError

    return str(error) if isinstance(error, BotoCoreError | ClientError | _NoText) else "message withheld"


def secrets_client(region: str | None) -> "SecretsManagerClient":
    """Return a client that responds within about a second or fails. Raises BotoCoreError, e.g. without a region."""
    from botocore.config import Config

    from services.adapters.aws import make_client

    config = Config(
        connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"mode": "standard", "total_max_attempts": 2}
    )
    return make_client("secretsmanager", region, config)  # type: ignore[no-any-return]
