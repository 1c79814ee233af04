"""A server that is a line of shell, to test how servers are run without waiting for a real one."""

from pathlib import Path

from tests.servers.install import Installed
from tests.servers.java import Jdk
from tests.servers.server import Server

NOWHERE = Installed(Path("/none"), Jdk(Path("/none"), 0))
GOOD = "echo ready {port}; exec sleep 600"


class Scripted(Server):
    """Runs a script; ready once the script prints so. If it may choose its port, it prints 4321."""

    name = "scripted"
    starts = 0

    def __init__(self, log: Path, script: str = GOOD) -> None:
        super().__init__(log, installed=NOWHERE)
        self.script = script

    def command(self) -> list[str]:
        self.starts += 1
        return ["/bin/sh", "-c", self.script.format(port=self.port or 4321)]

    def listening(self) -> int | None:
        words = self.log.read_text().split()
        return int(words[1]) if words[:1] == ["ready"] else None
