"""Attacks on what is stored: kills, storms on quotas and keys, one idempotency key many times, erasure."""

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx2

from tests.attack.report import Finding
from tests.attack.world import new_home
from tests.e2e.kit import Served, ids, marquee
from tests.e2e.storm import Ask, storm
from tests.e2e.test_erasure_on_disk import LOUD, OTHER, PERSON, act_as, files_containing
from tests.e2e.test_storms import KEYS_ON, LIMIT, WINDOW_S, new_key
from tests.patience import PATIENCE_S, wait_for

KILLS = 50
WRITERS = 6


def kills() -> Iterator[Finding]:
    """Kill a server with two workers by kill -9 during feedback, repeatedly."""
    accepted: dict[tuple[str, str], str] = {}
    with new_home() as home:
        with Served(home) as server:
            films = ids(server.recommend(k=100))
        for turn in range(KILLS):
            with Served(home, "--workers", "2") as server:
                writers = [
                    threading.Thread(target=_write, args=(server, turn, at, films, accepted)) for at in range(WRITERS)
                ]
                for writer in writers:
                    writer.start()
                enough = len(accepted) + random.randint(1, 60)
                wait_for(lambda enough=enough: len(accepted) >= enough, "events")  # type: ignore[misc]
                server.kill()
                for writer in writers:
                    writer.join()
        with Served(home) as server:
            stored: dict[tuple[str, str], list[str]] = {}
            for user in {user for user, _ in accepted}:
                for event in server.export(user)["events"]:
                    stored.setdefault((user, event["item_id"]), []).append(event["event_id"])
    lost = sum(event_id not in stored.get(key, []) for key, event_id in accepted.items())
    doubled = sum(len(event_ids) > 1 for event_ids in stored.values())
    yield Finding("202 means stored, once", f"{KILLS} kills, {len(accepted)} accepted, {lost} lost, {doubled} doubled",
                  bool(accepted) and not lost and not doubled)  # fmt: skip


def _write(server: Served, turn: int, at: int, films: list[str], accepted: dict[tuple[str, str], str]) -> None:
    user = f"person-{turn}-{at}"
    with httpx2.Client(base_url=server.url, timeout=PATIENCE_S) as client:
        for film in films:
            body = {"user_id": user, "item_id": film, "event": "like"}
            try:
                answer = client.post("/feedback", json=body, headers={"Idempotency-Key": f"{user}-{film}"})
            except httpx2.HTTPError:
                return
            if answer.status_code == 202:
                accepted[user, film] = answer.json()["event_id"]


@dataclass(frozen=True)
class Among:
    """The requests of a storm, by the number of the client."""

    asks: Sequence[Ask]

    def __call__(self, number: int) -> Ask:
        """The request of one client."""
        return self.asks[number % len(self.asks)]


def quota_storm() -> Iterator[Finding]:
    """400 connections on a quota of 100, a quarter of them with a revoked key, on one worker and on two."""
    for workers in (1, 2):
        with new_home() as home:
            good, revoked = (new_key(home, "--limit", str(LIMIT), "--window", str(WINDOW_S)) for _ in range(2))
            done = marquee(home, "keys", "revoke", revoked["key_id"], env=KEYS_ON)
            assert done.returncode == 0, done.stderr
            keys = [revoked["key"], good["key"], good["key"], good["key"]]
            asks = [Ask("/films?q=a", headers={"X-API-Key": key}) for key in keys]
            with Served(home, "--workers", str(workers), env=KEYS_ON) as server:
                replies = storm(server.url, Among(asks), 25)
        served = Counter((at % 4 == 0, reply.status) for at, reply in replies)
        others = {status for _, status in served} - {200, 401, 429, 503}
        figure = f"limit {LIMIT}, {served[False, 200]} served of {len(replies)}"
        held = 0 < served[False, 200] <= LIMIT and not others
        yield Finding(f"a quota is never exceeded ({workers} workers)", figure, held)
        figure = f"{served[True, 200]} served"
        yield Finding(f"a revoked key is refused ({workers} workers)", figure, not served[True, 200])


def idempotency_storm() -> Iterator[Finding]:
    """Send each key on 16 connections at once, to two workers."""
    keys, many = 50, 16
    with new_home() as home, Served(home, "--workers", "2") as server:
        film = ids(server.recommend(k=1))[0]
        statuses: Counter[int] = Counter()
        for key in range(keys):
            body = json.dumps({"user_id": f"p{key}", "item_id": film, "event": "like"}).encode()
            ask = Ask("/feedback", "POST", {"Idempotency-Key": f"k{key}"}, body)
            statuses.update(reply.status for _, reply in storm(server.url, Among([ask]), 1, many))
        events = sum(len(server.export(f"p{key}")["events"]) for key in range(keys))
    figure = f"{keys} keys x {many}: {dict(statuses)}, {events} events"
    yield Finding("a retry is a replay", figure, events == keys and set(statuses) <= {202, 503})


def erasure() -> Iterator[Finding]:
    """Do everything a person can do, then erase them, and look for their id in every file."""
    with new_home() as home:
        with Served(home, env=LOUD) as server:
            act_as(server, PERSON)
            act_as(server, OTHER)
            before = len(files_containing(home, PERSON))
            status = server.client.delete(f"/users/{PERSON}").status_code
            at_once = len(files_containing(home, PERSON))
            server.stop()
        after = len(files_containing(home, PERSON))
    figure = f"{before} files before, {at_once} at once, {after} after the end"
    held = before > 0 and status == 204 and not at_once and not after
    yield Finding("erasure leaves the id in no file", figure, held)
