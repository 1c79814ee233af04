"""Sentences of a model, in a server process with a fake Bedrock on loopback."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.kit import Served, copy_home
from tests.patience import LONGEST_MS, eventually
from tests.servers.bedrock import MODEL, Bedrock


@pytest.fixture(scope="module")
def bedrock() -> Iterator[Bedrock]:
    with Bedrock() as fake:
        yield fake


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


def sentences_of(answer: dict[str, Any]) -> list[str]:
    """The sentences of an answer; fails if one is missing or too long."""
    sentences = [item["explanation"] for item in answer["items"]]
    assert all(sentence and len(sentence.split()) <= 22 for sentence in sentences)
    return sentences


def test_sentences_of_the_model_are_reused_for_other_requests(explaining: Served, bedrock: Bedrock) -> None:
    first = eventually(
        lambda: explaining.recommend(k=10, explain=True, liked=["1", "2"], diversity=0.11),
        lambda answer: not answer["degraded"],
        "an answer with the sentences of the model",
    )
    calls = len(bedrock.requests)
    assert calls >= 1
    # Another request with the same evidence: not cached, but with the same sentences and without a call.
    again = explaining.recommend(k=10, explain=True, liked=["1", "2"], diversity=0.110001)
    assert not again["cached"]
    assert sentences_of(again) == sentences_of(first)
    assert len(bedrock.requests) == calls


def test_feedback_keeps_the_sentences_with_unchanged_evidence(explaining: Served, bedrock: Bedrock) -> None:
    explaining.feedback("eve", "1")
    before = explaining.recommend(user_id="eve", k=20, explain=True)
    calls = len(bedrock.requests)
    explaining.feedback("eve", before["items"][-1]["item_id"], "click")
    after = explaining.recommend(user_id="eve", k=20, explain=True)
    assert not after["cached"]
    sentences_of(after)
    reasons = {item["item_id"]: (item["reason"], item["explanation"]) for item in before["items"]}
    unchanged = [item for item in after["items"] if reasons.get(item["item_id"], ("",))[0] == item["reason"]]
    if len(bedrock.requests) == calls:
        assert len(unchanged) == len(after["items"])
    assert all(reasons[item["item_id"]][1] == item["explanation"] for item in unchanged) or before["degraded"]


@pytest.mark.parametrize(
    "mood", ["throttled", "extra names", "half json", "filtered", "10,000 words", "hangs up", "late"]
)
def test_a_failing_model_only_degrades_the_sentences(home: Path, bedrock: Bedrock, mood: str) -> None:
    bedrock.mood = mood
    env = {"BEDROCK_MODEL": MODEL, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock.url, "EXPLAIN_TIMEOUT_MS": "600"}
    with Served(home, env=env) as server:
        answer = server.recommend(k=5, explain=True)
        sentences_of(answer)
        assert [reason for reason in answer["degraded"] if reason.startswith("explain: ")]
        assert server.recommend(k=5)["degraded"] == []
        assert server.client.get("/health/live").status_code == 200


def test_an_invalid_model_is_refused_at_the_start(home: Path) -> None:
    from tests.e2e.kit import marquee

    done = marquee(home, "serve", env={"BEDROCK_MODEL": "not a model", "REQUEST_DEADLINE_MS": str(LONGEST_MS)})
    assert done.returncode != 0
    assert "BEDROCK_MODEL" in done.stderr
    done = marquee(
        home, "serve", env={"BEDROCK_MODEL": "anthropic.claude-haiku-4-5-20251001-v1:0", "AWS_REGION": "eu-west-1"}
    )
    assert "expected eu., us., au., jp. or global." in done.stderr
