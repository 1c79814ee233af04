"""The Bedrock encoders against throttled, late, wrong, malformed and refused answers."""

import json
from collections.abc import Iterator

import numpy as np
import pytest

from services.adapters.breaker import FAILURES
from services.adapters.embed.bedrock.bedrock_client import BedrockClient, BedrockLocation
from services.adapters.embed.bedrock.bedrock_failures import BedrockFailure
from services.adapters.embed.bedrock.embedding_models import LONGEST_TEXT, NOVA, TITAN, EmbeddingModel, Use, model_of
from services.adapters.embed.bedrock.film_encoder import BedrockFilms
from services.adapters.embed.bedrock.query_encoder import BedrockQueries
from services.bootstrap import SystemClock
from services.recommender.errors import EncoderUnavailable
from services.recommender.ports import Deadline
from tests.bedrock.server import Bedrock, bedrock, broken, changed, denied, throttled
from tests.builders import ManualClock
from tests.patience import HASTE_S, PATIENCE_S

BAD_VECTORS = {
    "too short": changed(lambda vector: vector[:-1]),
    "too long": changed(lambda vector: [*vector, 0.0]),
    "empty": changed(lambda vector: []),
    "NaN": changed(lambda vector: [float("nan"), *vector[1:]]),
    "infinite": changed(lambda vector: [float("inf"), *vector[1:]]),
    "all zero": changed(lambda vector: [0.0] * len(vector)),
    "strings": changed(lambda vector: [str(number) for number in vector]),
    "booleans": changed(lambda vector: [True, *vector[1:]]),
    "null": changed(lambda vector: None),
    "a number too large": changed(lambda vector: [10**400, *vector[1:]]),
    "half a document": lambda body: body[: len(body) // 2],
    "no JSON": lambda body: b"<html>502 Bad Gateway</html>",
    "a list": lambda body: b"[1, 2, 3]",
    "nothing": lambda body: b"",
    "deep nesting": lambda body: b"[" * 100_000,
    "bytes that are no UTF-8": lambda body: b"\xff\xfe" + body,
    "far too much": lambda body: json.dumps({"embedding": [0.1] * 400_000}).encode(),
}


@pytest.fixture
def service() -> Iterator[Bedrock]:
    with bedrock() as running:
        yield running


@pytest.fixture(params=[EmbeddingModel(TITAN, 256), EmbeddingModel(NOVA, 256)], ids=["titan", "nova"])
def client(request, service: Bedrock) -> BedrockClient:
    return BedrockClient(request.param, BedrockLocation(endpoint=service.url))


def queries(client: BedrockClient, clock=None) -> BedrockQueries:
    return BedrockQueries(client, clock or SystemClock(), PATIENCE_S)


def films(client: BedrockClient, slept: list[float], tries: int = 6) -> BedrockFilms:
    return BedrockFilms(client, slept.append, tries)


@pytest.mark.parametrize("bad", BAD_VECTORS)
def test_an_invalid_vector_is_refused(service, client, bad):
    service.always = BAD_VECTORS[bad]
    with pytest.raises(EncoderUnavailable) as caught:
        queries(client).encode(["a heist"])
    assert "heist" not in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "message"), [(throttled, "throttled"), (denied, "bedrock:InvokeModel"), (broken, "failed")]
)
def test_a_query_is_tried_once_and_the_failure_names_the_remedy(service, client, fault, message):
    service.faults = [fault]
    with pytest.raises(EncoderUnavailable, match=message):
        queries(client).encode(["a heist"])
    assert len(service.seen) == 1
    assert queries(client).encode(["a heist"]).shape == (1, 256)


def test_a_query_is_given_up_at_its_timeout(service, client):
    service.silent = True
    encoder = BedrockQueries(client, SystemClock(), HASTE_S)
    with pytest.raises(EncoderUnavailable, match="did not respond in time"):
        encoder.encode(["a heist"])


def test_a_query_is_given_up_at_the_deadline_of_the_request(service, client):
    service.silent = True
    with pytest.raises(EncoderUnavailable, match="did not respond in time"):
        queries(client).encode(["a heist"], Deadline.within(SystemClock(), HASTE_S))


def test_a_query_with_no_time_left_makes_no_call(service, client):
    clock = ManualClock()
    with pytest.raises(EncoderUnavailable, match="no time left"):
        queries(client, clock).encode(["a heist"], Deadline.within(clock, 0.0))
    assert service.seen == []


def test_the_breaker_opens_after_repeated_failures(service, client):
    clock, service.always = ManualClock(), broken
    encoder = queries(client, clock)
    for _ in range(FAILURES + 3):
        with pytest.raises(EncoderUnavailable):
            encoder.encode(["a heist"])
    assert len(service.seen) == FAILURES
    service.always = None
    clock.advance(60)
    assert encoder.encode(["a heist"]).shape == (1, 256)


