"""Check the origin header of a request: called by API Gateway once an hour per value.

API Gateway itself returns 401 for a request without the header, and nothing runs. The service checks the header again,
with the values of the last five minutes, so it refuses an ended value while API Gateway still caches it. Source: API
Gateway developer guide, "Control access to HTTP APIs with AWS Lambda authorizers".
"""

import hmac
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

HEADER = "x-origin-verify"
# As long as the service caches them (services/adapters/secrets.py).
CACHED_S = 300.0
# Pause after a failed read, so that not every request waits for Secrets Manager.
RETRY_S = 5.0
# Reading both stages takes less time than the function's timeout (infra/constructs/guard.py): after a
# read that hangs there is time left to answer with the values read before.
PROMPT = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 1})
# AWS Secrets Manager user guide, "Secret versions". While a secret is rotated, both are valid.
STAGES = ("AWSCURRENT", "AWSPREVIOUS")

Read = Callable[[], Sequence[str]]


class HeaderGuard:
    """``read``: returns the currently valid values. Its errors reach API Gateway, which returns 500 and caches nothing,
    unless values were read before: those stay valid.
    """

    def __init__(self, read: Read, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._values: Sequence[str] = ()
        self._until = float("-inf")

    def allows(self, sent: str) -> bool:
        """Return whether the header's value is valid, compared in constant time."""
        value = sent.encode(errors="replace")
        matches = [hmac.compare_digest(value, valid.encode()) for valid in self._valid_values()]
        return any(matches)

    def _valid_values(self) -> Sequence[str]:
        if self._clock() >= self._until:
            try:
                self._values, self._until = self._read(), self._clock() + CACHED_S
            except Exception:
                if not self._values:
                    raise
                self._until = self._clock() + RETRY_S
        return self._values


def handler(event: Mapping[str, Any], _context: object) -> dict[str, bool]:
    """Return the simple response form of payload 2.0."""
    return {"isAuthorized": guard().allows(str(event.get("headers", {}).get(HEADER, "")))}


@cache
def guard() -> HeaderGuard:
    """Return the guard of this function's environment."""
    return HeaderGuard(lambda: values(boto3.client("secretsmanager", config=PROMPT), os.environ["ORIGIN_SECRET_ARN"]))


def values(client: Any, arn: str) -> list[str]:  # noqa: ANN401 - no types in the function
    """Return the valid values of the secret, the current one first. An empty value is never valid."""
    versions = []
    for stage in STAGES:
        try:
            versions.append(str(client.get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"]))
        except client.exceptions.ResourceNotFoundException:
            # Never rotated yet.
            if stage == STAGES[0]:
                raise
    return [value for value in versions if value]
