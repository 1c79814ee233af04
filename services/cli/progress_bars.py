"""Progress bars by Rich; imported only when stderr is a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Bars:
    """One bar per step, created when the step first reports."""

    def __init__(self, display: Progress) -> None:
        self._display = display
        self._tasks: dict[str, TaskID] = {}

    def advance(self, step: str, done: int, total: int | None) -> None:
        """Show that ``done`` units of ``step`` are complete, of ``total`` if it is known."""
        if step not in self._tasks:
            self._tasks[step] = self._display.add_task(step, total=total)
        self._display.update(self._tasks[step], completed=done, total=total)


@contextmanager
def bars(console: Console | None = None) -> Iterator[Bars]:
    """Show bars on stderr that disappear at the end of the block."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console or Console(stderr=True), transient=True) as display:
        yield Bars(display)
