"""Which worker of a server holds which connection, read from /proc."""

import os
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tests.e2e.kit import Served


def workers_of(server: Served) -> list[int]:
    """Process ids of the workers."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    workers = []
    for pid in map(int, children):
        # A killed worker may disappear between the two reads.
        with suppress(OSError):
            workers += [pid] if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes() else []
    return workers


def worker_of_each(server: Served, ports: Iterable[int]) -> dict[int, int]:
    """The worker that holds the connection from each of these ports of the client."""
    inodes = _inodes(int(server.url.rpartition(":")[2]))
    holders = {inode: pid for pid in workers_of(server) for inode in _sockets(pid)}
    return {port: holders[inodes[port]] for port in ports}


def shares_of(server: Served, ports: Iterable[int]) -> list[int]:
    """The number of these connections that each worker holds, in ascending order."""
    counts = Counter(worker_of_each(server, ports).values())
    return sorted(counts[pid] for pid in workers_of(server))


def _inodes(port: int) -> dict[int, str]:
    """The inode of the server's socket for each port of a client."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = [(int(line[1].rpartition(":")[2], 16), int(line[2].rpartition(":")[2], 16), line[9]) for line in lines]
    return {client: inode for server, client, inode in ends if server == port}


def _sockets(pid: int) -> list[str]:
    links = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            links.append(os.readlink(path))  # noqa: PTH115 - a socket is no path
    return [name[8:-1] for name in links if name.startswith("socket:[")]
