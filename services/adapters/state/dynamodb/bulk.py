"""Bulk loading of people: ratings of a public data set, a backup, another store."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from services.adapters.state.arrival_ids import Arrivals
from services.adapters.state.dynamodb import items
from services.adapters.state.dynamodb.backoff import Backoff
from services.adapters.state.dynamodb.dynamo_failures import Contended
from services.adapters.state.dynamodb.person_reads import find_event_items, find_person, if_unchanged, revision_of
from services.adapters.state.dynamodb.store import DynamoStore, Item
from services.recommender.domain.profile import replay
from services.recommender.errors import StateUnavailable
from services.recommender.ports import Deadline, LoggedEvent

PERSON_PATIENCE_S = 60.0
_THREADS = 8


def seed(
    store: DynamoStore, arrivals: Arrivals, events: Sequence[LoggedEvent], deadline: Deadline | None = None
) -> int:
    """Implement ``StatePort.seed``. An existing entry (person, time, id) is replaced, so repeating a seed, even an
    interrupted one, changes nothing; existing events are kept, and profiles are rebuilt from the whole log. People are
    written in parallel, each independently, and within a minute each if no deadline is given.
    """
    by_person: dict[str, list[LoggedEvent]] = {}
    for logged_event in events:
        by_person.setdefault(logged_event.user_id, []).append(logged_event)
    # Numbered here, as the threads may process people in any order.
    numbered = [
        (user_id, [(logged_event, arrivals.next()) for logged_event in log]) for user_id, log in by_person.items()
    ]
    with ThreadPoolExecutor(_THREADS) as threads:
        for _ in threads.map(partial(_seed_person, store, deadline), numbered):
            pass
    return len(by_person)


def _seed_person(
    store: DynamoStore, seed_deadline: Deadline | None, person: tuple[str, list[tuple[LoggedEvent, int]]]
) -> None:
    """Write one person's entries and profile; retry if feedback or an erasure came in between."""
    user_id, numbered = person
    deadline = seed_deadline or Deadline.within(store.clock, PERSON_PATIENCE_S)
    backoff = Backoff(deadline)
    while True:
        try:
            _write_person(store, user_id, numbered, deadline)
        except Contended as error:
            if not backoff.wait():
                raise StateUnavailable(
                    "other writes kept changing the people being seeded; run `marquee users seed` again"
                ) from error
        else:
            return


def _write_person(
    store: DynamoStore, user_id: str, numbered: list[tuple[LoggedEvent, int]], deadline: Deadline
) -> None:
    """Claim the person, write the entries, then the profile of the whole log. Raises Contended.

    The claim, a new revision, makes an erasure that began earlier fail and restart, so that it cannot miss the entries.
    """
    claim = items.new_revision()
    before = revision_of(find_person(store, user_id, deadline))
    condition: dict[str, Any] = if_unchanged(before)
    values = condition.pop("ExpressionAttributeValues", {}) | {":claim": items.text(claim)}
    store.call(
        "update_item",
        deadline,
        TableName=store.tables.users,
        Key=items.user_key(user_id),
        UpdateExpression="SET revision = :claim",
        ExpressionAttributeValues=values,
        **condition,
    )
    stored = {item["sk"]["S"]: item for item in find_event_items(store, user_id, deadline)}
    fresh: dict[str, Item] = {}
    for logged_event, arrived in numbered:
        sk = items.place_of(logged_event.event.ts_ms, logged_event.event_id)
        # An existing entry keeps its place among events of equal time.
        earlier = fresh.get(sk) or stored.get(sk)
        fresh[sk] = items.event_item(logged_event, items.arrival_of(earlier)[1] if earlier else arrived)
    store.batch_write(store.tables.events, [{"PutRequest": {"Item": item}} for item in fresh.values()], deadline)
    log = [items.logged_event_of(item).event for item in sorted((stored | fresh).values(), key=items.arrival_of)]
    profile = items.profile_item(replay(user_id, log), items.recent_after([], log), store.clock.now_ms())
    store.call("put_item", deadline, TableName=store.tables.users, Item=profile, **if_unchanged(claim))
