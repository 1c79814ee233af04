"""The one place where exceptions of libraries become ours: whatever a store answers that nobody can read is an outage.

A client library, a parser or our own reading of an answer may raise anything at all over bytes that nobody foresaw:
``KeyError``, ``RecursionError``, ``MemoryError``. To the caller that is a dependency that did not answer.
"""

import logging
import traceback
from collections.abc import Callable
from contextlib import ContextDecorator
from types import TracebackType

from services.recommender.errors import MarqueeError

_log = logging.getLogger(__name__)


class translated(ContextDecorator):  # noqa: N801 - read as a word in a `with`, like those of contextlib
    """Raise ``unavailable``'s error, with ``what`` in its message, for every exception but ours and those of ``own``.

    A context, also of several threads at once, and a decorator. The log gets the way there, not the words: they may be
    a person's.
    """

    def __init__(self, unavailable: Callable[[str], MarqueeError], what: str, *own: type[Exception]) -> None:
        self._unavailable = unavailable
        self._what = what
        self._passing: tuple[type[Exception], ...] = (MarqueeError, *own)

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Translate what was raised."""
        if not isinstance(error, Exception) or isinstance(error, self._passing):
            return
        name = type(error).__name__
        _log.error("%s: unexpected %s\n%s", self._what, name, frames_of(error))
        raise self._unavailable(f"{self._what} can't be read ({name}); the log says where") from error


def frames_of(error: BaseException) -> str:
    """The way to an exception and to those that caused it, innermost cause first, without their messages."""
    before = error.__cause__ or error.__context__
    caused = f"{frames_of(before)}{type(before).__name__}, and then\n" if before is not None else ""
    return caused + "".join(traceback.format_tb(error.__traceback__, limit=-_FRAMES))


# Of a recursion without end the last ones are enough.
_FRAMES = 40


def is_caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    """Whether an error came from another, however far back."""
    for _ in range(_FAR):
        if error is None or isinstance(error, kind):
            break
        error = error.__cause__ or error.__context__
    return isinstance(error, kind)


_FAR = 10
