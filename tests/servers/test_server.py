"""How a server is started, stopped and got rid of, whatever happens to the process that started it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import HASTE_S, wait_for
from tests.servers import guard
from tests.servers.errors import DidNotStart
from tests.servers.scripted import Scripted

ROOT = Path(__file__).resolve().parents[2]
OWNER = """
import sys
from pathlib import Path
from tests.servers.scripted import Scripted

server = Scripted(Path(sys.argv[1]), "echo ready 1; echo $$ > child; exec sleep 600")
server.start()
print(server.folder, flush=True)
sys.stdin.read()
"""


def processes_of(folder: Path) -> list[str]:
    """Processes whose command line or working folder is this one."""
    listing = subprocess.run(["ps", "-ewwo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if str(folder) in line]


def exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_server_keeps_its_port_and_its_data_over_a_restart(tmp_path: Path) -> None:
    with Scripted(tmp_path / "log") as server:
        (server.folder / "data").touch()
        assert server.url == "http://127.0.0.1:4321"
        server.port = 4322
        server.stop()
        assert not server.running
        server.start()
        assert server.running
        assert server.port == 4322
        assert (server.folder / "data").exists()


def test_starting_a_running_server_does_nothing_and_a_dead_one_is_started(tmp_path: Path) -> None:
    with Scripted(tmp_path / "log", "echo ready 1; read forever < fifo || exec sleep 600") as server:
        assert server.start().starts == 1
        server.stop()
        server.stop()
        assert server.start().starts == 2


def test_a_closed_server_leaves_its_log_and_nothing_else(tmp_path: Path) -> None:
    with Scripted(tmp_path / "logs/server.log") as server:
        assert processes_of(server.folder)
    assert not processes_of(server.folder)
    assert not server.folder.exists()
    assert server.log.read_text() == "ready 4321\n"


def test_a_server_that_exits_at_once_shows_the_end_of_its_log(tmp_path: Path) -> None:
    server = Scripted(tmp_path / "log", "seq 100; echo no heap >&2; exit 3")
    with (
        pytest.raises(DidNotStart, match=r"(?s)scripted ended while it started; the end of .*log:\n72\n.*no heap"),
        server,
    ):
        pass
    assert not server.folder.exists()


def test_a_silent_server_times_out_and_is_stopped(tmp_path: Path) -> None:
    class Impatient(Scripted):
        """Waits no longer once it was said hello."""

        def listening(self) -> int | None:
            if self.log.read_text() == "hello\n":
                self.patience = 0.0
            return None

    server = Impatient(tmp_path / "log", "echo hello; exec sleep 600")
    with pytest.raises(DidNotStart, match=r"(?s)did not answer within 0 s.*hello"), server:
        pass
    assert not processes_of(server.folder)


def test_server_and_folder_are_removed_when_the_owner_is_killed(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "log")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdin
    assert owner.stdout
    with owner.stdin, owner.stdout:
        folder = Path(owner.stdout.readline().strip())
        child = int((folder / "child").read_text())
        assert exists(child)
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    wait_for(lambda: not (exists(child) or folder.exists() or processes_of(folder)), "the server to end")


def test_a_stubborn_server_is_killed_after_a_while() -> None:
    command = ["/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout
        assert server.stdout.readline() == b"deaf\n"
        guard.end(server, patience=HASTE_S)
        try:
            wait_for(lambda: server.poll() is not None, "the kill")
            assert server.returncode == -signal.SIGKILL
        finally:
            server.kill()


def test_the_guard_passes_the_servers_exit_status_on(tmp_path: Path) -> None:
    with Scripted(tmp_path / "log") as server:
        (server.folder / "owner").touch()
        done = subprocess.run(
            [sys.executable, "-I", "-S", guard.__file__, str(server.folder), "/bin/sh", "-c", "exit 7"], check=False
        )
    assert done.returncode == 7


def test_root_runs_a_copy_of_unreadable_programs(open_folder: Path, tmp_path: Path) -> None:
    program = open_folder / "closed/program"
    program.mkdir(parents=True)
    (program / "jar").touch()
    with Scripted(tmp_path / "log") as server:
        assert server.home(open_folder) == open_folder
        program.parent.chmod(0o700)
        expected = server.folder / "program" if os.geteuid() == 0 else program
        assert server.home(program) == expected
        assert (expected / "jar").exists()
        assert server.home(program) == expected
