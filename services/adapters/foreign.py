"""Translation of library exceptions to ours: anything unreadable from a store counts as an outage.

A client library, a parser or our own code may raise anything over unexpected bytes: ``KeyError``, ``RecursionError``,
``MemoryError``. For the caller, the dependency then failed to respond.
"""

import logging
import traceback
from collections.abc import Callable
from contextlib import ContextDecorator
from types import TracebackType

from services.recommender.errors import MarqueeError

_log = logging.getLogger(__name__)


class translated(ContextDecorator):  # noqa: N801 - read as a word in a `with`, like those of contextlib
    """Raise the error of ``unavailable``, with ``what`` in its message, for every exception except ours and ``own``.

    A thread-safe context manager and decorator. The log gets the stack, not the messages, which may contain a person's
    data.
    """

    def __init__(self, unavailable: Callable[[str], MarqueeError], what: str, *own: type[Exception]) -> None:
        self._unavailable = unavailable
        self._what = what
        self._passing: tuple[type[Exception], ...] = (MarqueeError, *own)

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Translate the exception, if any."""
        if not isinstance(error, Exception) or isinstance(error, self._passing):
            return
        name = type(error).__name__
        _log.error("%s: unexpected %s\n%s", self._what, name, frames_of(error))
        raise self._unavailable(f"{self._what} cannot be read ({name}); see the log") from error


def frames_of(error: BaseException) -> str:
    """Return the stacks of an exception and its causes, innermost cause first, without their messages."""
    before = error.__cause__ or error.__context__
    caused = f"{frames_of(before)}{type(before).__name__}, and then\n" if before is not None else ""
    return caused + "".join(traceback.format_tb(error.__traceback__, limit=-_FRAMES))


# For endless recursion the last frames suffice.
_FRAMES = 40


def is_caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    """Return whether an error was caused by one of a kind, however indirectly."""
    for _ in range(_MOST_CAUSES):
        if error is None or isinstance(error, kind):
            break
        error = error.__cause__ or error.__context__
    return isinstance(error, kind)


_MOST_CAUSES = 10
