"""A server as a process: started on a loopback port, waited for, stopped, and started again on the same port."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.patience import LOOK_S, PATIENCE_S, wait_for
from tests.servers.access import NOBODY, anyone_can_read, give_to_nobody
from tests.servers.errors import CannotRun, DidNotStart
from tests.servers.install import Installed, install

GUARD = Path(__file__).with_name("guard.py")
TAIL_LINES = 30


class Server(ABC):
    """Base of the servers. Data survive ``stop`` and ``start``; ``close`` removes them, and keeps the log.

    ``log``: the file with the server's output since its last start. ``quick``: compile with C1 only, which halves the
    start; for tests, not for measurements.
    """

    name: str
    patience = PATIENCE_S  # seconds for a start

    def __init__(self, log: Path, *, quick: bool = True, installed: Installed | None = None) -> None:
        self.log = log
        self.port = 0
        self.jit = ["-XX:TieredStopAtLevel=1"] if quick else []
        self._installed = installed or install()
        self._process: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix=f"marquee-{self.name}-")).resolve()
        # Held as long as this object lives: the guard stops the server when the lock is free.
        self._owner = (self.folder / "owner").open("w")
        fcntl.flock(self._owner, fcntl.LOCK_EX)

    @abstractmethod
    def command(self) -> list[str]:
        """The command line, with ``self.port`` (0: any free one)."""

    @abstractmethod
    def listening(self) -> int | None:
        """The port, once the started server answers; None until then."""

    def greet(self) -> None:  # noqa: B027 - not every server needs it
        """Prepare a server that has just started, if needed."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start it unless it runs. Raises DidNotStart."""
        if not self.running:
            self.stop()
            self._launch(self.command())
            self.port = self._wait()
            self.greet()
        return self

    def stop(self) -> None:
        """Stop it and wait until the port is closed."""
        if self._process is not None:
            self._process.terminate()
            wait_for(lambda: not self.running, f"{self.name} to end")
            self._process = None

    def close(self) -> None:
        """Stop it for good and remove its data."""
        self.stop()
        self._owner.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def home(self, installed: Path) -> Path:
        """The program's folder; a copy if the user that the server runs as cannot read root's checkout."""
        if os.geteuid() != 0 or anyone_can_read(installed):
            return installed
        copy = self.folder / "program"
        return copy if copy.exists() else Path(shutil.copytree(installed, copy))

    def _launch(self, command: list[str]) -> None:
        if os.geteuid() == 0:
            if not anyone_can_read(self.folder.parent):
                raise CannotRun(f"root runs the servers as user id {NOBODY}, who can't reach {self.folder}: set TMPDIR")
            give_to_nobody(self.folder)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARD), str(self.folder), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the owner, who stops its servers in order
            )

    def _wait(self) -> int:
        began = time.monotonic()
        while time.monotonic() - began < self.patience:
            port = self.listening()
            if port is not None:
                return port
            if not self.running:
                raise DidNotStart(f"{self.name} ended while it started; {self._tail()}")
            time.sleep(LOOK_S)
        raise DidNotStart(f"{self.name} did not answer within {self.patience:.0f} s; {self._tail()}")

    def _tail(self) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines()[-TAIL_LINES:]
        return f"the end of {self.log}:\n" + "\n".join(lines)
