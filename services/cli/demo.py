"""``demo.json`` under ``MARQUEE_HOME``: ids of people in the state store, used in example commands."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_jobs.records import Dataset, Events
    from services.recommender.ports import LoggedEvent

FILE = "demo.json"
DEMO_USERS = 12
# Enough for a taste, few enough to read at a glance.
_TYPICAL_EVENTS = 60


@dataclass(frozen=True, slots=True)
class Demo:
    """``users``: ids of some people to try; ``items``: ids of well-known films."""

    users: tuple[str, ...] = ()
    items: tuple[str, ...] = ()

    @classmethod
    def load(cls, home: Path) -> "Demo":
        """Read the file; empty if it is missing or unreadable."""
        try:
            document = json.loads((home / FILE).read_bytes())
            return cls(**{name: tuple(map(str, document[name])) for name in ("users", "items")})
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

    def save(self, home: Path) -> None:
        """Write the file atomically."""
        home.mkdir(parents=True, exist_ok=True)
        temporary = home / f".{FILE}"
        temporary.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")
        temporary.replace(home / FILE)


def typical_people(events: "Events", count: int = DEMO_USERS) -> tuple[str, ...]:
    """Return the people whose number of events is closest to a typical one, in the order of the data."""
    sizes = Counter(events.user.tolist())
    nearest = sorted(sizes, key=lambda user: (abs(sizes[user] - _TYPICAL_EVENTS), user))[:count]
    return tuple(events.user_ids[user] for user in sorted(nearest))


def not_erased(users: Iterable[str], erased: Collection[str]) -> tuple[str, ...]:
    """Return the ``users`` whose marks are not among the ``erased``: seeding must not bring erased people back."""
    from services.recommender.domain.profile import mark_of

    return tuple(user for user in users if mark_of(user) not in erased)


def seed_events(dataset: "Dataset", users: Iterable[str] | None = None) -> "Sequence[LoggedEvent]":
    """Return the events of these people (all if None) in log order; their ids are the same every time."""
    from services.recommender.domain.history import Event, EventKind
    from services.recommender.ports import LoggedEvent

    events, chosen = dataset.events, None if users is None else frozenset(users)
    logged_events = []
    columns = (events.user, events.film, events.kind, events.value, events.ts_ms)
    for user, film, kind, value, ts_ms in zip(*(column.tolist() for column in columns), strict=True):
        user_id, item_id = events.user_ids[user], dataset.films[film].item_id
        if chosen is None or user_id in chosen:
            event = Event(item_id, EventKind(kind), value, ts_ms)
            logged_events.append(LoggedEvent(f"seed-{item_id}", user_id, event))
    return logged_events
