"""Progress bars by Rich; imported only where somebody watches."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Bars:
    """A bar a step, made when the step is first heard of."""

    def __init__(self, display: Progress) -> None:
        self._display = display
        self._tasks: dict[str, TaskID] = {}

    def advance(self, step: str, done: int, total: int | None) -> None:
        """``done`` units of ``step`` are through, of ``total`` if that is known."""
        if step not in self._tasks:
            self._tasks[step] = self._display.add_task(step, total=total)
        self._display.update(self._tasks[step], completed=done, total=total)


@contextmanager
def bars(console: Console | None = None) -> Iterator[Bars]:
    """Bars on stderr that vanish at the end of the block."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console or Console(stderr=True), transient=True) as display:
        yield Bars(display)
