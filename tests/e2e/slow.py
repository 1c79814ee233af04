"""Clients that hold connections: open many, send something on each, and look what became of them."""

import asyncio
import socket
from contextlib import suppress
from urllib.parse import urlsplit

from tests.patience import PATIENCE_S

HALF = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


def hold(url: str, many: int, first: bytes = HALF) -> list[socket.socket]:
    """So many connections on which ``first`` was sent and nothing more."""
    parts = urlsplit(url)
    held = []
    for _ in range(many):
        sock = socket.create_connection((str(parts.hostname), parts.port or 80), timeout=PATIENCE_S)
        with suppress(ConnectionError):
            sock.sendall(first)
        held.append(sock)
    return held


def answer_to(url: str, *pieces: bytes) -> bytes:
    """All that comes back on a connection on which these pieces are sent, until the server closes it."""
    parts = urlsplit(url)
    got = b""
    with socket.create_connection((str(parts.hostname), parts.port or 80), timeout=PATIENCE_S) as sock:
        with suppress(ConnectionError):
            for piece in pieces:
                sock.sendall(piece)
        with suppress(ConnectionError):
            while came := sock.recv(1 << 16):
                got += came
    return got


async def trickle(url: str, many: int, seconds: float, every_s: float = 1.0) -> int:
    """``many`` clients, each sending a byte of a header now and then and coming again when it is put out; returns how
    many connections that took.
    """
    parts = urlsplit(url)
    end = asyncio.get_running_loop().time() + seconds
    opened = 0

    async def one() -> None:
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

    await asyncio.gather(*(one() for _ in range(many)))
    return opened
