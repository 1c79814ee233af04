"""SIGKILL during feedback: accepted events are stored exactly once; the others may be sent again."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2

from tests.e2e.kit import Served, ids
from tests.patience import PATIENCE_S

PEOPLE = ("ann", "ben", "cleo")
WRITERS = 4
ENOUGH = 60


def test_every_accepted_event_survives_sigkill_exactly_once(home: Path) -> None:
    with Served(home) as first:
        films = ids(first.recommend(k=100))
        sends = [(user, film) for film in films for user in PEOPLE]
        accepted: dict[tuple[str, str], str] = {}
        lock = threading.Lock()

        def send(part: list[tuple[str, str]]) -> None:
            with httpx2.Client(base_url=first.url, timeout=PATIENCE_S) as client:
                for user, film in part:
                    try:
                        answer = post(client, user, film)
                    except httpx2.HTTPError:
                        return
                    accepted[user, film] = answer.json()["event_id"]
                    with lock:
                        if len(accepted) >= ENOUGH:
                            # The first thread kills it; the others may have requests in flight.
                            first.kill()

        with ThreadPoolExecutor(WRITERS) as pool:
            for job in [pool.submit(send, sends[start::WRITERS]) for start in range(WRITERS)]:
                job.result()
    assert ENOUGH <= len(accepted) < len(sends), "the server was killed too late"
    with Served(home) as second:
        stored = {user: second.export(user)["events"] for user in PEOPLE}
        recovered = {(user, event["item_id"]): event["event_id"] for user in PEOPLE for event in stored[user]}
        assert accepted.items() <= recovered.items()
        # All requests are sent again with the same keys: no event counts twice.
        for user, film in sends:
            post(second.client, user, film)
        for user in PEOPLE:
            counts = Counter(event["item_id"] for event in second.export(user)["events"])
            assert counts == Counter(films)


def post(client: httpx2.Client, user: str, film: str) -> httpx2.Response:
    body = {"user_id": user, "item_id": film, "event": "like"}
    answer = client.post("/feedback", json=body, headers={"Idempotency-Key": f"{user}-{film}"})
    assert answer.status_code == 202, answer.text
    return answer


def test_the_profile_agrees_with_the_log_after_a_crash(home: Path) -> None:
    with Served(home) as first:
        films = ids(first.recommend(k=5))
        for film in films:
            first.feedback("ann", film)
        first.kill()
    with Served(home) as second:
        assert not set(ids(second.recommend(user_id="ann", k=100))) & set(films)
