"""Run `marquee serve` in its own process on an ephemeral local port, and measure what it uses."""

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

from data_jobs.bench.http_client import HttpConnection
from data_jobs.bench.mix import get
from services.recommender.errors import Unavailable

START_S = 60.0
_STOP_S = 15.0
_POLL_S = 0.002
_HOST = "127.0.0.1"
_SERVES = re.compile(rb"Marquee serves .* on http://127\.0\.0\.1:(\d+) ")
# Not by script name: the environment may not have it on its path.
_COMMAND = (sys.executable, "-c", "from services.cli.main import run; run()", "serve", "--host", _HOST, "--port", "0")
# The developer's own settings must not reach the process.
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "OPENBLAS_NUM_THREADS", "EMBEDDER_DIR")


class RunningServer:
    """A running server over ``home``, stopped at the end of the block in any case.

    ``started_s``: from process start to the first healthy response. Raises Unavailable with the server's output if that
    takes over a minute or the process exits.
    """

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self._home = home
        self._environment = dict(environment or {})
        self.port = 0
        self.started_s = 0.0
        self._cpu_clock: int | None = None

    def __enter__(self) -> Self:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        variables = {"MARQUEE_HOME": str(self._home), "OPENBLAS_NUM_THREADS": "1"}
        start = time.perf_counter()
        self._log = self._home / "server.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                _COMMAND,
                cwd=self._home,
                env=variables | inherited | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        try:
            self.port = self._wait(start + START_S)
            with self.connect() as connection:
                connection.ask(get("/health/ready"))
        except BaseException:
            self._stop()
            raise
        self.started_s = time.perf_counter() - start
        self._cpu_clock = cpu_clock(self.pid)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def pid(self) -> int:
        """Return the server's process id; there are no workers."""
        return self._process.pid

    def connect(self) -> HttpConnection:
        """Open a new connection."""
        return HttpConnection(_HOST, self.port)

    def cpu_s(self) -> float | None:
        """Return the CPU seconds used so far by all threads, including ended ones, to the nanosecond; None if the
        system does not report them or the process has exited.
        """
        if self._cpu_clock is None:
            return None
        try:
            return time.clock_gettime_ns(self._cpu_clock) / 1e9
        except OSError:
            return None

    def memory_mb(self) -> dict[str, float]:
        """Return resident MB now: ``rss`` including mapped pages, of which ``mapped``; ``pss`` (shared pages by share)
        if readable; ``peak``. Empty without /proc.
        """
        status = _kilobytes(Path(f"/proc/{self.pid}/status"))
        rollup = _kilobytes(Path(f"/proc/{self.pid}/smaps_rollup"))
        names = {"rss": "VmRSS", "mapped": "RssFile", "peak": "VmHWM"}
        kilobytes_of = {name: status[field] for name, field in names.items() if field in status}
        if "Pss" in rollup:
            kilobytes_of["pss"] = rollup["Pss"]
        return {name: round(kilobytes / 1_000 * 1.024, 1) for name, kilobytes in kilobytes_of.items()}

    def _wait(self, until: float) -> int:
        """Return the port once the server reports that it is up."""
        while time.perf_counter() < until:
            if match := _SERVES.search(self._log.read_bytes()):
                return int(match[1])
            if self._process.poll() is not None:
                raise Unavailable(f"the server exited with code {self._process.returncode}: {self._log_tail()}")
            time.sleep(_POLL_S)
        raise Unavailable(f"the server did not start within {START_S:.0f} s: {self._log_tail()}")

    def _log_tail(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace").strip()[-500:] or "no output"

    def _stop(self) -> None:
        """Terminate the server, or kill it with all its children if it does not exit."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_STOP_S)


def cpu_clock(pid: int) -> int | None:
    """Return the clock of a process's CPU time for ``time.clock_gettime_ns``; None if there is no such process or no
    such clock. Costs a tenth of reading /proc and includes threads running right now.

    Source: POSIX.1-2024, clock_getcpuclockid.
    """
    clock = ctypes.c_int()
    try:
        failure = ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock))
    except (AttributeError, OSError, TypeError):
        return None
    return None if failure else clock.value


def _kilobytes(path: Path) -> dict[str, float]:
    """Return the ``Name: 123 kB`` lines of a /proc file."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    split = [line.replace(":", " ").split() for line in lines]
    return {words[0]: float(words[1]) for words in split if len(words) == 3 and words[2] == "kB"}
