"""One request and its answer: fields, cache, pages, and fallbacks while a part is down."""

import json
from dataclasses import dataclass, field

import pytest

from services.adapters.explain.template import TemplateExplainer
from services.recommender.cache import ALL_WORK, Work
from services.recommender.domain.history import EventKind
from services.recommender.domain.request import Request
from services.recommender.errors import BadCursor
from services.recommender.ports import Deadline, Page, PageSentences
from services.recommender.service import Options, Recommender
from tests.builders import FixedRelease, make_bundle, make_release
from tests.recommender.kit import RECOMMENDATION_ID, ask, like


class TestAnswer:
    def test_has_every_field_of_the_api(self, service):
        answer = ask(service, user_id="ann", k=3)
        assert set(answer) == {
            "user_id", "items", "model_version", "index_version", "strategy", "degraded", "next_cursor",
            "ignored_ids", "cached", "recommendation_id",
        }  # fmt: skip
        assert set(answer["items"][0]) == {
            "item_id",
            "title",
            "year",
            "genres",
            "tmdb_id",
            "imdb_id",
            "score",
            "reason",
        }
        assert answer["recommendation_id"] == RECOMMENDATION_ID

    def test_explain_adds_a_sentence_and_the_signals(self, service):
        like(service, "f1")
        item = ask(service, user_id="ann", k=3, explain=True)["items"][0]
        assert 3 <= len(item["explanation"].split()) <= 22
        assert item["explanation"].endswith(".")
        assert item["signals"]["collaborative"] > 0

    def test_an_unknown_year_is_null(self, service):
        items = ask(service, k=100, exclude_item_ids=tuple(f"f{i}" for i in range(80)))["items"]
        assert next(item for item in items if item["item_id"] == "f119")["year"] is None


class TestCache:
    def test_the_second_answer_equals_the_first_except_for_the_flag(self, service):
        fresh, cached = ask(service, user_id="ann", k=5), ask(service, user_id="ann", k=5)
        assert (fresh.pop("cached"), cached.pop("cached")) == (False, True)
        assert fresh == cached

    @pytest.mark.parametrize(
        "change",
        [{"k": 6}, {"diversity": 0.5}, {"query": "film"}, {"exclude_item_ids": ("f1",)}, {"explain": True}],
    )
    def test_another_request_is_not_answered_from_it(self, service, change):
        ask(service, user_id="ann", k=5)
        assert not ask(service, **{"user_id": "ann", "k": 5, **change})["cached"]

    @pytest.mark.parametrize(
        ("cached", "request_", "stored"),
        [
            (Work.SEARCHED, {"user_id": "ann"}, False),
            (Work.SEARCHED, {"user_id": "ann", "explain": True}, False),
            (Work.SEARCHED, {"user_id": "ann", "query": "film"}, True),
            (Work.SEARCHED, {"liked": ("f1",)}, True),
            (Work.EXPLAINED, {"user_id": "ann", "query": "film"}, False),
            (Work.EXPLAINED, {"user_id": "ann", "explain": True}, True),
            (Work(0), {"user_id": "ann", "query": "film", "explain": True}, False),
            (ALL_WORK, {"user_id": "ann"}, True),
        ],
    )
    def test_only_answers_that_took_expensive_work_are_stored(self, service, cached, request_, stored):
        service.options = Options(cached=cached)
        answers = [ask(service, **request_)["cached"] for _ in range(2)]
        assert answers == [False, stored]
        assert service.recommend(Request(**request_)).cacheable is stored, "only these count for the ratio of hits"

    def test_requests_with_liked_films_by_any_id_are_searched(self):
        assert all(Work.SEARCHED in Work.of(Request(**given)) for given in ({"liked": ("f1",)}, {"tmdb_ids": (1,)}))

    def test_another_person_is_not_answered_from_it(self, service):
        ask(service, user_id="ann")
        assert not ask(service, user_id="bob")["cached"]

    def test_feedback_invalidates_it(self, service):
        ask(service, user_id="ann")
        like(service, "f1")
        assert not ask(service, user_id="ann")["cached"]

    def test_a_new_release_invalidates_it(self, service, releases):
        ask(service, user_id="ann")
        releases.release = make_release(make_bundle(version="v2"))
        assert not ask(service, user_id="ann")["cached"]

    def test_degraded_answers_are_not_cached(self, service, releases, state):
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


