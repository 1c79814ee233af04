"""The Bedrock explainer over HTTP at a stand-in: what it asks, what it believes, keeps, counts and gives up."""

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
    with Bedrock() as made:
        yield made


def soon() -> Deadline:
    return Deadline.within(ManualClock(), PATIENCE_S)


def template(page: Page) -> tuple[str, ...]:
    return TemplateExplainer().explain(page, soon()).sentences


def test_one_call_a_page_with_all_that_is_said_of_it(bedrock: Bedrock) -> None:
    page = page_of(range(5))
    told = explainer_at(bedrock.url).explain(page, soon())
    (asked,) = bedrock.asked
    assert asked["system"] == [{"text": INSTRUCTIONS}]
    block = json.loads(asked["messages"][0]["content"][0]["text"])
    assert block["person"] == {"genres": ["Crime", "Drama"], "favourites": ["Collateral (2004)"]}
    assert [film["id"] for film in block["films"]] == ["f1", "f2", "f3", "f4", "f5"]
    assert block["films"][0]["overview"] == "Somebody rides on."
    assert block["films"][0]["reasons"] == [reason.text for reason in page.evidence[0].reasons]
    form = asked["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert json.loads(form["schema"]) == SCHEMA
    assert asked["inferenceConfig"]["maxTokens"] == most_tokens(5)
    assert (told.degraded, told.counts["model"], told.counts["template"]) == ((), 5, 0)
    assert not set(told.sentences) & set(template(page))


def test_instructions_and_form_are_the_same_whatever_is_asked(bedrock: Bedrock) -> None:
    explainer = explainer_at(bedrock.url)
    for films in (range(3), range(30, 42)):
        explainer.explain(page_of(films), soon())
    first, second = bedrock.asked
    assert first["system"] == second["system"]
    assert first["outputConfig"] == second["outputConfig"]


def test_a_model_without_structured_output_must_use_a_tool(bedrock: Bedrock) -> None:
    told = explainer_at(bedrock.url, name=BY_TOOL, by_tool=True).explain(page_of(range(5)), soon())
    assert bedrock.asked[0]["toolConfig"]["toolChoice"] == {"tool": {"name": "sentences"}}
    assert told.counts["model"] == 5


def test_a_guardrail_is_named_with_its_version(bedrock: Bedrock) -> None:
    explainer_at(bedrock.url, guardrail=("gr-1", "3")).explain(page_of(range(2)), soon())
    assert bedrock.asked[0]["guardrailConfig"] == {"guardrailIdentifier": "gr-1", "guardrailVersion": "3"}


def test_the_same_evidence_is_written_about_once_for_everybody(bedrock: Bedrock) -> None:
    store = Memory()
    first = explainer_at(bedrock.url, store).explain(page_of(range(6)), soon())
    again = explainer_at(bedrock.url, store).explain(page_of([3, 1, 5]), soon())
    assert len(bedrock.asked) == 1
    assert again.sentences == tuple(first.sentences[at] for at in (3, 1, 5))
    assert (again.counts["cached"], again.counts["template"], again.degraded) == (3, 0, ())


def test_only_what_is_missing_is_asked_for(bedrock: Bedrock) -> None:
    explainer = explainer_at(bedrock.url)
    explainer.explain(page_of(range(4)), soon())
    explainer.explain(page_of(range(2, 7)), soon())
    assert [len(json.loads(each["messages"][0]["content"][0]["text"])["films"]) for each in bedrock.asked] == [4, 3]


@pytest.mark.parametrize("change", [{"name": BY_TOOL, "by_tool": True}, {"guardrail": ("gr-1", "3")}])
def test_another_model_or_guardrail_writes_anew(bedrock: Bedrock, change: dict[str, object]) -> None:
    store = Memory()
    for changes in ({}, change):
        explainer_at(bedrock.url, store, **changes).explain(page_of(range(3)), soon())
    assert len(bedrock.asked) == 2


def test_other_evidence_for_the_same_film_is_another_sentence(bedrock: Bedrock) -> None:
    explainer = explainer_at(bedrock.url)
    for film in ("Collateral (2004)", "Thief (1981)"):
        told = explainer.explain(Page((Evidence("Heat", 1995, ("Crime",), (liked(film),), "6"),)), soon())
        assert film in told.sentences[0]
    assert len(bedrock.asked) == 2


def test_films_beyond_the_first_twenty_are_the_templates(bedrock: Bedrock) -> None:
    page = page_of(range(MOST_FILMS + 10))
    told = explainer_at(bedrock.url).explain(page, soon())
    assert (told.counts["model"], told.counts["template"], told.degraded) == (MOST_FILMS, 10, ())
    assert len(told.sentences) == MOST_FILMS + 10


def test_what_does_not_match_a_search_is_told_in_fixed_words(bedrock: Bedrock) -> None:
    reason = Reason(ReasonKind.NEAREST, "Closest to your query", "a heist", 0.0)
    page = Page((Evidence("Heat", 1995, (), (reason,), "6"),))
    told = explainer_at(bedrock.url).explain(page, soon())
    assert (told.sentences, bedrock.asked) == (template(page), [])


def test_a_sentence_that_can_not_be_shown_is_replaced_and_not_asked_for_again(bedrock: Bedrock) -> None:
    page = page_of(range(6))
    bedrock.mood = "twice"
    explainer = explainer_at(bedrock.url)
    told = explainer.explain(page, soon())
    assert told.sentences[0] == template(page)[0]
    assert (told.counts["replaced"], told.degraded) == (1, ())
    again = explainer.explain(page, soon())
    assert again.sentences == told.sentences
    assert len(bedrock.asked) == 1


def test_a_call_of_which_nothing_is_of_use_is_made_again_for_the_next_page(bedrock: Bedrock) -> None:
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
def test_whatever_goes_wrong_is_named_and_the_template_speaks(bedrock: Bedrock, mood: str, why: str) -> None:
    bedrock.mood = mood
    page = page_of(range(6))
    told = explainer_at(bedrock.url).explain(page, soon())
    (reason,) = told.degraded
    assert reason.startswith(why)
    assert "arn:" not in reason
    if mood != "left out":
        assert told.sentences == template(page)


def test_silence_is_given_up_at_the_deadline(bedrock: Bedrock) -> None:
    bedrock.mood = "late"
    page = page_of(range(3))
    # The stand-in speaks only when it is closed: whoever comes back before has given it up.
    told = explainer_at(bedrock.url, timeout_s=PATIENCE_S).explain(page, Deadline.within(ManualClock(), 3 * HASTE_S))
    assert (told.sentences, told.degraded) == (template(page), ("late",))


def test_where_no_time_is_left_nobody_is_asked_and_nothing_is_counted(bedrock: Bedrock) -> None:
    store = Memory()
    told = explainer_at(bedrock.url, store).explain(page_of(range(3)), Deadline.within(ManualClock(), 0.2))
    assert (told.degraded, bedrock.asked) == (("late",), [])
    assert set(store.tokens.values()) <= {0}


def test_nobody_there_is_told(bedrock: Bedrock) -> None:
    bedrock.close()
    told = explainer_at(bedrock.url).explain(page_of(range(3)), soon())
    assert told.degraded == ("down",)


def test_a_model_that_keeps_failing_is_left_alone_for_a_while(bedrock: Bedrock) -> None:
    clock = ManualClock()
    explainer = explainer_at(bedrock.url, clock=clock)
    bedrock.mood = "unavailable"
    for _ in range(7):
        explainer.explain(page_of(range(2)), soon())
    assert len(bedrock.asked) == 5
    bedrock.mood = "honest"
    clock.advance(60)
    assert explainer.explain(page_of(range(2)), soon()).degraded == ()


def test_tokens_are_reserved_before_and_what_was_not_used_is_given_back(bedrock: Bedrock) -> None:
    store = Memory()
    told = explainer_at(bedrock.url, store).explain(page_of(range(5)), soon())
    used = told.counts["input_tokens"] + told.counts["output_tokens"]
    assert sum(store.tokens.values()) == used > 0
    dollars = (told.counts["input_tokens"] * 1.0 + told.counts["output_tokens"] * 5.0) / 1e6
    assert told.counts["usd"] == pytest.approx(dollars)


def test_tokens_beyond_what_was_reserved_are_counted(bedrock: Bedrock, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of titles in a script of which a character is several tokens."""
    monkeypatch.setattr("services.adapters.explain.bedrock.estimated_tokens", lambda _block, _films: 10)
    store = Memory()
    told = explainer_at(bedrock.url, store).explain(page_of(range(5)), soon())
    assert sum(store.tokens.values()) == told.counts["input_tokens"] + told.counts["output_tokens"] > 10


def test_when_the_days_tokens_are_used_up_the_template_takes_over_until_tomorrow(bedrock: Bedrock) -> None:
    clock, store = ManualClock(), Memory()
    explainer = explainer_at(bedrock.url, store, clock, daily_tokens=4_000)
    pages = [explainer.explain(page_of(range(at, at + 5)), soon()) for at in range(0, 200, 5)]
    spent = [at for at, told in enumerate(pages) if told.degraded]
    assert spent
    assert {pages[at].degraded for at in spent} == {("the day's tokens are used up",)}
    assert pages[spent[-1]].counts["budget_pct"] == 100
    assert sum(store.tokens.values()) <= 4_000
    clock.advance(86_400)
    assert explainer.explain(page_of(range(200, 205)), soon()).degraded == ()


def test_tokens_that_can_not_be_counted_are_not_used(bedrock: Bedrock) -> None:
    told = explainer_at(bedrock.url, Memory(down=True)).explain(page_of(range(3)), soon())
    assert (told.degraded, bedrock.asked) == (("the day's tokens cannot be counted",), [])


def test_what_a_throttled_call_reserved_is_given_back(bedrock: Bedrock) -> None:
    bedrock.mood = "throttled"
    store = Memory()
    explainer_at(bedrock.url, store).explain(page_of(range(3)), soon())
    assert sum(store.tokens.values()) == 0


def test_an_estimate_is_no_less_than_what_a_page_takes(bedrock: Bedrock) -> None:
    told = explainer_at(bedrock.url).explain(page_of(range(20)), soon())
    block = bedrock.asked[0]["messages"][0]["content"][0]["text"]
    assert told.counts["input_tokens"] + told.counts["output_tokens"] <= estimated_tokens(block, 20)


def test_a_few_wait_for_the_model_and_the_others_do_not(bedrock: Bedrock) -> None:
    bedrock.mood = "late"
    explainer = explainer_at(bedrock.url)
    with ThreadPoolExecutor(MOST_CALLS) as threads:
        waiting = [threads.submit(explainer.explain, page_of([at]), soon()) for at in range(MOST_CALLS)]
        wait_for(lambda: len(bedrock.asked) == MOST_CALLS, "the calls that wait")
        assert explainer.explain(page_of([50]), soon()).degraded == ("busy",)
        bedrock.close()
        assert all(each.result().degraded for each in waiting)


def test_an_honest_model_falls_back_in_at_most_a_twentieth(bedrock: Bedrock) -> None:
    explainer = explainer_at(bedrock.url)
    counts = [explainer.explain(page_of(range(at, at + 20)), soon()).counts for at in range(0, 600, 20)]
    assert sum(each["template"] for each in counts) <= 0.05 * 600


def test_kept_sentences_are_those_that_were_checked(bedrock: Bedrock) -> None:
    store = Memory()
    explainer_at(bedrock.url, store).explain(page_of(range(20)), soon())
    told = explainer_at(bedrock.url, store).explain(page_of(range(20)), soon())
    for at, sentence in enumerate(told.sentences):
        if sentence in store.kept.values():
            assert complaint(sentence, evidence_of(at), record_of(at)) is None
