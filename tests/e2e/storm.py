"""Many connections at once, repeats sending one request after another, to load quotas, keys and queues."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.patience import PATIENCE_S

CONNECTIONS = 400


@dataclass(frozen=True)
class Reply:
    """A response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Ask:
    """One request."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] | None = None
    body: bytes = b""

    def encoded(self, host: str) -> bytes:
        """The request as bytes of HTTP/1.1."""
        headers = {"Host": host, **(self.headers or {})}
        if self.body:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(self.body))}
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """Read the next response of a connection. Raises IncompleteReadError if it ends early."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status, *lines = head.rstrip().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Reply(int(status.split()[1]), headers, body)


def storm(
    url: str, asks: Callable[[int], Ask], repeats: int = 5, connections: int = CONNECTIONS
) -> Sequence[tuple[int, Reply]]:
    """Send ``asks(number)`` ``repeats`` times on each connection, by number; return (number, reply) pairs."""
    return asyncio.run(asyncio.wait_for(_storm(url, asks, repeats, connections), PATIENCE_S))


async def _storm(url: str, asks: Callable[[int], Ask], repeats: int, connections: int) -> list[tuple[int, Reply]]:
    parts = urlsplit(url)
    opened = await asyncio.gather(*(asyncio.open_connection(parts.hostname, parts.port) for _ in range(connections)))

    async def ask(number: int) -> list[tuple[int, Reply]]:
        reader, writer = opened[number]
        replies = []
        for _ in range(repeats):
            writer.write(asks(number).encoded(parts.netloc))
            await writer.drain()
            replies.append((number, await read_reply(reader)))
        writer.close()
        return replies

    return [
        reply for replies in await asyncio.gather(*(ask(number) for number in range(connections))) for reply in replies
    ]
