"""Storing an imported history: one event per film, stable event ids, erased with the person."""

import pytest

from services.adapters.state.sqlite.database import Database
from services.adapters.state.sqlite.state import SqliteState
from services.recommender import importing
from services.recommender.domain.history import Event, EventKind
from services.recommender.domain.imported_history import UNDATED_MS, ImportedHistory, ImportedRow
from services.recommender.errors import Overloaded, StateUnavailable
from services.recommender.ports import Deadline, FeedbackCommand
from tests.recommender.kit import ask

RATING, LIKE, WATCH, CLICK = EventKind.RATING, EventKind.LIKE, EventKind.WATCH, EventKind.CLICK
DAY = 86_400_000


def row(film: int, kind: EventKind, value: float = 1.0, ts_ms: int | None = 1_600_000_000_000) -> ImportedRow:
    """Return a row about film i of the small world, identified by its title."""
    return ImportedRow(f"x.csv, line {film}", (f"Film {film}",), None, kind, value, ts_ms)


def history(*rows: ImportedRow) -> ImportedHistory:
    return ImportedHistory("Letterboxd", rows)


@pytest.fixture
def state(tmp_path, clock):
    store = SqliteState(Database(tmp_path / "state.db", clock))
    yield store
    store.close()


@pytest.fixture
def take(service, clock):
    return lambda *rows: service.import_history("ann", history(*rows), Deadline.within(clock, 9.0))


def stored(service) -> list[Event]:
    return [line.event for line in service.state.export("ann").events]


def test_an_import_affects_the_first_recommendations(service, take):
    before = [item["item_id"] for item in ask(service, user_id="ann")["items"]]
    answer = take(row(1, RATING, 5.0), row(4, LIKE), row(7, WATCH), row(10, CLICK))
    assert (answer["films"], answer["stored"], answer["already_stored"]) == (4, 4, 0)
    assert answer["events"] == {"rating": 1, "like": 1, "watch": 1, "click": 1}
    assert answer["matched_by"] == {"title alone": 4}
    shown = [item["item_id"] for item in answer["recommendations"]]
    assert shown != before
    assert not {"f1", "f4", "f7"} & set(shown)
    assert shown == [item["item_id"] for item in ask(service, user_id="ann")["items"]]


def test_importing_again_stores_only_new_events(service, take):
    rows = [row(1, RATING, 5.0), row(4, LIKE)]
    take(*rows)
    first = stored(service)
    revision = service.state.export("ann").profile.revision
    again = take(*rows)
    assert (again["stored"], again["already_stored"]) == (0, 2)
    assert stored(service) == first
    assert service.state.export("ann").profile.revision == revision
    assert take(*rows, row(7, WATCH))["stored"] == 1
    assert len(stored(service)) == 3


def test_only_the_strongest_event_of_a_film_is_stored(service, take):
    take(
        row(1, WATCH), row(1, RATING, 2.0), row(1, RATING, 4.0, 1_600_000_000_000 + DAY),
        row(2, LIKE), row(2, RATING, 3.5), row(3, LIKE), row(3, RATING, 5.0), row(4, CLICK), row(4, WATCH),
    )  # fmt: skip
    by_film = {event.item_id: (event.kind, event.value) for event in stored(service)}
    assert by_film == {"f1": (RATING, 4.0), "f2": (LIKE, 1.0), "f3": (RATING, 5.0), "f4": (WATCH, 1.0)}


def test_later_feedback_outweighs_an_import(service, take, clock):
    service.feedback([FeedbackCommand("ann", Event("f1", EventKind.DISLIKE, 1.0, clock.now_ms()))])
    take(row(1, LIKE))
    assert "f1" in {event.item_id for event in stored(service)}
    profile = service.state.export("ann").profile
    assert len(profile.disliked) == 1


@pytest.mark.parametrize("ts_ms", [None, 1_700_000_000_000 + 2 * DAY])
def test_rows_without_a_time_or_from_the_future_are_the_oldest(service, take, ts_ms):
    take(row(1, LIKE, ts_ms=ts_ms))
    assert [event.ts_ms for event in stored(service)] == [UNDATED_MS]


def test_unmatched_films_are_listed(service, take):
    answer = take(row(1, LIKE), ImportedRow("x.csv, line 9", ("Nobody Knows",), 2004, LIKE), row(999, LIKE))
    assert answer["unmatched_films"] == 2
    assert answer["unmatched"][0] == {"place": "x.csv, line 9", "title": "Nobody Knows", "year": 2004, "candidates": []}
    assert len(stored(service)) == 1


def test_at_most_a_hundred_films_are_listed(take):
    answer = take(*(ImportedRow("x", (f"Nobody {at}",), 2004, LIKE) for at in range(150)))
    assert (answer["unmatched_films"], len(answer["unmatched"])) == (150, importing.LISTED)


def test_an_import_is_erased_with_the_person(service, take):
    take(row(1, LIKE))
    assert service.erase("ann")
    assert service.export("ann") is None


def test_if_matching_takes_too_long_nothing_is_stored(service, clock):
    with pytest.raises(Overloaded, match="too many to match"):
        service.import_history("ann", history(row(1, LIKE)), Deadline.within(clock, 0.0))
    assert service.export("ann") is None


def test_if_the_store_fails_the_error_says_that_a_repeat_is_safe(state, take, monkeypatch):
    def fail(events, deadline):
        assert deadline.remaining() == 9.0
        raise StateUnavailable("locked")

    monkeypatch.setattr(state, "seed", fail)
    with pytest.raises(StateUnavailable, match="import it again, nothing is counted twice"):
        take(row(1, LIKE))


def test_event_ids_depend_on_the_events_content_only():
    event = Event("f1", RATING, 4.0, 1_600_000_000_000)
    assert importing.event_id_of("ann", event) == importing.event_id_of("ann", event)
    others = [("bo", event), ("ann", Event("f1", RATING, 4.5, 1_600_000_000_000)),
              ("ann", Event("f2", RATING, 4.0, 1_600_000_000_000)), ("ann", Event("f1", RATING, 4.0, 1))]  # fmt: skip
    assert importing.event_id_of("ann", event) not in {importing.event_id_of(*other) for other in others}
    assert len(importing.event_id_of("ann", event)) == 32
