"""Contract: any sequence of calls gives the same results as a plain in-memory model."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from services.recommender.domain.history import RATINGS, Event, EventKind
from services.recommender.domain.profile import Profile
from services.recommender.errors import IdempotencyMismatch
from services.recommender.ports import CacheEntry, CacheKey, LoggedEvent, Receipt
from tests.adapters.state.state_kit import FakeClock, Make, send
from tests.builders import apply_all

PEOPLE = st.sampled_from(["ann", "ann#", "Zoë"])
KEYS = st.sampled_from(["a", "b"])
KINDS = st.one_of(
    st.tuples(st.sampled_from([kind for kind in EventKind if kind is not EventKind.RATING]), st.just(1.0)),
    st.tuples(st.just(EventKind.RATING), st.sampled_from(RATINGS)),
)
AGES_S = st.sampled_from([0, 1, 59, 61, 4_000])
FILMS = st.sampled_from(["heat", "up"])


class Model:
    """The expected content of the store, in lists and dictionaries."""

    def __init__(self) -> None:
        self.events: dict[str, list[tuple[str, Event]]] = {}
        self.keys: dict[str, tuple[str, str, str, int]] = {}  # key -> fingerprint, event id, person, expiry ms
        self.cache: dict[str, tuple[CacheEntry, int]] = {}  # person -> entry, number of events it was computed from

    def profile(self, person: str) -> Profile:
        return apply_all(Profile(person), [event for _, event in self.events.get(person, [])])

    def duplicate_of(self, person: str, event: Event) -> str | None:
        entries = [
            (logged.ts_ms, n, event_id, logged) for n, (event_id, logged) in enumerate(self.events.get(person, []))
        ]
        of_film = sorted(entry for entry in entries if entry[3].item_id == event.item_id)
        if not of_film:
            return None
        ts_ms, _, event_id, last = of_film[-1]
        same = (last.kind, last.value) == (event.kind, event.value) and 0 <= event.ts_ms - ts_ms <= 60_000
        return event_id if same else None

    def answer(self, person: str, key: str, entry_now_s: int) -> CacheEntry | None:
        entry, made_of = self.cache.get(person, (None, 0))
        live = entry is not None and entry.expires_at > entry_now_s and made_of == len(self.events.get(person, []))
        return entry if live else None

    def erase(self, person: str, now_s: int) -> bool:
        entry, _ = self.cache.pop(person, (None, 0))
        self.keys = {key: used for key, used in self.keys.items() if used[2] != person}
        return bool(self.events.pop(person, [])) or (entry is not None and entry.expires_at > now_s)


class StoreMachine(RuleBasedStateMachine):
    make: Make

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = FakeClock()
        self.store = type(self).make(self.folder, self.clock)
        self.model = Model()
        self.payloads = 0

    def teardown(self) -> None:
        self.store.state.close()
        shutil.rmtree(self.folder)

    @rule(seconds=st.sampled_from([1, 30, 61, 3_600, 86_400]))
    def time_goes_by(self, seconds: int) -> None:
        self.clock.tick(seconds)

    @rule(person=PEOPLE, film=FILMS, what=KINDS, age_s=AGES_S)
    def feedback(self, person: str, film: str, what: tuple[EventKind, float], age_s: int) -> None:
        event = Event(film, *what, self.clock.now_ms() - age_s * 1_000)
        [receipt] = self.store.record(send(event, person))
        duplicate_id = self.model.duplicate_of(person, event)
        if duplicate_id is None:
            assert receipt == Receipt(receipt.event_id)
            self.model.events.setdefault(person, []).append((receipt.event_id, event))
        else:
            assert receipt == Receipt(duplicate_id, duplicate=True)

    @rule(person=PEOPLE, film=FILMS, what=KINDS, key=KEYS)
    def feedback_with_a_key(self, person: str, film: str, what: tuple[EventKind, float], key: str) -> None:
        event = Event(film, *what, self.clock.now_ms())
        fingerprint = repr((person, film, what))
        [result] = self.store.record(send(event, person, key, fingerprint))
        used = self.model.keys.get(key)
        if used is None or used[3] <= self.clock.now_ms():
            assert result == Receipt(result.event_id)
            self.model.events.setdefault(person, []).append((result.event_id, event))
            self.model.keys[key] = (fingerprint, result.event_id, person, self.clock.now_ms() + 86_400_000)
        elif used[0] == fingerprint:
            assert result == Receipt(used[1], replayed=True)
        else:
            assert isinstance(result, IdempotencyMismatch)

    @rule(person=PEOPLE, seconds=st.sampled_from([1, 100]), stale=st.booleans())
    def cache_write(self, person: str, seconds: int, stale: bool) -> None:
        self.payloads += 1
        revision = "of long ago" if stale else self.store.revision(person)
        entry = CacheEntry(revision, b"%d" % self.payloads, self.clock.now_s() + seconds)
        # One store writes first and checks afterwards, so a stale answer may remove an earlier one under its key.
        key = CacheKey(person, "stale" if stale else "k20")
        self.store.state.write_cache(key, entry)
        if stale:
            assert self.store.state.read(person, key, self.store.deadline())[1] is None
        else:
            self.model.cache[person] = (entry, len(self.model.events.get(person, [])))

    @rule(person=PEOPLE)
    def erase(self, person: str) -> None:
        assert self.store.state.erase(person) == self.model.erase(person, self.clock.now_s())

    @rule(person=PEOPLE, film=FILMS, number=st.integers(0, 3), what=KINDS)
    def seed(self, person: str, film: str, number: int, what: tuple[EventKind, float]) -> None:
        # Later than all earlier events, so that the order of arrival is the order of time.
        self.clock.tick(1)
        event = Event(film, *what, self.clock.now_ms())
        event_id = f"seed-{self.clock.now_ms()}-{number}"
        assert self.store.state.seed([LoggedEvent(event_id, person, event)]) == 1
        self.model.events.setdefault(person, []).append((event_id, event))

    @rule(person=PEOPLE)
    def read(self, person: str) -> None:
        profile, cached = self.store.state.read(person, CacheKey(person, "k20"), self.store.deadline())
        expected = self.model.profile(person)
        assert profile.history.opinions() == expected.history.opinions()
        assert profile.seen.tolist() == expected.seen.tolist()
        assert profile.disliked.tolist() == expected.disliked.tolist()
        assert (profile.revision == "") == (not self.model.events.get(person))
        assert cached == self.model.answer(person, "k20", self.clock.now_s())

    @rule(person=PEOPLE)
    def export(self, person: str) -> None:
        export = self.store.state.export(person)
        entry, _ = self.model.cache.get(person, (None, 0))
        answers = int(entry is not None and entry.expires_at > self.clock.now_s())
        if not self.model.events.get(person) and not answers:
            assert export is None
            return
        assert export.cached_answers == answers
        assert [logged_event.event_id for logged_event in export.events] == [
            event_id for event_id, _ in self.in_order(person)
        ]

    @invariant()
    def the_log_is_complete(self) -> None:
        expected = {(person, *event) for person, events in self.model.events.items() for event in events}
        assert {
            (logged_event.user_id, logged_event.event_id, logged_event.event) for logged_event in self.store.state.log()
        } == expected

    def in_order(self, person: str) -> list[tuple[str, Event]]:
        return sorted(self.model.events.get(person, []), key=lambda entry: entry[1].ts_ms)


def test_any_sequence_of_calls_agrees_with_the_model(make: Make) -> None:
    machine = type("Machine", (StoreMachine,), {"make": staticmethod(make)})
    run_state_machine_as_test(machine, settings=settings(max_examples=40, stateful_step_count=30))
