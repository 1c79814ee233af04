"""Runs a server for an owner and ends it when the owner is gone, be it by ``kill -9``.

    python guard.py FOLDER COMMAND...

The owner holds a lock on ``FOLDER/owner`` for as long as it lives. SIGTERM ends the server and leaves the folder; when
the owner is gone, the folder goes with the server. A script of its own, without imports from here: it starts in 20 ms.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

STUBBORN_S = 60.0
NOBODY = 65534


def main(folder: Path, command: list[str]) -> int:
    """Run the server to its end. Returns its exit status."""
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "DDB_LOCAL_TELEMETRY": "0"}
    user, groups = (NOBODY, ()) if os.geteuid() == 0 else (None, None)
    asked, orphaned = threading.Event(), threading.Event()
    # Before the server is there: a signal that comes between the two must not leave it alone.
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    server = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, user=user, group=user, extra_groups=groups
    )
    threading.Thread(target=wait_for_owner, args=(folder, orphaned, asked), daemon=True).start()
    threading.Thread(target=wait_to_end, args=(server, asked), daemon=True).start()
    status = server.wait()
    if orphaned.is_set():
        shutil.rmtree(folder, ignore_errors=True)
    return int(status)


def wait_for_owner(folder: Path, orphaned: threading.Event, asked: threading.Event) -> None:
    """Returns when the owner is gone: only then is its lock free."""
    with (folder / "owner").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
    orphaned.set()
    asked.set()


def wait_to_end(server: "subprocess.Popen[bytes]", asked: threading.Event) -> None:
    """End the server when somebody asks for it."""
    asked.wait()
    end(server)


def end(server: "subprocess.Popen[bytes]", patience: float = STUBBORN_S) -> None:
    """Ask the server to end, and insist after ``patience`` seconds."""
    server.terminate()
    insist = threading.Timer(patience, server.kill)
    insist.daemon = True
    insist.start()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
