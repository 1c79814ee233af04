import json
from dataclasses import replace

import numpy as np
import pytest

from services.adapters.explain.template import TemplateExplainer
from services.recommender.answer import Options
from services.recommender.domain.events import Event, EventKind
from services.recommender.domain.profile import Profile, apply
from services.recommender.domain.request import Request
from services.recommender.errors import (
    AllSeedsUnknown,
    BadCursor,
    BundleMissing,
    InvalidRequest,
    StateUnavailable,
    UnknownFilm,
)
from services.recommender.ports import (
    CacheEntry,
    CacheKey,
    Deadline,
    FeedbackCommand,
    LoggedEvent,
    Receipt,
    StateRead,
    UserExport,
)
from services.recommender.service import Recommender
from tests.builders import FixedRelease, HashEncoder, ManualClock, make_bundle, make_release

WANT = "rec-1"


class MemoryState:
    """The state port in two dictionaries, as much of it as the service uses."""

    def __init__(self) -> None:
        self.profiles: dict[str, Profile] = {}
        self.cache: dict[CacheKey, CacheEntry] = {}
        self.down = False

    def read(self, user_id: str | None, cache_key: CacheKey | None, deadline: Deadline) -> StateRead:
        self._check()
        profile = self.profiles.get(user_id, Profile(user_id)) if user_id is not None else None
        cached = self.cache.get(cache_key) if cache_key is not None else None
        current = profile.revision if profile is not None else ""
        return StateRead(profile, cached if cached is not None and cached.revision == current else None)

    def write_cache(self, key: CacheKey, entry: CacheEntry, user_id: str | None) -> None:
        self.cache[key] = entry

    def record(self, commands, deadline):
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

    def ping(self, deadline: Deadline) -> None:
        self._check()

    def _check(self) -> None:
        if self.down:
            raise StateUnavailable("the store is locked")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def state() -> MemoryState:
    return MemoryState()


@pytest.fixture
def releases() -> FixedRelease:
    return FixedRelease(make_release())


@pytest.fixture
def service(releases, state, clock) -> Recommender:
    return Recommender(releases, state, HashEncoder(), TemplateExplainer(), clock)


def ask(service: Recommender, **request) -> dict:
    return json.loads(service.recommend(Request(**request)).render(WANT))


def like(service: Recommender, film: str, kind: EventKind = EventKind.LIKE, user: str = "ann") -> None:
    event = Event(film, kind, 1.0, service.clock.now_ms())
    assert isinstance(service.feedback([FeedbackCommand(user, event)])[0], Receipt)


class TestAnswer:
    def test_has_every_field_of_the_api(self, service):
        answer = ask(service, user_id="ann", k=3)
        assert set(answer) == {
            "user_id", "items", "model_version", "index_version", "strategy", "degraded", "next_cursor",
            "ignored_ids", "cached", "recommendation_id",
        }  # fmt: skip
        assert set(answer["items"][0]) == {"item_id", "title", "year", "genres", "tmdb_id", "score", "reason"}
        assert answer["recommendation_id"] == WANT

    def test_explain_adds_a_sentence_and_the_signals(self, service):
        like(service, "f1")
        item = ask(service, user_id="ann", k=3, explain=True)["items"][0]
        assert 3 <= len(item["explanation"].split()) <= 22
        assert item["explanation"].endswith(".")
        assert item["signals"]["collaborative"] > 0

    def test_an_unknown_year_is_null(self, service):
        found = ask(service, k=100, exclude_item_ids=tuple(f"f{i}" for i in range(80)))["items"]
        assert next(item for item in found if item["item_id"] == "f119")["year"] is None


class TestCache:
    def test_the_second_answer_is_the_first_but_for_the_flag(self, service):
        fresh, cached = ask(service, user_id="ann", k=5), ask(service, user_id="ann", k=5)
        assert (fresh.pop("cached"), cached.pop("cached")) == (False, True)
        assert fresh == cached

    @pytest.mark.parametrize(
        "other",
        [{"k": 6}, {"diversity": 0.5}, {"query": "film"}, {"exclude_item_ids": ("f1",)}, {"explain": True}],
    )
    def test_another_question_is_not_answered_from_it(self, service, other):
        ask(service, user_id="ann", k=5)
        assert not ask(service, **{"user_id": "ann", "k": 5, **other})["cached"]

    def test_another_person_is_not_answered_from_it(self, service):
        ask(service, user_id="ann")
        assert not ask(service, user_id="bob")["cached"]

    def test_feedback_ends_it(self, service):
        ask(service, user_id="ann")
        like(service, "f1")
        assert not ask(service, user_id="ann")["cached"]

    def test_a_new_release_ends_it(self, service, releases):
        ask(service, user_id="ann")
        releases.release = make_release(make_bundle(version="v2"))
        assert not ask(service, user_id="ann")["cached"]

    def test_degraded_answers_are_not_kept(self, service, releases, state):
        releases.release.search.down = True
        assert ask(service, query="film 3")["degraded"]
        releases.release.search.down = False
        assert ask(service, query="film 3")["degraded"] == []

    def test_can_be_switched_off(self, releases, state, clock):
        service = Recommender(releases, state, None, TemplateExplainer(), clock, Options(cache_ttl_s=0))
        ask(service, k=5)
        assert not ask(service, k=5)["cached"]
        assert state.cache == {}

    def test_expires_after_its_time_to_live(self, service, state, clock):
        ask(service, k=5)
        (entry,) = state.cache.values()
        assert entry.expires_at == clock.now_ms() // 1_000 + 1_800


