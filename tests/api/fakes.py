"""A fake recommender and in-memory stores, for tests of the API alone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from services.adapters.secrets import FixedSecret
from services.api.app.main import create_app
from services.api.app.services import AppServices
from services.recommender.cache import Answer
from services.recommender.domain.imported_history import ImportedHistory
from services.recommender.domain.request import Preset, Request, Strategy
from services.recommender.errors import (
    AllSeedsUnknown,
    IdempotencyMismatch,
    InvalidRequest,
    MarqueeError,
    PresetUnavailable,
    StateUnavailable,
    UnknownFilm,
)
from services.recommender.films import FilmsResult
from services.recommender.ports import ApiKey, Deadline, FeedbackCommand, KeyStore, Quota, QuotaPort, Receipt
from services.recommender.service import Options
from tests.builders import ManualClock

PEPPER = b"a pepper for tests only"
PEPPER_SECRET = FixedSecret((PEPPER.decode(),))
NOW_MS = 1_790_000_000_000
FILM = {"item_id": "6", "title": "Heat", "year": 1995, "genres": ["Crime"], "tmdb_id": 949, "imdb_id": "tt0113277"}
# Ids of the fake catalogue, some of them awkward in a path.
KNOWN = {"6", "50", "tmdb:949", "tt0113277", "a/b", "c#d", "é ü", "tt%2F"}


@dataclass
class FakeRecommender:
    """``requests`` and ``stored`` record the calls; ``fails`` is raised by the next call."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW_MS))
    options: Options = field(default_factory=Options)
    requests: list[Request] = field(default_factory=list)
    stored: list[FeedbackCommand] = field(default_factory=list)
    imported: list[tuple[str, ImportedHistory]] = field(default_factory=list)
    people: set[str] = field(default_factory=set)
    parts: dict[str, str] = field(default_factory=lambda: {"bundle": "ok", "state": "ok"})
    degraded: list[str] = field(default_factory=list)
    kept: bool = True
    svd: bool = True
    fails: Exception | None = None
    _replays: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def _maybe_fail(self) -> None:
        error, self.fails = self.fails, None
        if error is not None:
            raise error

    def recommend(self, request: Request, deadline: Deadline | None = None) -> Answer:
        self._maybe_fail()
        self.requests.append(request)
        if request.liked and not KNOWN & set(request.liked) and not request.user_id and not request.query:
            raise AllSeedsUnknown("none of the films in liked is known", "/liked")
        item = {**FILM, "score": 0.5, "reason": ["Popular in Crime"]}
        document = {
            "user_id": request.user_id, "items": [item][: request.k], "model_version": "m1", "index_version": "i1",
            "strategy": "popular", "degraded": [], "next_cursor": None, "ignored_ids": [],
        }  # fmt: skip
        stages = {"state": 0.25, "rank": 1.5}
        return Answer(
            json.dumps(document).encode(),
            Strategy.POPULAR,
            cacheable=self.kept,
            degraded=("search: down",),
            stages=stages,
        )  # fmt: skip

    def similar(self, item_id: str | None, tmdb_id: int | None, k: int) -> FilmsResult:
        self._maybe_fail()
        if item_id not in KNOWN and tmdb_id != 949:
            raise UnknownFilm(f"film {item_id or tmdb_id!r} is not in the catalogue")
        items = [{**FILM, "score": 0.5, "reason": ["Crime"]}]
        versions = {"model_version": "m", "index_version": "i"}
        document = {"item_id": item_id or "6", "title": "Heat", "items": items, **versions, "degraded": self.degraded}
        return FilmsResult(document, {"knn": 1.5})

    def from_films(
        self, item_ids: Sequence[str], tmdb_ids: Sequence[int], top_n: int, preset: Preset = Preset.DEFAULT
    ) -> FilmsResult:
        self._maybe_fail()
        if preset is Preset.SVD and not self.svd:
            raise PresetUnavailable("the bundle has no SVD factors", "/preset")
        if not KNOWN & set(item_ids) and 949 not in tmdb_ids:
            raise AllSeedsUnknown("none of these films is known", "/tmdb_ids")
        line = {"movie_id": 6, "title": "Heat (1995)", "genres": "Crime", "affinity_score": 0.5}
        document = {"recommendations": [line] * min(top_n, 2), "ignored_ids": []}
        return FilmsResult(document, {"rank": 1.5}, tuple(self.degraded), {"ranked": 2})

    def feedback(
        self, commands: Sequence[FeedbackCommand], deadline: Deadline | None = None
    ) -> list[Receipt | MarqueeError]:
        self._maybe_fail()
        return [self._record(command) for command in commands]

    def _record(self, command: FeedbackCommand) -> Receipt | MarqueeError:
        if command.event.item_id not in KNOWN:
            return UnknownFilm(f"film {command.event.item_id!r} is not in the catalogue")
        if command.event.ts_ms > self.clock.now_ms() + 300_000:
            return InvalidRequest("ts is more than 5 minutes ahead of the server's clock", "/ts")
        once = command.idempotency
        if once is not None and (once.scope, once.key) in self._replays:
            fingerprint, event_id = self._replays[once.scope, once.key]
            if fingerprint != once.fingerprint:
                return IdempotencyMismatch("the Idempotency-Key was used with another body")
            return Receipt(event_id, replayed=True, item_id=command.event.item_id)
        self.stored.append(command)
        self.people.add(command.user_id)
        receipt = Receipt(f"e{len(self.stored)}", item_id=command.event.item_id)
        if once is not None:
            self._replays[once.scope, once.key] = (once.fingerprint, receipt.event_id)
        return receipt

    def film(self, item_id: str) -> dict[str, Any]:
        self._maybe_fail()
        if item_id not in KNOWN:
            raise UnknownFilm(f"film {item_id!r} is not in the catalogue")
        return {**FILM, "item_id": item_id, "overview": None}

    def films(self, text: str, limit: int) -> dict[str, Any]:
        return {"items": [FILM] if "heat".startswith(text.lower()) else []}

    def catalogue(self) -> dict[str, Any]:
        counted = [{"name": "Crime", "films": 1}]
        return {"films": 1, "genres": counted, "years": {"from": 1995, "to": 1995}, "languages": []}

    def import_history(self, user_id: str, history: ImportedHistory, deadline: Deadline) -> dict[str, Any]:
        self._maybe_fail()
        self.imported.append((user_id, history))
        return {
            "user_id": user_id, "source": history.source, "rows": len(history.rows), "films": 1, "stored": 1,
            "already_stored": 0, "events": {"rating": 1}, "matched_by": {"id": 1}, "skipped": dict(history.skipped),
            "doubtful_films": 0, "doubtful": [], "unmatched_films": 0, "unmatched": [], "recommendations": [],
        }  # fmt: skip

    def export(self, user_id: str) -> dict[str, Any] | None:
        self._maybe_fail()
        stored = {
            "user_id": user_id,
            "revision": 1,
            "updated_at": NOW_MS,
            "events": [],
            "profile": {},
            "cached_answers": 0,
        }
        return stored if user_id in self.people else None

    def erase(self, user_id: str) -> bool:
        self._maybe_fail()
        exists = user_id in self.people
        self.people.discard(user_id)
        return exists

    def versions(self) -> dict[str, Any]:
        self._maybe_fail()
        return {"model_version": "m1", "index_version": "i1", "bundle_version": "b1", "films": 1}

    def ready(self, deep: bool, deadline: Deadline) -> dict[str, str]:
        return {**self.parts, "search": "ok"} if deep else self.parts


