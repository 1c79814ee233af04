"""A home with a small bundle, built once per run, and the memory of a server."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.e2e.kit import Served, build_sample, copy_home

_MB = 1 << 20


@cache
def _scratch() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="marquee-attack-")


@cache
def sample() -> Path:
    """The home of which all others are copies."""
    home = Path(_scratch().name) / "sample"
    build_sample(home)
    return home


@contextmanager
def new_home() -> Iterator[Path]:
    """Yield a new copy of the home."""
    with tempfile.TemporaryDirectory(dir=_scratch().name) as folder:
        yield copy_home(sample(), Path(folder) / "home")


def resident_mb(server: Served) -> float:
    """Memory of the server and its workers, in MiB."""
    pages = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return sum(_resident(pid) for pid in (server.process.pid, *map(int, pages))) / _MB


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmRSS")), 0)
