"""The Bedrock explainer over HTTP against a fake: requests, checks, stored sentences, token budget and failures."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.adapters.explain.bedrock import MOST_CALLS, MOST_FILMS
from services.adapters.explain.prompt import INSTRUCTIONS, SCHEMA, estimated_tokens, most_tokens
from services.adapters.explain.template import TemplateExplainer
from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.ports import Deadline, Evidence, Page
from services.recommender.sentences.check import complaint
from tests.adapters.explain.kit import Memory, evidence_of, explainer_at, liked, page_of, record_of
from tests.builders import ManualClock
from tests.patience import HASTE_S, PATIENCE_S, wait_for
from tests.servers.bedrock import BY_TOOL, Bedrock


@pytest.fixture
def bedrock() -> Iterator[Bedrock]:
    with Bedrock() as server:
        yield server


def soon() -> Deadline:
    return Deadline.within(ManualClock(), PATIENCE_S)


def template(page: Page) -> tuple[str, ...]:
    return TemplateExplainer().explain(page, soon()).sentences


def test_a_page_is_one_call_with_its_whole_evidence(bedrock: Bedrock) -> None:
    page = page_of(range(5))
    result = explainer_at(bedrock.url).explain(page, soon())
    (request,) = bedrock.requests
    assert request["system"] == [{"text": INSTRUCTIONS}]
    block = json.loads(request["messages"][0]["content"][0]["text"])
    assert block["person"] == {"genres": ["Crime", "Drama"], "favourites": ["Collateral (2004)"]}
    assert [film["id"] for film in block["films"]] == ["f1", "f2", "f3", "f4", "f5"]
    assert block["films"][0]["overview"] == "Somebody rides on."
    assert block["films"][0]["reasons"] == [reason.text for reason in page.evidence[0].reasons]
    form = request["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert json.loads(form["schema"]) == SCHEMA
    assert request["inferenceConfig"]["maxTokens"] == most_tokens(5)
    assert (result.degraded, result.counts["model"], result.counts["template"]) == ((), 5, 0)
    assert not set(result.sentences) & set(template(page))


def test_instructions_and_schema_do_not_depend_on_the_page(bedrock: Bedrock) -> None:
    explainer = explainer_at(bedrock.url)
    for films in (range(3), range(30, 42)):
        explainer.explain(page_of(films), soon())
    first, second = bedrock.requests
    assert first["system"] == second["system"]
    assert first["outputConfig"] == second["outputConfig"]


def test_a_model_without_structured_output_must_use_a_tool(bedrock: Bedrock) -> None:
    result = explainer_at(bedrock.url, name=BY_TOOL, by_tool=True).explain(page_of(range(5)), soon())
    assert bedrock.requests[0]["toolConfig"]["toolChoice"] == {"tool": {"name": "sentences"}}
    assert result.counts["model"] == 5


def test_a_guardrail_is_named_with_its_version(bedrock: Bedrock) -> None:
    explainer_at(bedrock.url, guardrail=("gr-1", "3")).explain(page_of(range(2)), soon())
    assert bedrock.requests[0]["guardrailConfig"] == {"guardrailIdentifier": "gr-1", "guardrailVersion": "3"}


def test_a_sentence_is_reused_for_the_same_evidence(bedrock: Bedrock) -> None:
    store = Memory()
    first = explainer_at(bedrock.url, store).explain(page_of(range(6)), soon())
    again = explainer_at(bedrock.url, store).explain(page_of([3, 1, 5]), soon())
    assert len(bedrock.requests) == 1
    assert again.sentences == tuple(first.sentences[at] for at in (3, 1, 5))
    assert (again.counts["cached"], again.counts["template"], again.degraded) == (3, 0, ())


def test_only_missing_sentences_are_requested(bedrock: Bedrock) -> None:
    explainer = explainer_at(bedrock.url)
    explainer.explain(page_of(range(4)), soon())
    explainer.explain(page_of(range(2, 7)), soon())
    assert [len(json.loads(request["messages"][0]["content"][0]["text"])["films"]) for request in bedrock.requests] == [
        4,
        3,
    ]


@pytest.mark.parametrize("change", [{"name": BY_TOOL, "by_tool": True}, {"guardrail": ("gr-1", "3")}])
def test_another_model_or_guardrail_does_not_reuse_sentences(bedrock: Bedrock, change: dict[str, object]) -> None:
    store = Memory()
    for changes in ({}, change):
        explainer_at(bedrock.url, store, **changes).explain(page_of(range(3)), soon())
    assert len(bedrock.requests) == 2


def test_other_evidence_for_the_same_film_gets_another_sentence(bedrock: Bedrock) -> None:
    explainer = explainer_at(bedrock.url)
    for film in ("Collateral (2004)", "Thief (1981)"):
        result = explainer.explain(Page((Evidence("Heat", 1995, ("Crime",), (liked(film),), "6"),)), soon())
        assert film in result.sentences[0]
    assert len(bedrock.requests) == 2


def test_films_beyond_the_first_twenty_get_template_sentences(bedrock: Bedrock) -> None:
    page = page_of(range(MOST_FILMS + 10))
    result = explainer_at(bedrock.url).explain(page, soon())
    assert (result.counts["model"], result.counts["template"], result.degraded) == (MOST_FILMS, 10, ())
    assert len(result.sentences) == MOST_FILMS + 10


def test_a_film_that_does_not_match_the_query_gets_a_template_sentence(bedrock: Bedrock) -> None:
    reason = Reason(ReasonKind.NEAREST, "Closest to your query", "a heist", 0.0)
    page = Page((Evidence("Heat", 1995, (), (reason,), "6"),))
    result = explainer_at(bedrock.url).explain(page, soon())
    assert (result.sentences, bedrock.requests) == (template(page), [])


def test_a_rejected_sentence_is_replaced_and_not_requested_again(bedrock: Bedrock) -> None:
    page = page_of(range(6))
    bedrock.mood = "twice"
    explainer = explainer_at(bedrock.url)
    result = explainer.explain(page, soon())
    assert result.sentences[0] == template(page)[0]
    assert (result.counts["replaced"], result.degraded) == (1, ())
    again = explainer.explain(page, soon())
    assert again.sentences == result.sentences
    assert len(bedrock.requests) == 1


def test_a_useless_call_is_repeated_for_the_next_page(bedrock: Bedrock) -> None:
    explainer = explainer_at(bedrock.url)
    bedrock.mood = "wrong ids"
    assert explainer.explain(page_of(range(4)), soon()).degraded
    bedrock.mood = "honest"
    assert explainer.explain(page_of(range(4)), soon()).counts["model"] == 4


@pytest.mark.parametrize(
    ("mood", "why"),
    [
        ("throttled", "throttled"), ("model timeout", "late"), ("unavailable", "unavailable"),
        ("model error", "the model failed"), ("filtered", "filtered"), ("guardrail", "filtered"),
        ("denied", "refused: the role is not allowed"), ("half json", "malformed"), ("prose", "malformed"),
        ("html", "malformed"), ("deep json", "malformed"), ("nothing", "malformed"), ("a megabyte", "unavailable"),
        ("another document", "malformed"), ("hangs up", "unavailable"), ("left out", "4 of 6 sentences"),
        ("extra names", "6 of 6 sentences"), ("no list", "malformed"),
    ],
)  # fmt: skip
def test_a_failure_is_named_and_the_template_takes_over(bedrock: Bedrock, mood: str, why: str) -> None:
    bedrock.mood = mood
    page = page_of(range(6))
    result = explainer_at(bedrock.url).explain(page, soon())
    (reason,) = result.degraded
    assert reason.startswith(why)
    assert "arn:" not in reason
    if mood != "left out":
        assert result.sentences == template(page)


def test_a_silent_model_is_given_up_at_the_deadline(bedrock: Bedrock) -> None:
    bedrock.mood = "late"
    page = page_of(range(3))
    # The fake only answers when it is closed, so a result before that means that the call was given up.
    result = explainer_at(bedrock.url, timeout_s=PATIENCE_S).explain(page, Deadline.within(ManualClock(), 3 * HASTE_S))
    assert (result.sentences, result.degraded) == (template(page), ("late",))


def test_with_no_time_left_no_call_is_made_and_no_tokens_are_counted(bedrock: Bedrock) -> None:
    store = Memory()
    result = explainer_at(bedrock.url, store).explain(page_of(range(3)), Deadline.within(ManualClock(), 0.2))
    assert (result.degraded, bedrock.requests) == (("late",), [])
    assert set(store.tokens.values()) <= {0}


def test_a_refused_connection_is_reported(bedrock: Bedrock) -> None:
    bedrock.close()
    result = explainer_at(bedrock.url).explain(page_of(range(3)), soon())
    assert result.degraded == ("down",)


def test_the_breaker_opens_after_repeated_failures(bedrock: Bedrock) -> None:
    clock = ManualClock()
    explainer = explainer_at(bedrock.url, clock=clock)
    bedrock.mood = "unavailable"
    for _ in range(7):
        explainer.explain(page_of(range(2)), soon())
    assert len(bedrock.requests) == 5
    bedrock.mood = "honest"
    clock.advance(60)
    assert explainer.explain(page_of(range(2)), soon()).degraded == ()


def test_tokens_are_reserved_and_the_unused_ones_returned(bedrock: Bedrock) -> None:
    store = Memory()
    result = explainer_at(bedrock.url, store).explain(page_of(range(5)), soon())
    used = result.counts["input_tokens"] + result.counts["output_tokens"]
    assert sum(store.tokens.values()) == used > 0
    dollars = (result.counts["input_tokens"] * 1.0 + result.counts["output_tokens"] * 5.0) / 1e6
    assert result.counts["usd"] == pytest.approx(dollars)


def test_tokens_beyond_the_reservation_are_counted(bedrock: Bedrock, monkeypatch: pytest.MonkeyPatch) -> None:
    """For example, titles in a script whose characters take several tokens each."""
    monkeypatch.setattr("services.adapters.explain.bedrock.estimated_tokens", lambda _block, _films: 10)
    store = Memory()
    result = explainer_at(bedrock.url, store).explain(page_of(range(5)), soon())
    assert sum(store.tokens.values()) == result.counts["input_tokens"] + result.counts["output_tokens"] > 10


def test_when_the_daily_tokens_are_used_up_the_template_takes_over_until_the_next_day(bedrock: Bedrock) -> None:
    clock, store = ManualClock(), Memory()
    explainer = explainer_at(bedrock.url, store, clock, daily_tokens=4_000)
    pages = [explainer.explain(page_of(range(at, at + 5)), soon()) for at in range(0, 200, 5)]
    spent = [at for at, page in enumerate(pages) if page.degraded]
    assert spent
    assert {pages[at].degraded for at in spent} == {("the day's tokens are used up",)}
    assert pages[spent[-1]].counts["budget_pct"] == 100
    assert sum(store.tokens.values()) <= 4_000
    clock.advance(86_400)
    assert explainer.explain(page_of(range(200, 205)), soon()).degraded == ()


def test_without_a_token_count_no_call_is_made(bedrock: Bedrock) -> None:
    result = explainer_at(bedrock.url, Memory(down=True)).explain(page_of(range(3)), soon())
    assert (result.degraded, bedrock.requests) == (("the day's tokens cannot be counted",), [])


def test_a_throttled_call_returns_its_tokens(bedrock: Bedrock) -> None:
    bedrock.mood = "throttled"
    store = Memory()
    explainer_at(bedrock.url, store).explain(page_of(range(3)), soon())
    assert sum(store.tokens.values()) == 0


def test_the_token_estimate_is_an_upper_bound(bedrock: Bedrock) -> None:
    result = explainer_at(bedrock.url).explain(page_of(range(20)), soon())
    block = bedrock.requests[0]["messages"][0]["content"][0]["text"]
    assert result.counts["input_tokens"] + result.counts["output_tokens"] <= estimated_tokens(block, 20)


def test_concurrent_calls_are_limited_and_further_pages_do_not_wait(bedrock: Bedrock) -> None:
    bedrock.mood = "late"
    explainer = explainer_at(bedrock.url)
    with ThreadPoolExecutor(MOST_CALLS) as threads:
        waiting = [threads.submit(explainer.explain, page_of([at]), soon()) for at in range(MOST_CALLS)]
        wait_for(lambda: len(bedrock.requests) == MOST_CALLS, "the waiting calls")
        assert explainer.explain(page_of([50]), soon()).degraded == ("busy",)
        bedrock.close()
        assert all(future.result().degraded for future in waiting)


def test_an_honest_model_falls_back_for_at_most_one_film_in_twenty(bedrock: Bedrock) -> None:
    explainer = explainer_at(bedrock.url)
    counts = [explainer.explain(page_of(range(at, at + 20)), soon()).counts for at in range(0, 600, 20)]
    assert sum(count["template"] for count in counts) <= 0.05 * 600


def test_stored_sentences_pass_the_check(bedrock: Bedrock) -> None:
    store = Memory()
    explainer_at(bedrock.url, store).explain(page_of(range(20)), soon())
    result = explainer_at(bedrock.url, store).explain(page_of(range(20)), soon())
    for at, sentence in enumerate(result.sentences):
        if sentence in store.sentences.values():
            assert complaint(sentence, evidence_of(at), record_of(at)) is None
