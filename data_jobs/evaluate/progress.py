"""Report progress while items are processed one by one."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from data_jobs.report import Progress

T = TypeVar("T")


def tracked(items: Sequence[T], step: str, progress: Progress, every: int = 25) -> Iterator[T]:
    """Yield the items, and report progress after each ``every`` of them and after the last."""
    for done, item in enumerate(items, 1):
        yield item
        if done % every == 0 or done == len(items):
            progress.advance(step, done, len(items))
