"""All time limits of the tests, so that the speed of a machine never decides whether a test passes.

Something that should happen is awaited for up to ``PATIENCE_S``: only a test that hangs reaches this limit, and its
failure says what it waited for. Something that cannot happen, such as an answer from a server that the test keeps
silent, is given up after ``HASTE_S``, which is as good on a slow machine. No test measures how long something took.
"""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 300.0
HASTE_S = 0.2
# For a program that may fetch hundreds of megabytes first.
DOWNLOAD_S = 1_800.0
# Between two polls.
LOOK_S = 0.02
# The longest deadline that the settings accept.
LONGEST_MS = 60_000


def a_moment() -> None:
    """Give other threads time to make progress. The test must be correct even if they make none."""
    time.sleep(HASTE_S)


class OutOfPatience(AssertionError):
    """The awaited condition did not hold in time."""


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Poll until the condition holds. Raises OutOfPatience, which names ``what``."""
    eventually(condition, bool, what)


def eventually(make: Callable[[], T], holds: Callable[[T], object], what: str) -> T:
    """Call ``make`` until ``holds`` accepts its value, and return it. Raises OutOfPatience with the last value."""
    end = time.monotonic() + PATIENCE_S
    while not holds(value := make()):
        if time.monotonic() >= end:
            last = "" if isinstance(value, bool) else f"; the last value was {value!r}"
            raise OutOfPatience(f"waited {PATIENCE_S:.0f} s for {what}{last}")
        time.sleep(LOOK_S)
    return value
