"""One server for all processes of a test run, coordinated by file locks only.

The first process that needs a server starts and owns it; the others read its address from a file. Every user holds a
shared lock; the owner stops the server once it gets the lock exclusively, so after the last user. If an owner dies, the
server is stopped (see ``guard.py``); if a user dies, its locks are released.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.errors import DidNotStart
from tests.servers.locks import locked
from tests.servers.server import Server


@contextmanager
def shared(make: Callable[[Path], Server], name: str, folder: Path) -> Iterator[str]:
    """The URL of the run's server. ``make`` gets the path of its log; ``folder`` is the same for the whole run.

    Raises DidNotStart, also if another process tried and failed: trying again would cost minutes per test.
    """
    address = folder / f"{name}.url"
    with (folder / f"{name}.users").open("a") as users:
        with locked(folder / f"{name}.lock"):
            fcntl.flock(users, fcntl.LOCK_SH)
            owned = None if address.exists() else started(make, address)
        try:
            yield address.read_text()
        finally:
            if owned is not None:
                fcntl.flock(users, fcntl.LOCK_EX)
                address.unlink()
                owned.close()


def started(make: Callable[[Path], Server], address: Path) -> Server:
    """Start a server and leave its address, or the reason why it did not start, in a file."""
    failure = address.with_suffix(".failed")
    if failure.exists():
        raise DidNotStart(failure.read_text())
    server = make(address.with_suffix(".log"))
    try:
        address.write_text(server.start().url)
    except BaseException as error:
        server.close()
        failure.write_text(str(error))
        raise
    return server
