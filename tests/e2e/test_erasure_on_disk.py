"""After an erasure, no file contains the person: state, write-ahead log, cache, spools, features, builds, logs."""

import os
import stat
from pathlib import Path

import pytest

from tests.e2e.kit import Served, ids, marquee

PERSON = "erased-person-7f3a91c2"
OTHER = "staying-person-0b44d8ee"
LOUD = {"MARQUEE_ACCESS_LOG": "on", "METRICS": "emf"}


def files_containing(folder: Path, text: str) -> list[str]:
    return [str(path) for path in sorted(folder.rglob("*")) if path.is_file() and text.encode() in path.read_bytes()]


def act_as(server: Served, person: str) -> list[str]:
    """Send every kind of request for a person; return the ids of their recommendations."""
    first = server.recommend(user_id=person, k=5)
    films = ids(first)
    for film in films:
        body = {"user_id": person, "item_id": film, "event": "like", "recommendation_id": first["recommendation_id"]}
        sent = server.client.post("/feedback", json=body, headers={"Idempotency-Key": f"{person}-{film}"})
        assert sent.status_code == 202
    again = [server.recommend(user_id=person, k=5, query="a detective")["recommendation_id"] for _ in range(2)]
    server.export(person)
    # Invalid requests too, since refusals are logged.
    server.client.post("/feedback", json={"user_id": person, "item_id": "no such film", "event": "like"})
    server.client.post("/recommend", json={"user_id": person, "k": 1_000})
    return [first["recommendation_id"], *again]


def test_no_file_contains_an_erased_person(home: Path) -> None:
    scratch = home / "scratch"
    scratch.mkdir()
    env = {**LOUD, "TMPDIR": str(scratch)}
    with Served(home, env=env) as server:
        recommended = act_as(server, PERSON)
        act_as(server, OTHER)
        built = marquee(home, "build", "--encoder", "none", "--events-from-state", env=env)
        assert built.returncode == 0, built.stderr
        assert files_containing(home, PERSON), "the id is found before the erasure"
        assert server.client.delete(f"/users/{PERSON}").status_code == 204
        assert files_containing(home, PERSON) == [], "the id is gone at once"
        assert server.client.get(f"/users/{PERSON}/export").status_code == 404
        assert server.stop() == 0
    assert files_containing(home, PERSON) == []
    assert [text for text in recommended if files_containing(home, text)] == []
    assert files_containing(home, OTHER), "the other person's id is still there"
    for path in home.glob("state.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_files_of_another_user_with_lax_permissions_are_reported(home: Path) -> None:
    with Served(home) as server:
        server.recommend(user_id=OTHER, k=1)
    (home / "state.db").chmod(0o644)
    os.chown(home / "state.db", 65_534, 65_534)
    done = marquee(home, "doctor")
    assert "readable by other users of this machine" in done.stdout
    assert done.returncode == 0
