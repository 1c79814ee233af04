"""How long the tests wait, said once: how fast a machine is must not decide whether the product is right.

What will come is waited for with ``PATIENCE_S``, so that only a test that hangs runs out, and it says what it waited
for. What never comes, as from a server that is silent until the test lets it speak, is given up after ``HASTE_S``: it
is late on every machine. How long something took is never looked at.
"""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 300.0
HASTE_S = 0.2
# For a program that may fetch hundreds of megabytes first.
DOWNLOAD_S = 1_800.0
# Between two looks.
LOOK_S = 0.02
# A served process takes a minute at most (``services.settings``).
LONGEST_MS = 60_000


def a_moment() -> None:
    """A while for what may go on meanwhile; a test is as right when nothing of it does."""
    time.sleep(HASTE_S)


class OutOfPatience(AssertionError):
    """What was waited for did not come."""


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Look until the condition holds. Raises OutOfPatience, which says what was waited for."""
    eventually(condition, bool, what)


def eventually(make: Callable[[], T], holds: Callable[[T], object], what: str) -> T:
    """Ask again until the answer is as it should be, and return that one. Raises OutOfPatience with the last answer."""
    end = time.monotonic() + PATIENCE_S
    while not holds(made := make()):
        if time.monotonic() >= end:
            last = "" if isinstance(made, bool) else f"; the last that came was {made!r}"
            raise OutOfPatience(f"waited {PATIENCE_S:.0f} s for {what}{last}")
        time.sleep(LOOK_S)
    return made
