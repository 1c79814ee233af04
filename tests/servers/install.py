"""Unpacks the servers of ``pom.xml`` into ``.tools/servers``: once, whole or not at all.

Maven fetches them, about 270 MB, from the repositories that a developer's Maven is configured with.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.patience import DOWNLOAD_S
from tests.servers.access import let_anyone_read
from tests.servers.errors import CannotRun
from tests.servers.java import Jdk, find_jdk
from tests.servers.locks import locked

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / ".tools/servers"
SOURCES = (HERE / "pom.xml", HERE / "LoopbackDynamoDb.java")


@dataclass(frozen=True)
class Installed:
    """Where the servers are, and the JDK to run them with."""

    folder: Path
    jdk: Jdk

    @property
    def opensearch(self) -> Path:
        return next(self.folder.glob("opensearch-*"))

    @property
    def dynamodb(self) -> Path:
        return self.folder / "dynamodb"


def install(folder: Path = FOLDER, jdk: Jdk | None = None) -> Installed:
    """Install the servers if needed. Several processes may call it at once: one installs, the others wait.

    Raises CannotRun if there is no JDK, no Maven, or Maven can't fetch the archives.
    """
    jdk = jdk or find_jdk()
    target = folder / fingerprint()
    if not target.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / ".lock"):
            if not target.is_dir():
                unpack(target, jdk)
    return Installed(target, jdk)


def fingerprint() -> str:
    """A hash of the content: another version or another main class gets another folder."""
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in SOURCES)).hexdigest()[:12]


def unpack(target: Path, jdk: Jdk) -> None:
    """Fetch, unpack and compile next to the target, then rename. Earlier versions stay: they may be running."""
    for broken in target.parent.glob("new-*"):
        shutil.rmtree(broken)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="new-") as new:
        servers = Path(new) / "servers"
        servers.mkdir()
        fetch(servers, jdk)
        classes = servers / "dynamodb/classes"
        run([jdk.javac, "-cp", f"{servers}/dynamodb/lib/*", "-d", str(classes), str(SOURCES[1])], "javac", os.environ)
        let_anyone_read(servers)
        servers.rename(target)


def fetch(folder: Path, jdk: Jdk) -> None:
    """Let Maven unpack the archives into a folder."""
    maven = shutil.which("mvn")
    if maven is None:
        raise CannotRun("the servers come from Maven Central, and mvn is not on PATH: install Apache Maven")
    # If Maven finds a Java itself, it keeps that one: its certificates and settings may belong to it.
    java = {} if "JAVA_HOME" in os.environ or shutil.which("java") else {"JAVA_HOME": str(jdk.home)}
    command = [maven, "-B", "-q", "-f", str(HERE / "pom.xml"), f"-Dservers.folder={folder}", "generate-resources"]
    run(command, "Maven", os.environ | java)


def run(command: list[str], name: str, environment: Mapping[str, str]) -> None:
    """Run a tool to its end. Raises CannotRun with the first lines of its output."""
    try:
        subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DOWNLOAD_S,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        output = str(error.stdout or "").strip().splitlines()[:6]
        raise CannotRun(f"{name} could not install the servers: {error}. Its output:\n" + "\n".join(output)) from error
