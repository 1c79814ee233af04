"""`marquee serve` in a process of its own, on an ephemeral port of this machine, and what it uses."""

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from data_jobs.bench.client import Connection
from data_jobs.bench.mix import get
from services.recommender.errors import Unavailable

START_S = 60.0
_STOP_S = 15.0
_POLL_S = 0.002
_HOST = "127.0.0.1"
_SERVES = re.compile(rb"Marquee serves .* on http://127\.0\.0\.1:(\d+) ")
# Not by the name of a script: the environment may have none on its path.
_COMMAND = (sys.executable, "-c", "from services.cli.main import run; run()", "serve", "--host", _HOST, "--port", "0")
# Nothing of the developer's own settings reaches the process.
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "OPENBLAS_NUM_THREADS", "EMBEDDER_DIR")


class Served:
    """A running server over ``home``, stopped at the end of the block whatever happens.

    ``started_s``: from the start of the process to its first healthy answer. Raises Unavailable if that takes more
    than a minute or the process ends, with what it said.
    """

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self._home = home
        self._environment = dict(environment or {})
        self.port = 0
        self.started_s = 0.0
        self._cpu_clock: int | None = None

    def __enter__(self) -> Self:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        own = {"MARQUEE_HOME": str(self._home), "OPENBLAS_NUM_THREADS": "1"}
        begun = time.perf_counter()
        self._said = self._home / "server.log"
        with self._said.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                _COMMAND,
                cwd=self._home,
                env=own | kept | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        try:
            self.port = self._wait(begun + START_S)
            with self.connect() as connection:
                connection.ask(get("/health/ready"))
        except BaseException:
            self._stop()
            raise
        self.started_s = time.perf_counter() - begun
        self._cpu_clock = cpu_clock(self.pid)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def pid(self) -> int:
        """The server process; it serves itself, there are no workers."""
        return self._process.pid

    def connect(self) -> Connection:
        """A new connection."""
        return Connection(_HOST, self.port)

    def cpu_s(self) -> float | None:
        """CPU seconds used so far, to the nanosecond, by all threads, those that ended too; None where the system
        doesn't tell or the process is gone.
        """
        if self._cpu_clock is None:
            return None
        try:
            return time.clock_gettime_ns(self._cpu_clock) / 1e9
        except OSError:
            return None

    def memory_mb(self) -> dict[str, float]:
        """Resident MB now: ``rss`` with mapped pages, of which ``mapped``; ``pss`` (shared pages by their share) if
        it can be read; ``peak``. Empty where /proc is not there.
        """
        status = _kilobytes(Path(f"/proc/{self.pid}/status"))
        rollup = _kilobytes(Path(f"/proc/{self.pid}/smaps_rollup"))
        names = {"rss": "VmRSS", "mapped": "RssFile", "peak": "VmHWM"}
        found = {name: status[field] for name, field in names.items() if field in status}
        if "Pss" in rollup:
            found["pss"] = rollup["Pss"]
        return {name: round(kilobytes / 1_000 * 1.024, 1) for name, kilobytes in found.items()}

    def _wait(self, until: float) -> int:
        """The port, once the server says it is up."""
        while time.perf_counter() < until:
            if match := _SERVES.search(self._said.read_bytes()):
                return int(match[1])
            if self._process.poll() is not None:
                raise Unavailable(f"the server ended with code {self._process.returncode}: {self._last_words()}")
            time.sleep(_POLL_S)
        raise Unavailable(f"the server was not up after {START_S:.0f} s: {self._last_words()}")

    def _last_words(self) -> str:
        return self._said.read_text(encoding="utf-8", errors="replace").strip()[-500:] or "it said nothing"

    def _stop(self) -> None:
        """Ask it to end; kill it with all it started if it does not."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_STOP_S)


def cpu_clock(pid: int) -> int | None:
    """The clock of a process's CPU time, for ``time.clock_gettime_ns``; None for no such process, or where the system
    has no such clocks. A tenth of the cost of /proc, and it counts what a thread that runs right now has used.

    Source: POSIX.1-2024, clock_getcpuclockid.
    """
    found = ctypes.c_int()
    try:
        failure = ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(found))
    except (AttributeError, OSError, TypeError):
        return None
    return None if failure else found.value


def _kilobytes(path: Path) -> dict[str, float]:
    """The ``Name: 123 kB`` lines of a file of /proc."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    split = [line.replace(":", " ").split() for line in lines]
    return {words[0]: float(words[1]) for words in split if len(words) == 3 and words[2] == "kB"}
