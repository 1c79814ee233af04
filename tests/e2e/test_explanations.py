"""Sentences by a model, over HTTP, from a process of its own, with a stand-in for Bedrock on loopback."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.kit import Served, copy_home
from tests.patience import LONGEST_MS, eventually
from tests.servers.bedrock import MODEL, Bedrock


@pytest.fixture(scope="module")
def bedrock() -> Iterator[Bedrock]:
    with Bedrock() as made:
        yield made


@pytest.fixture(scope="module")
def explaining(sample_home: Path, tmp_path_factory: pytest.TempPathFactory, bedrock: Bedrock) -> Iterator[Served]:
    home = copy_home(sample_home, tmp_path_factory.mktemp("explaining") / "home")
    env = {"BEDROCK_MODEL": MODEL, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock.url, "EXPLAIN_TIMEOUT_MS": "5000"}
    with Served(home, env=env) as server:
        yield server


@pytest.fixture(autouse=True)
def honest_again(bedrock: Bedrock) -> Iterator[None]:
    yield
    bedrock.mood = "honest"


def told(answer: dict[str, Any]) -> list[str]:
    """The sentences of an answer: one for each film, none too long."""
    sentences = [item["explanation"] for item in answer["items"]]
    assert all(sentence and len(sentence.split()) <= 22 for sentence in sentences)
    return sentences


def test_a_model_writes_and_what_it_wrote_is_kept_for_everybody(explaining: Served, bedrock: Bedrock) -> None:
    first = eventually(
        lambda: explaining.recommend(k=10, explain=True, liked=["1", "2"], diversity=0.11),
        lambda answer: not answer["degraded"],
        "an answer that the model was in time for",
    )
    calls = len(bedrock.asked)
    assert calls >= 1
    # Another question with the same evidence: another answer, the same sentences, and nobody is asked.
    again = explaining.recommend(k=10, explain=True, liked=["1", "2"], diversity=0.110001)
    assert not again["cached"]
    assert told(again) == told(first)
    assert len(bedrock.asked) == calls


def test_a_like_leaves_the_sentences_that_it_does_not_touch(explaining: Served, bedrock: Bedrock) -> None:
    explaining.feedback("eve", "1")
    before = explaining.recommend(user_id="eve", k=20, explain=True)
    asked = len(bedrock.asked)
    explaining.feedback("eve", before["items"][-1]["item_id"], "click")
    after = explaining.recommend(user_id="eve", k=20, explain=True)
    assert not after["cached"]
    told(after)
    reasons = {item["item_id"]: (item["reason"], item["explanation"]) for item in before["items"]}
    same = [item for item in after["items"] if reasons.get(item["item_id"], ("",))[0] == item["reason"]]
    if len(bedrock.asked) == asked:
        assert len(same) == len(after["items"])
    assert all(reasons[item["item_id"]][1] == item["explanation"] for item in same) or before["degraded"]


@pytest.mark.parametrize(
    "mood", ["throttled", "extra names", "half json", "filtered", "10,000 words", "hangs up", "late"]
)
def test_a_model_that_fails_costs_its_sentences_and_nothing_else(home: Path, bedrock: Bedrock, mood: str) -> None:
    bedrock.mood = mood
    env = {"BEDROCK_MODEL": MODEL, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock.url, "EXPLAIN_TIMEOUT_MS": "600"}
    with Served(home, env=env) as server:
        answer = server.recommend(k=5, explain=True)
        told(answer)
        assert [reason for reason in answer["degraded"] if reason.startswith("explain: ")]
        assert server.recommend(k=5)["degraded"] == []
        assert server.client.get("/health/live").status_code == 200


def test_a_wrong_model_is_told_before_anything_is_served(home: Path) -> None:
    from tests.e2e.kit import marquee

    done = marquee(home, "serve", env={"BEDROCK_MODEL": "not a model", "REQUEST_DEADLINE_MS": str(LONGEST_MS)})
    assert done.returncode != 0
    assert "BEDROCK_MODEL" in done.stderr
    done = marquee(
        home, "serve", env={"BEDROCK_MODEL": "anthropic.claude-haiku-4-5-20251001-v1:0", "AWS_REGION": "eu-west-1"}
    )
    assert "expected eu., us., au., jp. or global." in done.stderr