def test_a_missing_server_is_reported_as_unavailable(service):
    encoder = queries(BedrockClient(EmbeddingModel(TITAN, 256), BedrockLocation(endpoint="http://127.0.0.1:9")))
    with pytest.raises(EncoderUnavailable, match="did not respond"):
        encoder.encode(["a heist"])


def test_missing_credentials_are_explained(monkeypatch, new_session):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(EncoderUnavailable, match="give this process a role"):
        queries(BedrockClient(EmbeddingModel(TITAN, 256), BedrockLocation("eu-west-1"))).encode(["a heist"])


def test_a_build_slows_down_when_it_is_throttled_and_speeds_up_again(service, client):
    slept: list[float] = []
    service.faults = [throttled, throttled, throttled]
    encoder = films(client, slept)
    assert encoder.encode(["one"]).shape == (1, 256)
    assert len(slept) == 3
    assert slept[0] < slept[2]
    slowest = encoder.pace.pause_s
    encoder.encode([str(number) for number in range(60)])
    assert encoder.pace.pause_s == 0.0 < slowest


def test_a_build_fails_after_its_last_attempt(service, client):
    service.always = throttled
    with pytest.raises(EncoderUnavailable, match="throttled"):
        films(client, [], tries=4).encode(["one", "two"])
    assert len(service.seen) == 4


def test_a_build_does_not_retry_a_denied_call(service, client):
    service.always = denied
    with pytest.raises(EncoderUnavailable, match="access denied"):
        films(client, []).encode(["one"])
    assert len(service.seen) == 1


@pytest.mark.parametrize("bad", ["NaN", "half a document", "no JSON"])
def test_a_build_retries_after_an_unreadable_answer(service, client, bad):
    service.faults = [BAD_VECTORS[bad]]
    assert films(client, []).encode(["one"]).shape == (1, 256)


def test_films_and_queries_name_their_purpose(service):
    client = BedrockClient(EmbeddingModel(NOVA, 384), BedrockLocation(endpoint=service.url))
    client.vector("a heist", Use.FILM, PATIENCE_S)
    client.vector("a heist", Use.QUERY, PATIENCE_S)
    purposes = [body["singleEmbeddingParams"]["embeddingPurpose"] for _, body in service.seen]
    assert purposes == ["GENERIC_INDEX", "TEXT_RETRIEVAL"]


def test_the_request_to_titan_names_length_and_normalisation(service):
    BedrockClient(EmbeddingModel(TITAN, 512), BedrockLocation(endpoint=service.url)).vector(
        "a heist", Use.FILM, PATIENCE_S
    )
    assert service.seen[0][1] == {
        "inputText": "a heist", "dimensions": 512, "normalize": True, "embeddingTypes": ["float"],
    }  # fmt: skip


@pytest.mark.parametrize("model", [EmbeddingModel(TITAN, 256), EmbeddingModel(NOVA, 384)])
def test_vectors_are_normalised(model):
    raw = [3.0, 4.0] + [0.0] * (model.dims - 2)
    body = {"embedding": raw} if model.family is TITAN else {"embeddings": [{"embedding": raw}]}
    vector = model.unit_of(body)
    assert vector[:2] == pytest.approx([0.6, 0.8])
    huge = model.read(json.dumps(body).replace("3.0", "3e300").replace("4.0", "4e300").encode())
    assert huge[:2] == pytest.approx([0.6, 0.8])


def test_a_text_is_cut_at_the_limit_of_the_model():
    request = json.loads(EmbeddingModel(TITAN, 256).request("x" * 60_000, Use.FILM))
    assert len(request["inputText"]) == LONGEST_TEXT


@pytest.mark.parametrize(
    ("name", "dims", "encoder_id"),
    [
        ("titan", None, "amazon.titan-embed-text-v2:0:1024"),
        ("titan", 256, "amazon.titan-embed-text-v2:0:256"),
        ("nova", None, "amazon.nova-2-multimodal-embeddings-v1:0:1024"),
        ("nova", 3_072, "amazon.nova-2-multimodal-embeddings-v1:0:3072"),
    ],
)
def test_the_id_names_model_and_length(name, dims, encoder_id):
    assert model_of(name, dims).encoder_id == encoder_id


@pytest.mark.parametrize(("name", "dims"), [("titan", 384), ("nova", 512), ("nova", 1)])
def test_a_length_that_the_model_does_not_support_is_refused(name, dims):
    with pytest.raises(EncoderUnavailable, match=f"ENCODER_DIMS = {dims}: .*256"):
        model_of(name, dims)


def test_a_failure_carries_its_kind(service, client):
    service.always = throttled
    with pytest.raises(BedrockFailure) as caught:
        client.vector("a heist", Use.QUERY, PATIENCE_S)
    assert (caught.value.transient, caught.value.throttled) == (True, True)
    assert np.isfinite(caught.value.retry_after)
