"""The facade: feedback, and every request except recommendations (``test_recommend.py``)."""

import numpy as np
import pytest

from services.recommender.domain.history import Event, EventKind
from services.recommender.domain.request import Preset, Request, Strategy
from services.recommender.errors import (
    AllSeedsUnknown,
    BundleMissing,
    InvalidRequest,
    PresetUnavailable,
    StateUnavailable,
    UnknownFilm,
)
from services.recommender.ports import Deadline, FeedbackCommand, Receipt
from services.recommender.service import Options
from tests.builders import make_bundle, make_release
from tests.recommender.kit import ask, like


class TestFeedback:
    def test_a_like_changes_the_very_next_answer(self, service):
        before = ask(service, user_id="ann")
        like(service, "f1")
        after = ask(service, user_id="ann")
        assert after["strategy"] == "personal"
        assert [item["item_id"] for item in before["items"]] != [item["item_id"] for item in after["items"]]
        assert "f1" not in [item["item_id"] for item in after["items"]]

    def test_clear_cancels_a_like(self, service):
        before = ask(service, user_id="ann")
        like(service, "f1")
        like(service, "f1", EventKind.CLEAR)
        assert ask(service, user_id="ann")["items"] == before["items"]

    def test_unknown_films_and_future_times_are_refused_one_by_one(self, service, clock):
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


def test_warm_prepares_the_pipeline_before_the_first_request(service):
    service.warm()
    prepared = service._pipeline
    service.recommend(Request(k=1))
    assert service._pipeline is prepared is not None


class TestOtherRequests:
    def test_similar(self, service):
        answer = service.similar("f1", None, 10).document
        assert answer["title"] == "Film 1"
        assert "f1" not in [item["item_id"] for item in answer["items"]]
        assert np.mean([int(item["item_id"][1:]) % 3 == 1 for item in answer["items"]]) >= 0.9
        assert service.similar(None, 1_001, 10).document == answer
        assert answer["degraded"] == []

    def test_unknown_films(self, service):
        for request in (lambda: service.similar("nope", None, 5), lambda: service.similar(None, 5, 5)):
            with pytest.raises(UnknownFilm, match="GET /films"):
                request()
        with pytest.raises(UnknownFilm):
            service.film("nope")

    def test_from_films(self, service):
        answer = service.from_films(["f1", "nope"], [1_004], 5).document
        assert answer["ignored_ids"] == ["nope"]
        line = answer["recommendations"][0]
        assert line["movie_id"] >= 1_000
        assert line["title"].endswith(")")
        assert 0 <= line["affinity_score"] <= 1
        with pytest.raises(AllSeedsUnknown):
            service.from_films(["nope"], [], 5)

    def test_from_films_by_the_svd_preset_needs_factors(self, service):
        with pytest.raises(PresetUnavailable, match="--svd-k"):
            service.from_films(["f1"], [], 5, Preset.SVD)

    def test_film_and_films_and_catalogue(self, service):
        assert service.film("f3")["overview"] == "Somebody rides on."
        assert [item["title"] for item in service.films("film 11", 3)["items"]] == ["Film 11", "Film 110", "Film 111"]
        facts = service.catalogue()
        assert facts["films"] == 120
        assert sum(entry["films"] for entry in facts["languages"]) == 119

    def test_the_catalogues_facts_are_counted_once_per_release(self, service):
        facts = service.catalogue()
        assert service.catalogue() is facts
        service.releases.release = make_release(make_bundle(films=60))
        assert service.catalogue()["films"] == 60

    def test_export_and_erase(self, service):
        assert service.export("ann") is None
        like(service, "f1")
        export = service.export("ann")
        assert export["profile"]["seen"] == ["f1"]
        assert export["profile"]["history"][0]["event"] == "like"
        assert export["profile"]["taste"]["traits"]
        assert service.erase("ann")
        assert not service.erase("ann")

    def test_ready_names_each_failing_part(self, service, state, releases, clock):
        deadline = Deadline.within(clock, 1)
        assert service.ready(True, deadline) == {"bundle": "ok", "state": "ok", "search": "ok"}
        state.down, releases.release.search.down = True, True
        assert service.ready(True, deadline) == {"bundle": "ok", "state": "the store is locked", "search": "timeout"}

        def missing():
            raise BundleMissing("no bundle")

        releases.current = missing
        assert service.ready(False, deadline)["bundle"] == "no bundle"

    def test_trace_has_signals_and_stages(self, service):
        like(service, "f1")
        ranking = service.trace(Request(user_id="ann", k=3))
        assert ranking.items[0].signals
        assert set(ranking.trace) - {"knn"} == {"taste", "retrieval", "rank", "diversify", "reasons"}

    def test_trace_works_without_the_store(self, service, state):
        like(service, "f1")
        state.down = True
        assert service.trace(Request(user_id="ann", k=3)).strategy is Strategy.POPULAR

    def test_options_may_change_between_requests(self, service, state):
        service.options = Options(cache_ttl_s=0)
        ask(service, k=5)
        assert state.cache == {}
        service.options = Options()
        ask(service, k=5)
        assert len(state.cache) == 1