class TestPages:
    def test_never_repeat_a_film_even_if_feedback_arrives_in_between(self, service):
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

    def test_k_may_change_between_pages_but_not_the_rest_of_the_request(self, service):
        cursor = ask(service, user_id="ann", k=5)["next_cursor"]
        assert len(ask(service, user_id="ann", k=7, cursor=cursor)["items"]) == 7
        with pytest.raises(BadCursor):
            ask(service, user_id="bob", k=5, cursor=cursor)
        with pytest.raises(BadCursor):
            ask(service, user_id="ann", k=5, query="film", cursor=cursor)


class TestDegraded:
    def test_without_the_store_a_person_is_answered_like_an_unknown_one(self, service, state):
        like(service, "f1")
        state.down = True
        answer = ask(service, user_id="ann", k=5)
        assert answer["degraded"] == ["state: the store is locked"]
        assert answer["strategy"] == "popular"
        assert len(answer["items"]) == 5


@dataclass
class OddExplainer:
    """The explainer port: writes the title as the sentence, may be down, and records its deadlines and pages."""

    prompt_version: str = "odd-1"
    down: bool = False
    seconds_left: list[float] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)

    def explain(self, page: Page, deadline: Deadline) -> PageSentences:
        self.seconds_left.append(deadline.remaining())
        self.pages.append(page)
        sentences = tuple(f"{film.title}." for film in page.evidence)
        return PageSentences(sentences, ("no words",) if self.down else (), {"template": len(sentences)})


class TestParts:
    """What comes with each question, and the explainer's share."""

    @pytest.fixture
    def explainer(self):
        return OddExplainer()

    @pytest.fixture
    def answered(self, state, clock, explainer):
        service = Recommender(FixedRelease(make_release()), state, None, explainer, clock)

        def answered(options=None, **request):
            service.options = options or Options()
            return service.recommend(Request(**request), Deadline.within(clock, 1.2))

        return answered

    def test_a_degraded_explainer_is_reported_and_nothing_is_cached(self, answered, explainer, state):
        explainer.down = True
        answer = answered(k=3, explain=True)
        assert answer.degraded == ("explain: no words",)
        assert answer.sentence_counts == {"template": 3}
        items = json.loads(answer.render(RECOMMENDATION_ID))["items"]
        assert [item["explanation"] for item in items] == [f"{item['title']}." for item in items]
        assert state.cache == {}

    def test_an_explainer_can_read_film_records_and_the_persons_likings(self, answered, explainer):
        answered(k=3, explain=True, liked=("f4", "f1"))
        page = explainer.pages[0]
        (record,) = page.records(page.evidence[1:2])
        assert record.overview == "Somebody rides on."
        assert record.runtime > 0
        assert set(page.likings().favourites) == {"Film 4 (1978)", "Film 1 (1957)"}
        assert page.likings().genres == ("Science Fiction", "Action")

    def test_a_new_prompt_invalidates_only_answers_with_sentences(self, answered, explainer):
        for explain in (False, True):
            answered(k=3, explain=explain)
        explainer.prompt_version = "odd-2"
        assert answered(k=3).cached
        assert not answered(k=3, explain=True).cached

    def test_options_apply_to_their_own_request(self, answered, explainer, state):
        answered(Options(cache_ttl_s=0, explain_deadline_s=0.5), k=3, explain=True)
        assert state.cache == {}
        answered(k=3, explain=True)
        assert explainer.seconds_left == [0.5, 6.0]
        assert answered(k=3, explain=True).cached
        assert not answered(Options(cache_ttl_s=0), k=3, explain=True).cached

    def test_only_the_stages_that_ran_are_listed(self, answered):
        ranked = {"taste", "retrieval", "rank", "diversify", "reasons"}
        assert set(answered(k=3).stages) == {"state", "answer", *ranked}
        assert set(answered(k=3, explain=True).stages) == {"state", "explain", "answer", *ranked}
        assert set(answered(k=3).stages) == {"state"}
