"""Finds a Java development kit that can run the servers."""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.patience import PATIENCE_S
from tests.servers.access import NOBODY, anyone_can_read
from tests.servers.errors import CannotRun

NEEDED = 21
USUAL_PLACES = (
    "/usr/lib/jvm/*",
    "/opt/java/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "~/.sdkman/candidates/java/*",
)


@dataclass(frozen=True)
class Jdk:
    """A development kit: its folder and its feature version (21, 25)."""

    home: Path
    version: int

    @property
    def java(self) -> str:
        return str(self.home / "bin/java")

    @property
    def javac(self) -> str:
        return str(self.home / "bin/javac")


@functools.cache
def find_jdk() -> Jdk:
    """The first suitable kit: ``JAVA_HOME``, then ``java`` on PATH, then the usual places.

    Raises CannotRun, which names every kit with its fault.
    """
    return first_fit(candidates())


def candidates() -> Iterator[Path]:
    """Folders that may hold a kit, best first; some may not exist."""
    if os.environ.get("JAVA_HOME"):
        yield Path(os.environ["JAVA_HOME"])
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path).resolve().parents[1]
    if Path("/usr/libexec/java_home").exists():
        result = subprocess.run(["/usr/libexec/java_home", "-v", f"{NEEDED}+"], capture_output=True, text=True)
        yield Path(result.stdout.strip() or "/none")
    for pattern in USUAL_PLACES:
        folder, _, rest = str(Path(pattern).expanduser()).partition("*")
        yield from sorted(Path(folder).glob(f"*{rest}"), reverse=True)


def first_fit(homes: Iterable[Path]) -> Jdk:
    """The first suitable kit among these folders. Raises CannotRun if there is none."""
    refused: dict[Path, str] = {}
    for home in map(Path.resolve, homes):
        if home in refused or not (home / "bin/java").exists():
            continue
        version = version_of(home)
        fault = fault_of(home, version)
        if fault is None:
            return Jdk(home, version)
        refused[home] = fault
    faults = "; ".join(f"{home} ({fault})" for home, fault in refused.items()) or "none"
    raise CannotRun(
        f"the servers need a JDK of version {NEEDED} or newer: install one or set JAVA_HOME. Found: {faults}"
    )


def version_of(home: Path) -> int:
    """The feature version printed by ``java -version``; 0 if there is none."""
    try:
        command = [str(home / "bin/java"), "-version"]
        output = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S).stderr
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r'version "(?:1\.)?(\d+)', output)
    return int(match[1]) if match else 0


def fault_of(home: Path, version: int) -> str | None:
    """Why a kit is unsuitable; None if it is not."""
    if version < NEEDED:
        return f"version {version}" if version else "does not run"
    if not (home / "bin/javac").exists():
        return f"version {version} without javac: a JRE, not a JDK"
    if os.geteuid() == 0 and not anyone_can_read(home / "bin/java"):
        return f"version {version}, not readable by user id {NOBODY}, as which root runs the servers"
    return None
