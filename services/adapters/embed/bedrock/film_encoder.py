"""Bulk encoding of film texts by Bedrock, with shared pacing under throttling and limited retries."""

import random
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from services.adapters.embed.bedrock.bedrock_client import BedrockClient
from services.adapters.embed.bedrock.bedrock_failures import BedrockFailure
from services.adapters.embed.bedrock.embedding_models import Use
from services.recommender.ports import Deadline

CALL_S = 30.0
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 20.0
# With doubling pauses, this many failures in a row take about two minutes.
TRIES = 10
# A pause that worked is shortened by this factor at each success, until it is negligible.
_EASING = 0.9
_LEAST_PAUSE_S = 0.01


class Pace:
    """Pause before each call, shared by all threads: doubled on throttling, reduced on success."""

    def __init__(self) -> None:
        self.pause_s = 0.0
        self._lock = threading.Lock()

    def slower(self) -> None:
        """Increase the pause after throttling."""
        with self._lock:
            self.pause_s = min(max(2 * self.pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)

    def faster(self) -> None:
        """Reduce the pause after a success."""
        with self._lock:
            self.pause_s = self.pause_s * _EASING if self.pause_s > _LEAST_PAUSE_S else 0.0


class BedrockFilms:
    """Encoder of films, for builds: patient, with one pace for all its threads. ``at_once``: recommended number of
    threads. ``sleep`` takes seconds.
    """

    at_once = 8

    def __init__(self, client: BedrockClient, sleep: Callable[[float], None] = time.sleep, tries: int = TRIES) -> None:
        self.model = client.model
        self.encoder_id = client.model.encoder_id
        self.dims = client.model.dims
        self.pace = Pace()
        self._client = client
        self._sleep = sleep
        self._tries = tries

    def encode(
        self,
        texts: Sequence[str],
        deadline: Deadline | None = None,  # noqa: ARG002 - of requests; a build has none
    ) -> NDArray[np.float32]:
        """Return float32[len(texts), dims], unit length. Raises EncoderUnavailable if a text is rejected or all retries
        fail. ``deadline`` is ignored.
        """
        return np.array([self._encode_one(text) for text in texts], np.float32).reshape(len(texts), self.dims)

    def _encode_one(self, text: str) -> NDArray[np.float32]:
        for attempt in range(1, self._tries + 1):
            self._wait(self.pace.pause_s)
            try:
                vector = self._client.vector(text, Use.FILM, CALL_S)
            except BedrockFailure as failure:
                if not failure.transient or attempt == self._tries:
                    raise
                if failure.throttled:
                    self.pace.slower()
                else:
                    self._wait(min(FIRST_PAUSE_S * 2**attempt, LONGEST_PAUSE_S))
            else:
                self.pace.faster()
                return vector
        raise BedrockFailure(f"{self.encoder_id}: was not called")  # pragma: no cover - the last try returns or raises

    def _wait(self, seconds: float) -> None:
        if seconds:
            # Jitter, as threads with equal pauses would all return at once.
            self._sleep(seconds * random.uniform(0.5, 1.0))  # noqa: S311 - nothing is secret about a pause
