"""Secrets: given by a setting, or kept in AWS Secrets Manager, read when they are needed and believed for a while."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.recommender.errors import SecretUnavailable
from services.recommender.ports import Clock

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

BELIEVED_S = 300.0
# After a failure: long enough not to ask at every request, short enough to be well again soon.
RETRY_S = 5.0
TIMEOUT_S = 1.0
# For all tries of all stages.
LONGEST_S = 5.0
# AWS Secrets Manager User Guide, "Secret versions".
CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FixedSecret:
    """A secret that a setting gives."""

    values: tuple[str, ...]
    is_at_hand: bool = True

    def __call__(self) -> tuple[str, ...]:
        """The values, newest first."""
        return self.values


class RotatingSecret:
    """The values of one secret that count now: those of ``stages``, newest first.

    With both stages the previous value stays good while a new one is brought to all who use it. No client is made and
    nothing is read before the first call, so a snapshot of the process holds neither. When Secrets Manager is down, the
    values that were read last stay good. ``what`` names the secret to callers, who are not told its ARN. Safe to share
    by threads.
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
    def is_at_hand(self) -> bool:
        """Whether the values are still believed, so that nobody is asked."""
        return self._clock.monotonic() < self._until

    def __call__(self) -> tuple[str, ...]:
        """The values. Raises SecretUnavailable if none was ever read."""
        if not self.is_at_hand:
            with self._lock:
                if not self.is_at_hand:
                    self._refresh()
        if not self._values:
            raise SecretUnavailable(f"{self._what} can't be read from Secrets Manager; the log says why")
        return self._values

    def _refresh(self) -> None:
        from services.adapters.bounded import within

        try:
            with within(LONGEST_S):
                found = [self._version(stage) for stage in self._stages]
        except Exception as error:  # noqa: BLE001 - whatever can't be read: the values before stay good
            self._until = self._clock.monotonic() + RETRY_S
            _log.warning(
                "%s, %s, can't be read (%s: %s); check that it exists, holds text, and that the role may call "
                "secretsmanager:GetSecretValue on it", self._what, self._arn, type(error).__name__, _words(error),
            )  # fmt: skip
            return
        self._values = tuple(value for value in found if value)
        self._until = self._clock.monotonic() + BELIEVED_S

    def _version(self, stage: str) -> str | None:
        client = self._client()
        try:
            found = client.get_secret_value(SecretId=self._arn, VersionStage=stage)
        except client.exceptions.ResourceNotFoundException:
            if stage == CURRENT:
                raise
            return None  # never rotated yet
        value: object = found.get("SecretString")
        if not isinstance(value, str):
            raise _NoText("its value is bytes" if value is None else "its value is no text")
        return value


class _NoText(Exception):
    """A secret without text."""


def _words(error: Exception) -> str:
    """What an error says, unless it may say the secret: that of a parser shows what it could not read."""
    from botocore.exceptions import BotoCoreError, ClientError

    return str(error) if isinstance(error, BotoCoreError | ClientError | _NoText) else "its words are left out"


def secrets_client(region: str | None) -> "SecretsManagerClient":
    """A client that answers within about a second or fails. Raises BotoCoreError, e.g. for want of a region."""
    from botocore.config import Config

    from services.adapters.aws import make_client

    config = Config(
        connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"mode": "standard", "total_max_attempts": 2}
    )
    return make_client("secretsmanager", region, config)  # type: ignore[no-any-return]
