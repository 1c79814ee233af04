"""The one place where exceptions of libraries become ours: whatever a store answers that nobody can read is an outage.

A client library, a parser or our own reading of an answer may raise anything at all over bytes that nobody foresaw:
``KeyError``, ``RecursionError``, ``MemoryError``. To the caller that is a dependency that did not answer.
"""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.recommender.errors import MarqueeError

_log = logging.getLogger(__name__)


@contextmanager
def translated(unavailable: Callable[[str], MarqueeError], what: str, *own: type[Exception]) -> Iterator[None]:
    """Raise ``unavailable``'s error, with ``what`` in its message, for every exception but ours and those of ``own``.

    Also a decorator. The log gets the way there, not the words: they may be a person's.
    """
    passing: tuple[type[Exception], ...] = (MarqueeError, *own)
    try:
        yield
    except passing:
        raise
    except Exception as error:
        kind = type(error).__name__
        _log.error("%s: unexpected %s\n%s", what, kind, frames_of(error))
        raise unavailable(f"{what} can't be read ({kind}); the log says where") from error


def frames_of(error: BaseException) -> str:
    """The way to an exception and to those that caused it, innermost cause first, without their messages."""
    before = error.__cause__ or error.__context__
    caused = f"{frames_of(before)}{type(before).__name__}, and then\n" if before is not None else ""
    return caused + "".join(traceback.format_tb(error.__traceback__, limit=-_FRAMES))


# Of a recursion without end the last ones are enough.
_FRAMES = 40
