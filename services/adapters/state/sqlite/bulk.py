"""Bulk loading of people: ratings of a public data set, a backup, another store."""

from collections.abc import Iterator, Sequence

from services.adapters.state.arrival_ids import Arrivals
from services.adapters.state.sqlite.database import Database, logged_events_of, put_event, put_profile
from services.recommender.domain.profile import replay
from services.recommender.errors import StateUnavailable
from services.recommender.ports import Deadline, LoggedEvent

EVENTS_A_TRANSACTION = 20_000
SEED_WAIT_S = 10.0

_Log = dict[str, list[LoggedEvent]]


def seed(
    database: Database, arrivals: Arrivals, events: Sequence[LoggedEvent], deadline: Deadline | None = None
) -> int:
    """Implement ``StatePort.seed``. An existing entry (person, time, id) is replaced, so repeating a seed changes
    nothing; existing events are kept, and profiles are rebuilt from the whole log.

    Each transaction holds whole people, about 20,000 events, so that others can write in between.
    """
    people = 0
    for chunk in _chunks(events):
        if deadline is not None and deadline.remaining() <= 0:
            raise StateUnavailable(
                f"the time ran out after {people:,} people; run `marquee users seed` again to continue"
            )
        fresh = {
            user_id: replay(user_id, [logged_event.event for logged_event in logged_events])
            for user_id, logged_events in chunk.items()
        }
        with database.writing(deadline or Deadline.within(database.clock, SEED_WAIT_S)) as connection:
            now_ms = database.clock.now_ms()
            for user_id, logged_events in chunk.items():
                has_events = connection.execute("SELECT 1 FROM events WHERE user_id = ? LIMIT 1", (user_id,)).fetchone()
                for logged_event in logged_events:
                    put_event(connection, logged_event, arrivals.next())
                profile = (
                    replay(user_id, [logged_event.event for logged_event in logged_events_of(connection, user_id)])
                    if has_events
                    else fresh[user_id]
                )
                put_profile(connection, profile, now_ms)
        people += len(chunk)
    return people


def _chunks(events: Sequence[LoggedEvent]) -> Iterator[_Log]:
    """Yield groups of people with enough events for a transaction."""
    by_person: _Log = {}
    for logged_event in events:
        by_person.setdefault(logged_event.user_id, []).append(logged_event)
    chunk: _Log = {}
    size = 0
    for user_id, logged_events in by_person.items():
        chunk[user_id] = logged_events
        size += len(logged_events)
        if size >= EVENTS_A_TRANSACTION:
            yield chunk
            chunk, size = {}, 0
    if chunk:
        yield chunk
