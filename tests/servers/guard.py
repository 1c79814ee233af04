"""Runs a server for an owner process and stops it when the owner exits, even by ``kill -9``.

    python guard.py FOLDER COMMAND...

The owner holds a lock on ``FOLDER/owner`` for as long as it lives. SIGTERM stops the server and keeps the folder; when
the owner has exited, the folder is deleted, too. A script without imports from this package: it starts in 20 ms.
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
    stop, orphaned = threading.Event(), threading.Event()
    # Before the server starts: a signal in between must still stop it.
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    server = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, user=user, group=user, extra_groups=groups
    )
    threading.Thread(target=wait_for_owner, args=(folder, orphaned, stop), daemon=True).start()
    threading.Thread(target=wait_to_end, args=(server, stop), daemon=True).start()
    status = server.wait()
    if orphaned.is_set():
        shutil.rmtree(folder, ignore_errors=True)
    return int(status)


def wait_for_owner(folder: Path, orphaned: threading.Event, stop: threading.Event) -> None:
    """Return when the owner has exited: only then is its lock free."""
    with (folder / "owner").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
    orphaned.set()
    stop.set()


def wait_to_end(server: "subprocess.Popen[bytes]", stop: threading.Event) -> None:
    """Stop the server on request."""
    stop.wait()
    end(server)


def end(server: "subprocess.Popen[bytes]", patience: float = STUBBORN_S) -> None:
    """Terminate the server, and kill it after ``patience`` seconds."""
    server.terminate()
    insist = threading.Timer(patience, server.kill)
    insist.daemon = True
    insist.start()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
