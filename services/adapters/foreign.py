"""Translation of library exceptions to ours: anything unreadable from a store counts as an outage.

A client library, a parser or our own code may raise anything over unexpected bytes: ``KeyError``, ``RecursionError``,
``MemoryError``. For the caller, the dependency then failed to respond.
"""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.recommender.errors import MarqueeError

_log = logging.getLogger(__name__)


@contextmanager
def translated(unavailable: Callable[[str], MarqueeError], what: str, *own: type[Exception]) -> Iterator[None]:
    """Raise the error of ``unavailable``, with ``what`` in its message, for every exception except ours and ``own``.

    A context manager, and a decorator that any threads may share. The log gets the stack, not the messages, which may
    contain a person's data.
    """
    passing: tuple[type[Exception], ...] = (MarqueeError, *own)
    try:
        yield
    except passing:
        raise
    except Exception as error:
        name = type(error).__name__
        _log.error("%s: unexpected %s\n%s", what, name, frames_of(error))
        raise unavailable(f"{what} cannot be read ({name}); see the log") from error


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
