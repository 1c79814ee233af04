"""Background writes: done by a separate thread, after the response."""

import logging
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

_log = logging.getLogger(__name__)

# More pending writes than this exceed the tables' capacity: further ones are dropped.
WAITING = 100
CLOSE_S = 2.0

Job = Callable[[], None]


class Later(Protocol):
    """Executor of droppable jobs. A job raises nothing."""

    def __call__(self, job: Job) -> None:
        """Run the job, now or later."""
        ...

    def close(self) -> None:
        """Wait briefly for pending jobs."""
        ...


class AtOnce:
    """Runs a job before the call returns, where nothing runs after the response."""

    def __call__(self, job: Job) -> None:
        """Run the job."""
        job()

    def close(self) -> None:
        """Do nothing."""


at_once = AtOnce()


class Behind:
    """Runs jobs in one thread, in order; it starts with the first job, so that a process may fork before."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[Job | None] = queue.Queue(WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, job: Job) -> None:
        """Queue the job, or drop it if the queue is full."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="answers", daemon=True)
                self._thread.start()
        with suppress(queue.Full):
            self._jobs.put_nowait(job)

    def close(self) -> None:
        """Wait briefly for queued jobs."""
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
            except Exception as error:  # noqa: BLE001 - the thread must survive
                # Otherwise nothing would be cached any more, unnoticed.
                _log.error("a response was not cached: unexpected %s", type(error).__name__)