class TestFeedback:
    def test_a_like_changes_the_very_next_answer(self, service):
        before = ask(service, user_id="ann")
        like(service, "f1")
        after = ask(service, user_id="ann")
        assert after["strategy"] == "personal"
        assert [item["item_id"] for item in before["items"]] != [item["item_id"] for item in after["items"]]
        assert "f1" not in [item["item_id"] for item in after["items"]]

    def test_clear_takes_it_back(self, service):
        before = ask(service, user_id="ann")
        like(service, "f1")
        like(service, "f1", EventKind.CLEAR)
        assert ask(service, user_id="ann")["items"] == before["items"]

    def test_an_unknown_film_and_a_future_time_are_refused_in_place(self, service, clock):
        good = Event("f1", EventKind.LIKE, 1.0, clock.now_ms())
        unknown = Event("nope", EventKind.LIKE, 1.0, clock.now_ms())
        ahead = Event("f2", EventKind.LIKE, 1.0, clock.now_ms() + 301_000)
        results = service.feedback([FeedbackCommand("ann", event) for event in (unknown, good, ahead)])
        assert isinstance(results[0], UnknownFilm)
        assert isinstance(results[1], Receipt)
        assert isinstance(results[2], InvalidRequest)
        assert results[2].pointer == "/ts"

    def test_store_down_is_an_error(self, service, state, clock):
        state.down = True
        with pytest.raises(StateUnavailable):
            service.feedback([FeedbackCommand("ann", Event("f1", EventKind.LIKE, 1.0, clock.now_ms()))])


class TestPages:
    def test_never_repeat_a_film_while_feedback_comes_in(self, service):
        like(service, "f1")
        seen, cursor = [], None
        for page in range(6):
            answer = ask(service, user_id="ann", k=20, cursor=cursor)
            seen += [item["item_id"] for item in answer["items"]]
            like(service, f"f{page + 30}")
            cursor = answer["next_cursor"]
            if cursor is None:
                break
        assert cursor is None
        assert len(seen) == len(set(seen))
        assert len(seen) > 100

    def test_a_dislike_between_pages_counts(self, service):
        like(service, "f1")
        first = ask(service, user_id="ann", k=5)
        expected = ask(service, user_id="ann", k=5, cursor=first["next_cursor"])["items"][0]["item_id"]
        like(service, expected, EventKind.DISLIKE)
        second = ask(service, user_id="ann", k=5, cursor=first["next_cursor"])
        assert expected not in [item["item_id"] for item in second["items"]]

    def test_k_may_change_between_pages_but_not_the_question(self, service):
        cursor = ask(service, user_id="ann", k=5)["next_cursor"]
        assert len(ask(service, user_id="ann", k=7, cursor=cursor)["items"]) == 7
        with pytest.raises(BadCursor):
            ask(service, user_id="bob", k=5, cursor=cursor)
        with pytest.raises(BadCursor):
            ask(service, user_id="ann", k=5, query="film", cursor=cursor)


class TestDegraded:
    def test_state_down_is_answered_as_for_a_stranger(self, service, state):
        like(service, "f1")
        state.down = True
        answer = ask(service, user_id="ann", k=5)
        assert answer["degraded"] == ["state: the store is locked"]
        assert answer["strategy"] == "popular"
        assert len(answer["items"]) == 5


class TestOtherQuestions:
    def test_similar(self, service):
        answer = service.similar("f1", None, 10)
        assert answer["title"] == "Film 1"
        assert "f1" not in [item["item_id"] for item in answer["items"]]
        assert np.mean([int(item["item_id"][1:]) % 3 == 1 for item in answer["items"]]) >= 0.9
        assert service.similar(None, 1_001, 10) == answer

    def test_unknown_films(self, service):
        for question in (lambda: service.similar("nope", None, 5), lambda: service.similar(None, 5, 5)):
            with pytest.raises(UnknownFilm, match="GET /films"):
                question()
        with pytest.raises(UnknownFilm):
            service.film("nope")

    def test_from_films(self, service):
        answer = service.from_films(["f1", "nope"], [1_004], 5)
        assert answer["ignored_ids"] == ["nope"]
        line = answer["recommendations"][0]
        assert line["movie_id"] >= 1_000
        assert line["title"].endswith(")")
        assert 0 <= line["affinity_score"] <= 1
        with pytest.raises(AllSeedsUnknown):
            service.from_films(["nope"], [], 5)

    def test_film_and_films_and_catalogue(self, service):
        assert service.film("f3")["overview"] == "Somebody rides on."
        assert [item["title"] for item in service.films("film 11", 3)["items"]] == ["Film 11", "Film 110", "Film 111"]
        facts = service.catalogue()
        assert facts["films"] == 120
        assert sum(entry["films"] for entry in facts["languages"]) == 119

    def test_export_and_erase(self, service):
        assert service.export("ann") is None
        like(service, "f1")
        export = service.export("ann")
        assert export["profile"]["seen"] == ["f1"]
        assert export["profile"]["history"][0]["event"] == "like"
        assert export["profile"]["taste"]["traits"]
        assert service.erase("ann")
        assert not service.erase("ann")

    def test_ready_names_what_is_wrong(self, service, state, releases, clock):
        deadline = Deadline.within(clock, 1)
        assert service.ready(True, deadline) == {"bundle": "ok", "state": "ok", "search": "ok"}
        state.down, releases.release.search.down = True, True
        assert service.ready(True, deadline) == {"bundle": "ok", "state": "the store is locked", "search": "timeout"}

        def missing():
            raise BundleMissing("no bundle")

        releases.current = missing
        assert service.ready(False, deadline)["bundle"] == "no bundle"

    def test_trace_carries_evidence(self, service):
        like(service, "f1")
        ranking = service.trace(Request(user_id="ann", k=3))
        assert ranking.picks[0].signals
        assert set(ranking.trace) == {"taste", "retrieval", "rank", "diversify", "reasons"}
