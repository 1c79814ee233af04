"""Activating a new bundle under load; a damaged one is refused and the old one is served."""

import json
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.e2e.kit import Served, build_sample, bundles, copy_home, damage, marquee
from tests.patience import PATIENCE_S, wait_for


@pytest.fixture(scope="module")
def two_bundles(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A home with an active bundle and a second one of other parameters."""
    home = copy_home(sample_home, tmp_path_factory.mktemp("bundles") / "home")
    (old,) = bundles(home)
    params = home / "params.json"
    params.write_text(json.dumps({"train": {"tag_weight": 1.0}, "weights": {"traits": 0.0}}))
    return home, old, build_sample(home, "--params", str(params), "--no-activate")


@contextmanager
def load(server: Served, seen: Counter[tuple[int, str]], clients: int = 3) -> Iterator[None]:
    """Send requests without a pause; count (status, index version) in ``seen``."""
    stop = threading.Event()

    def send_requests(number: int) -> None:
        with httpx2.Client(base_url=server.url, timeout=PATIENCE_S) as client:
            while not stop.is_set():
                answer = client.post("/recommend", json={"user_id": f"u{number}", "k": 5, "cursor": None})
                seen[answer.status_code, answer.json().get("index_version", "")] += 1

    with ThreadPoolExecutor(clients) as pool:
        jobs: list[Future[None]] = [pool.submit(send_requests, number) for number in range(clients)]
        try:
            yield
        finally:
            stop.set()
        for job in jobs:
            job.result()


def test_swap_and_rollback_under_load(two_bundles: tuple[Path, str, str], tmp_path: Path) -> None:
    home, old, new = copy_home(two_bundles[0], tmp_path / "home"), *two_bundles[1:]
    seen: Counter[tuple[int, str]] = Counter()
    with Served(home, "--workers", "2") as server, load(server, seen):
        wait_for(lambda: seen[200, f"embedded-{old}"] > 20, "answers of the old bundle")
        assert marquee(home, "bundle", "activate", new).returncode == 0
        wait_for(lambda: seen[200, f"embedded-{new}"] > 20, "answers of the new bundle")
        before = seen[200, f"embedded-{old}"]
        assert marquee(home, "bundle", "rollback").returncode == 0
        wait_for(lambda: seen[200, f"embedded-{old}"] > before + 20, "the old bundle again")
    assert {status for status, _ in seen} == {200}


def test_a_cached_answer_is_not_served_from_another_bundle(two_bundles: tuple[Path, str, str], tmp_path: Path) -> None:
    home, new = copy_home(two_bundles[0], tmp_path / "home"), two_bundles[2]
    with Served(home) as server:
        server.recommend(user_id="ann")
        assert server.recommend(user_id="ann")["cached"] is True
        marquee(home, "bundle", "activate", new)
        wait_for(lambda: server.client.get("/version").json()["bundle_version"] == new, "the new bundle")
        assert server.recommend(user_id="ann")["cached"] is False


def test_a_damaged_new_bundle_is_refused_by_activate(two_bundles: tuple[Path, str, str], tmp_path: Path) -> None:
    home, old, new = copy_home(two_bundles[0], tmp_path / "home"), *two_bundles[1:]
    damage(home, new)
    done = marquee(home, "bundle", "activate", new)
    assert done.returncode == 3
    assert "popularity.npy" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads((home / "current.json").read_text())["version"] == old
    verified = marquee(home, "bundle", "verify", new, "--json")
    assert verified.returncode == 3
    assert json.loads(verified.stdout)["exit_code"] == 3
    assert marquee(home, "bundle", "verify").returncode == 0


def test_a_damaged_new_bundle_is_refused_while_serving(two_bundles: tuple[Path, str, str], tmp_path: Path) -> None:
    home, old, new = copy_home(two_bundles[0], tmp_path / "home"), *two_bundles[1:]
    damage(home, new)
    with Served(home) as server:
        server.recommend(k=1)
        # Move the pointer by hand, without the check of `bundle activate`.
        (home / "current.json").write_text(json.dumps({"version": new}))
        wait_for(lambda: bool(server.recommend(k=1)) and "refused" in server.log, "the refusal")
        assert server.recommend(k=1)["index_version"] == f"embedded-{old}"
        shutil.rmtree(home / "bundles" / new)
        assert server.recommend(k=1)["index_version"] == f"embedded-{old}"
