"""Writes that nobody waits for: done by a thread of their own, after the answer."""

import logging
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

_log = logging.getLogger(__name__)

# More than this many waiting is more than the tables take: what comes then is dropped.
WAITING = 100
CLOSE_S = 2.0

Job = Callable[[], None]


class Later(Protocol):
    """When a job is done that may be dropped. A job raises nothing."""

    def __call__(self, job: Job) -> None:
        """Do it, or see that it is done."""
        ...

    def close(self) -> None:
        """Wait a little for what is not done yet."""
        ...


class AtOnce:
    """Before the call returns: where nothing runs once a request is answered."""

    def __call__(self, job: Job) -> None:
        """Do it."""
        job()

    def close(self) -> None:
        """Nothing is left."""


at_once = AtOnce()


class Behind:
    """By one thread, in order; it starts with the first job, so that a process may fork before."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[Job | None] = queue.Queue(WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, job: Job) -> None:
        """Queue it, or drop it where too many wait."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="answers", daemon=True)
                self._thread.start()
        with suppress(queue.Full):
            self._jobs.put_nowait(job)

    def close(self) -> None:
        """Wait a little for what is queued."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is None:
            return
        with suppress(queue.Full):
            self._jobs.put(None, timeout=CLOSE_S)
        thread.join(CLOSE_S)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception as error:  # noqa: BLE001 - the thread must outlive it
                # Else nothing would ever be kept again, and nobody would know.
                _log.error("an answer was not kept: unexpected %s", type(error).__name__)
