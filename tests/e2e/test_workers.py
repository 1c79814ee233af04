"""Two worker processes over one state store."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.e2e.kit import Served, copy_home, ids
from tests.patience import PATIENCE_S, wait_for

PEOPLE = ("ann", "ben", "cleo", "dora")


@pytest.fixture(scope="module")
def two(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = copy_home(sample_home, tmp_path_factory.mktemp("two") / "home")
    with Served(home, "--workers", "2") as server:
        yield server


def connection(two: Served) -> httpx2.Client:
    """A connection of its own, so that either process may get it."""
    return httpx2.Client(base_url=two.url, timeout=PATIENCE_S)


def test_no_write_is_lost_between_processes(two: Served) -> None:
    films = ids(two.recommend(k=30))

    def like(part: list[str]) -> None:
        for film in part:
            with connection(two) as client:
                for user in PEOPLE:
                    answer = client.post("/feedback", json={"user_id": user, "item_id": film, "event": "like"})
                    assert answer.status_code == 202, answer.text

    with ThreadPoolExecutor(4) as pool:
        for job in [pool.submit(like, films[start::4]) for start in range(4)]:
            job.result()
    for user in PEOPLE:
        assert sorted(event["item_id"] for event in two.export(user)["events"]) == sorted(films)
        assert not set(ids(two.recommend(user_id=user, k=100))) & set(films)


def test_a_like_in_one_process_is_known_to_the_other(two: Served) -> None:
    for number in range(10):
        user = f"hopper-{number}"
        with connection(two) as one, connection(two) as other:
            film = other.post("/recommend", json={"user_id": user, "k": 1}).json()["items"][0]["item_id"]
            one.post("/feedback", json={"user_id": user, "item_id": film, "event": "like"}).raise_for_status()
            answer = other.post("/recommend", json={"user_id": user, "k": 50}).json()
        assert answer["strategy"] == "personal"
        assert film not in ids(answer)


def test_a_worker_that_dies_is_replaced(two: Served) -> None:
    children = Path(f"/proc/{two.process.pid}/task/{two.process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list child processes")
    workers = [pid for pid in map(int, children.read_text().split()) if _is_worker(pid)]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    wait_for(lambda: len([pid for pid in map(int, children.read_text().split()) if _is_worker(pid)]) == 2, "a new one")
    # Connections to the dead one are gone; new ones are answered.
    for _ in range(6):
        assert httpx2.post(f"{two.url}/recommend", json={"k": 1}, timeout=PATIENCE_S).status_code == 200


def _is_worker(pid: int) -> bool:
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