@dataclass
class DictKeys(KeyStore):
    """Keys in a dict; ``down`` makes every read fail."""

    records: dict[str, ApiKey] = field(default_factory=dict)
    down: bool = False
    reads: int = 0

    def put(self, key: ApiKey) -> None:
        self.records[key.key_id] = key

    def get(self, key_id: str) -> ApiKey | None:
        self.reads += 1
        if self.down:
            raise StateUnavailable("the key store is down")
        return self.records.get(key_id)

    def list(self) -> list[ApiKey]:
        return [*self.records.values()]


@dataclass
class CountingQuota(QuotaPort):
    """A quota that admits the first ``limit`` requests of a key and never resets."""

    down: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    def admit(self, key_id: str, limit: int, window_s: int, now_ms: int) -> Quota:
        if self.down:
            raise StateUnavailable("the quota store is down")
        used = self.counts[key_id] = self.counts.get(key_id, 0) + 1
        return Quota(used <= limit, limit, max(0, limit - used), 7)


def fake_app(recommender: FakeRecommender | None = None, **settings: Any) -> FastAPI:
    """The application over a fake recommender."""
    return create_app(AppServices(recommender=recommender or FakeRecommender(), **settings))


def fake_client(recommender: FakeRecommender | None = None, **settings: Any) -> TestClient:
    """A client that returns a 500 rather than raising its cause."""
    return TestClient(fake_app(recommender, **settings), raise_server_exceptions=False)
