"""Where work runs: in the event loop, or in a bounded pool so that nothing slow ever stalls ``/health/live``."""

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
    """``workers`` threads and a short queue; beyond it callers are told to come back rather than made to wait."""

    def __init__(self, name: str, workers: int) -> None:
        self._name = name
        self._workers = workers
        self._threads: ThreadPoolExecutor | None = None
        self._busy = 0

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of the call, made in a thread. Raises Overloaded when the queue is full."""
        if self._busy >= self._workers + MAX_WAITING:
            raise Overloaded(f"too many requests are waiting for {self._name}; try again in a second")
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._workers)
        # With the request's context, in which its spans are recorded.
        future = self._threads.submit(partial(copy_context().run, partial(call, *args, **kwargs)))
        # Freed when the thread is done, not when the caller goes away: a cancelled request still holds its thread.
        loop = asyncio.get_running_loop()
        self._busy += 1
        future.add_done_callback(lambda _: self._free(loop))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Wait for running calls and end the threads; the next call starts new ones."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=True, cancel_futures=True)

    def _free(self, loop: asyncio.AbstractEventLoop) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        self._busy -= 1


class Runner:
    """``answer`` for questions (in the loop when ``inline``), ``blocking`` for whatever may wait for a disk or lock."""

    def __init__(self, *, inline: bool, workers: int) -> None:
        self._answers = None if inline else Pool("answers", workers)
        self._blocking = Pool("the store", workers)

    async def answer(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask the recommender."""
        if self._answers is None:
            return call(*args, **kwargs)
        return await self._answers.run(call, *args, **kwargs)

    async def blocking(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make a call that may block."""
        return await self._blocking.run(call, *args, **kwargs)

    async def secret(self, kept: SecretPort) -> tuple[str, ...]:
        """The values of a secret; only where somebody must be asked for them, in a thread. Raises SecretUnavailable."""
        return kept() if kept.is_at_hand else await self.blocking(kept)

    def close(self) -> None:
        """End the threads."""
        for pool in (self._answers, self._blocking):
            if pool is not None:
                pool.close()
