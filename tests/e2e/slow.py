"""Slow clients: hold many connections open, send unfinished requests, and read the answers."""

import asyncio
import socket
from contextlib import suppress
from urllib.parse import urlsplit

from tests.patience import PATIENCE_S

HALF = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


def hold(url: str, many: int, first: bytes = HALF) -> list[socket.socket]:
    """Open ``many`` connections and send only ``first`` on each."""
    parts = urlsplit(url)
    connections = []
    for _ in range(many):
        sock = socket.create_connection((str(parts.hostname), parts.port or 80), timeout=PATIENCE_S)
        with suppress(ConnectionError):
            sock.sendall(first)
        connections.append(sock)
    return connections


def answer_to(url: str, *pieces: bytes) -> bytes:
    """Send these pieces on one connection and return all bytes until the server closes it."""
    parts = urlsplit(url)
    received = b""
    with socket.create_connection((str(parts.hostname), parts.port or 80), timeout=PATIENCE_S) as sock:
        with suppress(ConnectionError):
            for piece in pieces:
                sock.sendall(piece)
        with suppress(ConnectionError):
            while chunk := sock.recv(1 << 16):
                received += chunk
    return received


async def trickle(url: str, many: int, seconds: float, every_s: float = 1.0) -> int:
    """Run ``many`` clients that send a byte of a header at intervals and reconnect when they are disconnected; return
    the number of connections opened.
    """
    parts = urlsplit(url)
    end = asyncio.get_running_loop().time() + seconds
    opened = 0

    async def client() -> None:
        nonlocal opened
        while asyncio.get_running_loop().time() < end:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(parts.hostname, parts.port)
                opened += 1
                with suppress(OSError):
                    writer.write(HALF)
                    while asyncio.get_running_loop().time() < end and not writer.transport.is_closing():
                        writer.write(b"a")
                        await writer.drain()
                        await asyncio.sleep(every_s)
                writer.close()
            await asyncio.sleep(every_s)

    await asyncio.gather(*(client() for _ in range(many)))
    return opened
