"""``marquee up --rebuild``: periodic builds from files and feedback, in a separate process."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from services.cli.console import ExitCode, Output

if TYPE_CHECKING:
    from services.settings import Settings

_ENTRY = "from services.cli.main import run; run()"


class Rebuild(StrEnum):
    """Rebuild interval."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"

    @property
    def seconds(self) -> float:
        """Seconds between two builds."""
        return {"hourly": 3_600.0, "daily": 86_400.0, "weekly": 604_800.0}[self.value]


@contextmanager
def rebuilding(
    settings: "Settings",
    arguments: Sequence[str],
    rebuild: Rebuild | None,
    output: Output,
    pause_s: float | None = None,
) -> Iterator[None]:
    """Run `marquee build` with these arguments periodically until the end of the block.

    A failed build is reported, and the previous bundle is still served. ``pause_s`` overrides the interval.
    """
    if rebuild is None:
        yield
        return
    builder = _Builder(settings, arguments, rebuild.seconds if pause_s is None else pause_s, output)
    thread = threading.Thread(target=builder.run, name="rebuild", daemon=True)
    thread.start()
    try:
        yield
    finally:
        builder.stop()
        thread.join()


class _Builder:
    """Build loop, and the build it is running."""

    def __init__(self, settings: "Settings", arguments: Sequence[str], pause_s: float, output: Output) -> None:
        self._command = [sys.executable, "-c", _ENTRY, "build", *arguments]
        self._home = str(settings.marquee_home.resolve())
        self._pause_s = pause_s
        self._output = output
        self._end = threading.Event()
        self._running: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def run(self) -> None:
        """Build after each pause."""
        while not self._end.wait(self._pause_s):
            self._build()

    def stop(self) -> None:
        """Stop building and terminate a running build; it leaves nothing, as bundles appear complete or not at all."""
        with self._lock:
            self._end.set()
            running = self._running
        if running is not None:
            running.terminate()

    def _build(self) -> None:
        with self._lock:
            if self._end.is_set():
                return
            self._running = subprocess.Popen(  # noqa: S603 - our own command line
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env={**os.environ, "MARQUEE_HOME": self._home},
            )  # fmt: skip
        stdout, stderr = self._running.communicate()
        with self._lock:
            code, self._running = self._running.returncode, None
        if self._end.is_set():
            return
        if code == ExitCode.OK:
            first = next((line for line in stdout.splitlines() if line.startswith("bundle")), "done")
            self._output.say(f"Rebuilt from the files and the feedback: {first}.")
        else:
            last = stderr.strip().splitlines()[-1:] or [f"exit code {code}"]
            self._output.say(f"The rebuild failed; still serving the previous bundle: {last[0]}")
