"""Run a real `marquee serve` in a process of its own, and build home folders with the sample catalogue."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2

from tests.patience import LONGEST_MS, PATIENCE_S, wait_for

MARQUEE = Path(sys.executable).with_name("marquee")


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a process: without the developer's settings, and with the longest request deadline."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    settings = {"MARQUEE_HOME": str(home), "OPENBLAS_NUM_THREADS": "1", "REQUEST_DEADLINE_MS": str(LONGEST_MS)}
    return inherited | settings | dict(extra or {})


def marquee(home: Path, *arguments: str, env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run one command to its end."""
    return subprocess.run(
        [str(MARQUEE), *arguments],
        cwd=home,
        env=environment(home, env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def build_sample(home: Path, *arguments: str, encoder: str = "none") -> str:
    """Build the sample catalogue and return the version."""
    home.mkdir(parents=True, exist_ok=True)
    before = set(bundles(home))
    done = marquee(home, "build", "--encoder", encoder, *arguments)
    assert done.returncode == 0, done.stderr
    (version,) = set(bundles(home)) - before
    return version


def bundles(home: Path) -> list[str]:
    folder = home / "bundles"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def damage(home: Path, version: str, name: str = "popularity.npy") -> None:
    """Truncate a file of a bundle."""
    path = home / "bundles" / version / name
    path.write_bytes(path.read_bytes()[:-10])


class Served:
    """A running server, used as a context manager. ``log``: its log so far; ``program``: the command run as marquee."""

    def __init__(
        self,
        home: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        verb: str = "serve",
        program: Sequence[str] = (str(MARQUEE),),
    ) -> None:
        self.home = home
        self._log = home / f"server-{time.monotonic_ns()}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*program, verb, "--port", "0", *arguments],
                cwd=home,
                env=environment(home, env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        try:
            wait_for(lambda: "Marquee serves" in self.log or self.process.poll() is not None, "the server")
            assert self.process.poll() is None, self.log
        except BaseException:
            self.kill()
            raise
        line = next(line for line in self.log.splitlines() if "Marquee serves" in line)
        self.url = next(word for word in line.split() if word.startswith("http://"))
        self.client = httpx2.Client(base_url=self.url, timeout=PATIENCE_S)

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.kill()

    def stop(self) -> int:
        """Terminate the server and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._ended()

    def kill(self) -> None:
        """Kill the server and its workers with SIGKILL; it leads a process group of its own."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self._ended()

    def _ended(self) -> int:
        wait_for(lambda: self.process.poll() is not None, "the server to end")
        return self.process.wait()

    def recommend(self, **body: Any) -> dict[str, Any]:
        answer = self.client.post("/recommend", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def feedback(self, user_id: str, item_id: str, event: str = "like", **more: Any) -> dict[str, Any]:
        answer = self.client.post("/feedback", json={"user_id": user_id, "item_id": item_id, "event": event, **more})
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def export(self, user_id: str) -> dict[str, Any]:
        answer = self.client.get(f"/users/{user_id}/export")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def ids(answer: Mapping[str, Any]) -> list[str]:
    return [item["item_id"] for item in answer["items"]]


def copy_home(sample: Path, target: Path) -> Path:
    """Copy a home with its bundles but without its state."""
    return Path(shutil.copytree(sample, target, ignore=shutil.ignore_patterns("state.db*", "*.log", "features")))
