"""Execution of blocking work: in the event loop, or in a bounded thread pool so that ``/health/live`` never stalls."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from services.recommender.errors import Overloaded
from services.recommender.ports import SecretPort

P = ParamSpec("P")
T = TypeVar("T")
MAX_WAITING = 128


class Pool:
    """``workers`` threads and a short queue; when it is full, callers are rejected instead of waiting."""

    def __init__(self, name: str, workers: int) -> None:
        self._name = name
        self._workers = workers
        self._threads: ThreadPoolExecutor | None = None
        self._busy = 0

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the call in a thread and return its result. Raises Overloaded when the queue is full."""
        if self._busy >= self._workers + MAX_WAITING:
            raise Overloaded(f"too many requests are waiting for {self._name}; try again in a second")
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._workers)
        # Keep the request's context, in which spans are recorded.
        future = self._threads.submit(partial(copy_context().run, partial(call, *args, **kwargs)))
        # Freed when the thread finishes, not when the client disconnects: a cancelled request still holds its thread.
        loop = asyncio.get_running_loop()
        self._busy += 1
        future.add_done_callback(lambda _: self._free(loop))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Wait for running calls and stop the threads; the next call starts new ones."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=True, cancel_futures=True)

    def _free(self, loop: asyncio.AbstractEventLoop) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        self._busy -= 1


class Runner:
    """``compute`` runs recommender calls (in the loop if ``inline``), ``blocking`` runs calls that wait for I/O or
    locks.
    """

    def __init__(self, *, inline: bool, workers: int) -> None:
        self._answers = None if inline else Pool("answers", workers)
        self._blocking = Pool("the store", workers)

    async def compute(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a recommender call."""
        if self._answers is None:
            return call(*args, **kwargs)
        return await self._answers.run(call, *args, **kwargs)

    async def blocking(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a call that may block."""
        return await self._blocking.run(call, *args, **kwargs)

    async def secret(self, kept: SecretPort) -> tuple[str, ...]:
        """Return a secret's values; read them in a thread unless cached. Raises SecretUnavailable."""
        return kept() if kept.is_at_hand else await self.blocking(kept)

    def close(self) -> None:
        """Stop the threads."""
        for pool in (self._answers, self._blocking):
            if pool is not None:
                pool.close()
