"""One server for many users, who come, go and fail in any order."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.patience import HASTE_S, PATIENCE_S, wait_for
from tests.servers.errors import DidNotStart
from tests.servers.scripted import Scripted
from tests.servers.sharing import shared


class Maker:
    """Makes servers and remembers them."""

    def __init__(self, script: str = "echo ready 7; exec sleep 600") -> None:
        self.made: list[Scripted] = []
        self.script = script

    def __call__(self, log: Path) -> Scripted:
        self.made.append(Scripted(log, self.script))
        return self.made[-1]


def test_many_users_at_once_share_one_server(tmp_path: Path) -> None:
    make = Maker()
    all_in = threading.Barrier(8, timeout=PATIENCE_S)

    def use(_: int) -> tuple[str, bool]:
        with shared(make, "one", tmp_path) as url:
            all_in.wait()
            return url, make.made[0].running

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(use, range(8))) == {("http://127.0.0.1:7", True)}
    assert len(make.made) == 1
    assert not make.made[0].running


def test_the_owner_leaves_last(tmp_path: Path) -> None:
    make = Maker()
    owner_in, owner_may_leave = threading.Event(), threading.Event()

    def own() -> None:
        with shared(make, "one", tmp_path):
            owner_in.set()
            wait_for(owner_may_leave.is_set, "leave to go")

    with ThreadPoolExecutor(1) as pool:
        owner = pool.submit(own)
        wait_for(owner_in.is_set, "the owner to come in")
        with shared(make, "one", tmp_path):
            owner_may_leave.set()
            with pytest.raises(TimeoutError):
                owner.result(timeout=HASTE_S)
            assert make.made[0].running
        owner.result()
    assert not make.made[0].running


def test_after_the_last_has_left_the_next_starts_another(tmp_path: Path) -> None:
    make = Maker()
    for _ in range(2):
        with shared(make, "one", tmp_path):
            pass
    assert len(make.made) == 2
    assert not list(tmp_path.glob("*.url"))


def test_a_failed_start_is_not_repeated(tmp_path: Path) -> None:
    make = Maker("echo out of memory; exit 1")
    for _ in range(3):
        with pytest.raises(DidNotStart, match="out of memory"), shared(make, "one", tmp_path):
            pass
    assert len(make.made) == 1
    assert not make.made[0].folder.exists()


def test_an_error_of_a_user_stops_the_server_all_the_same(tmp_path: Path) -> None:
    make = Maker()
    with pytest.raises(ZeroDivisionError), shared(make, "one", tmp_path):
        raise ZeroDivisionError
    assert not make.made[0].running


def test_servers_of_two_names_are_two(tmp_path: Path) -> None:
    make = Maker()
    with shared(make, "one", tmp_path), shared(make, "two", tmp_path):
        assert [server.running for server in make.made] == [True, True]
