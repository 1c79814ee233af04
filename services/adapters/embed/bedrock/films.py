"""The texts of films by Bedrock: as many at once as it takes, slower while it throttles, until it takes none."""

import random
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from services.adapters.embed.bedrock.client import BedrockClient
from services.adapters.embed.bedrock.failures import BedrockFailure
from services.adapters.embed.bedrock.models import Use
from services.recommender.ports import Deadline

CALL_S = 30.0
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 20.0
# A call that failed so often in a row, with pauses that double, has waited for some two minutes.
TRIES = 10
# A pause that worked is shortened by this at each success, until it is not worth a pause.
_EASING = 0.9
_LEAST_PAUSE_S = 0.01


class Pace:
    """The pause before each call, shared by all threads: doubled when Bedrock throttles, eased when it answers."""

    def __init__(self) -> None:
        self.pause_s = 0.0
        self._lock = threading.Lock()

    def slower(self) -> None:
        """Bedrock asked for fewer calls."""
        with self._lock:
            self.pause_s = min(max(2 * self.pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)

    def faster(self) -> None:
        """Bedrock answered."""
        with self._lock:
            self.pause_s = self.pause_s * _EASING if self.pause_s > _LEAST_PAUSE_S else 0.0


class BedrockFilms:
    """The encoder of films, for a build: patient, and paced for all its threads together. ``at_once``: from how many
    threads it is best asked. ``sleep`` takes seconds.
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
        deadline: Deadline | None = None,  # noqa: ARG002 - of requests; a build is patient
    ) -> NDArray[np.float32]:
        """float32[len(texts), dims], unit length. Raises EncoderUnavailable once a text was refused, or tried in vain
        as often as it is tried. ``deadline`` is of requests, and nobody waits for a build.
        """
        return np.array([self._one(text) for text in texts], np.float32).reshape(len(texts), self.dims)

    def _one(self, text: str) -> NDArray[np.float32]:
        for tried in range(1, self._tries + 1):
            self._wait(self.pace.pause_s)
            try:
                vector = self._client.vector(text, Use.FILM, CALL_S)
            except BedrockFailure as failure:
                if not failure.passing or tried == self._tries:
                    raise
                if failure.throttled:
                    self.pace.slower()
                else:
                    self._wait(min(FIRST_PAUSE_S * 2**tried, LONGEST_PAUSE_S))
            else:
                self.pace.faster()
                return vector
        raise BedrockFailure(f"{self.encoder_id}: was not asked")  # pragma: no cover - a last try returns or raises

    def _wait(self, seconds: float) -> None:
        if seconds:
            # Threads that wait for as long would all come back at once.
            self._sleep(seconds * random.uniform(0.5, 1.0))  # noqa: S311 - nothing is secret about a pause
