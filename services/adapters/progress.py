"""Progress of a long transfer or job, as reported to its caller."""

from collections.abc import Callable

OnProgress = Callable[[int, int], None]
"""Receives the number of units done, such as files or texts, and of all."""


def quiet(done: int, total: int) -> None:
    """Report nothing."""
