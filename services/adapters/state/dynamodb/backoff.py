"""Pauses between the attempts of a call, within its deadline."""

import time

from services.adapters import jitter
from services.recommender.ports import Deadline

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.32
_DOUBLINGS = 4


class Backoff:
    """Pauses within one deadline, with full jitter, so that colliding callers do not collide again.

    Source: AWS Builders' Library, "Timeouts, retries, and backoff with jitter".
    """

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._tries = 0

    def wait(self) -> bool:
        """Sleep for a random time; return False at once if the deadline would pass."""
        longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(self._tries, _DOUBLINGS))
        pause = jitter.between(0, longest)
        self._tries += 1
        if pause >= self._deadline.remaining():
            return False
        time.sleep(pause)
        return True
