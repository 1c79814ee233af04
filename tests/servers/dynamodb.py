"""DynamoDB Local, Amazon's own."""

import re
from pathlib import Path

from tests.servers.install import Installed
from tests.servers.server import Server


class DynamoDb(Server):
    """DynamoDB Local 2.6.1. Clients need any region and any key. Tables live in memory unless ``on_disk``."""

    name = "dynamodb"

    def __init__(
        self, log: Path, *, quick: bool = True, on_disk: bool = False, installed: Installed | None = None
    ) -> None:
        super().__init__(log, quick=quick, installed=installed)
        self.tables = self.folder / "tables" if on_disk else None
        if self.tables:
            self.tables.mkdir()

    def command(self) -> list[str]:
        """The main class is our ``LoopbackDynamoDb.java``."""
        home = self.home(self._installed.dynamodb)
        return [
            self._installed.jdk.java,
            *("-Xmx256m", "-XX:+UseSerialGC", *self.jit),
            f"-Djava.io.tmpdir={self.folder}",
            f"-Dsqlite4java.library.path={home}/lib",
            *("-cp", f"{home}/classes:{home}/lib/*", "LoopbackDynamoDb", str(self.port)),
            *([str(self.tables)] if self.tables else []),
        ]

    def listening(self) -> int | None:
        """The port, from its line in the log."""
        match = re.search(rb"^listening (\d+)$", self.log.read_bytes(), re.MULTILINE)
        return int(match[1]) if match else None
