"""An in-memory store, and helpers for the requests that the tests of the service repeat."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from services.recommender.domain.history import Event, EventKind
from services.recommender.domain.profile import Profile, apply
from services.recommender.domain.request import Request
from services.recommender.errors import MarqueeError, StateUnavailable
from services.recommender.ports import (
    CacheEntry,
    CacheKey,
    Deadline,
    FeedbackCommand,
    LoggedEvent,
    Receipt,
    StatePort,
    UserExport,
)
from services.recommender.service import Recommender

RECOMMENDATION_ID = "rec-1"


class MemoryState(StatePort):
    """The state port in two dictionaries, without a log: tests that need one must use another store."""

    def __init__(self) -> None:
        self.profiles: dict[str, Profile] = {}
        self.cache: dict[CacheKey, CacheEntry] = {}
        self.down = False

    def read(
        self, user_id: str | None, cache_key: CacheKey | None, deadline: Deadline
    ) -> tuple[Profile | None, CacheEntry | None]:
        self._check()
        profile = self.profiles.get(user_id, Profile(user_id)) if user_id is not None else None
        cached = self.cache.get(cache_key) if cache_key is not None else None
        return profile, cached if cached is not None and cached.is_current(profile, now_s=0) else None

    def write_cache(self, key: CacheKey, entry: CacheEntry) -> None:
        self.cache[key] = entry

    def record(self, commands: Sequence[FeedbackCommand], deadline: Deadline) -> list[Receipt | MarqueeError]:
        self._check()
        for command in commands:
            before = self.profiles.get(command.user_id, Profile(command.user_id))
            after = apply(before, command.event)
            self.profiles[command.user_id] = replace(after, revision=f"{before.revision}+")
        return [Receipt(f"e{index}") for index in range(len(commands))]

    def export(self, user_id: str) -> UserExport | None:
        profile = self.profiles.get(user_id)
        if profile is None:
            return None
        logged = LoggedEvent("e0", user_id, Event("f1", EventKind.LIKE, 1.0, 1_000))
        return UserExport(profile, (logged,), 1)

    def erase(self, user_id: str) -> bool:
        return self.profiles.pop(user_id, None) is not None

    def seed(self, events: Sequence[LoggedEvent], deadline: Deadline | None = None) -> int:
        raise NotImplementedError

    def log(self, after: str | None = None) -> Iterable[LoggedEvent]:
        raise NotImplementedError

    def erased(self) -> frozenset[str]:
        raise NotImplementedError

    def ping(self, deadline: Deadline) -> None:
        self._check()

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def _check(self) -> None:
        if self.down:
            raise StateUnavailable("the store is locked")


def ask(service: Recommender, **request: Any) -> dict[str, Any]:
    """Return the service's answer to a request, as the API would render it."""
    return dict(json.loads(service.recommend(Request(**request)).render(RECOMMENDATION_ID)))


def like(service: Recommender, film: str, kind: EventKind = EventKind.LIKE, user: str = "ann") -> None:
    """Store an event of the person now; a like unless another kind is given."""
    event = Event(film, kind, 1.0, service.clock.now_ms())
    assert isinstance(service.feedback([FeedbackCommand(user, event)])[0], Receipt)
