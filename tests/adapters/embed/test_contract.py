"""The contract of every text encoder: one suite for ONNX, Titan and Nova."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.adapters.embed.bedrock.bedrock_client import BedrockClient, BedrockLocation
from services.adapters.embed.bedrock.embedding_models import NOVA, TITAN, EmbeddingModel
from services.adapters.embed.bedrock.film_encoder import BedrockFilms
from services.adapters.embed.bedrock.query_encoder import BedrockQueries
from services.adapters.embed.onnx import load_encoder
from services.bootstrap import SystemClock
from services.recommender.ports import Deadline, TextEncoder
from tests.bedrock.server import Bedrock, bedrock
from tests.patience import PATIENCE_S

MODELS = {
    "onnx": lambda _: load_encoder(),
    "titan, films": lambda url: BedrockFilms(BedrockClient(EmbeddingModel(TITAN, 256), BedrockLocation(endpoint=url))),
    "nova, films": lambda url: BedrockFilms(BedrockClient(EmbeddingModel(NOVA, 384), BedrockLocation(endpoint=url))),
    "titan, queries": lambda url: BedrockQueries(
        BedrockClient(EmbeddingModel(TITAN, 512), BedrockLocation(endpoint=url)), SystemClock(), PATIENCE_S
    ),
    "nova, queries": lambda url: BedrockQueries(
        BedrockClient(EmbeddingModel(NOVA, 3_072), BedrockLocation(endpoint=url)), SystemClock(), PATIENCE_S
    ),
}


@pytest.fixture(scope="module")
def service() -> Iterator[Bedrock]:
    with bedrock() as running:
        yield running


@pytest.fixture(params=MODELS, scope="module")
def encoder(request: pytest.FixtureRequest, service: Bedrock) -> TextEncoder:
    return MODELS[request.param](service.url)


def test_each_text_has_a_unit_vector_in_the_order_of_the_texts(encoder):
    texts = ["a heist in a dream", "a fish in the sea", "a bank robbery"]
    vectors = encoder.encode(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, encoder.dims)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert np.array_equal(vectors[1:], encoder.encode(texts[1:]))


def test_no_texts_give_no_vectors(encoder):
    assert encoder.encode([]).shape == (0, encoder.dims)


def test_a_distant_deadline_changes_nothing(encoder):
    far = Deadline.within(SystemClock(), PATIENCE_S)
    assert np.array_equal(encoder.encode(["a heist"], far), encoder.encode(["a heist"]))


def test_texts_that_share_words_are_closer_than_others(encoder):
    heist, robbery, fish = encoder.encode(["a bank heist by thieves", "thieves rob a bank", "fish swim under water"])
    assert heist @ robbery > heist @ fish


def test_the_id_names_model_and_length(encoder):
    assert ":" in encoder.encoder_id
    assert encoder.dims in {256, 384, 512, 3_072}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=st.text(min_size=1, max_size=60).map(lambda text: f"x{text}"))
def test_any_text_has_a_finite_and_deterministic_vector(encoder, text):
    first, again = encoder.encode([text]), encoder.encode([text])
    assert np.isfinite(first).all()
    assert np.array_equal(first, again)


@pytest.mark.parametrize("text", ["x" * 60_000, "film " * 20_000, "\ud800 lone", "\x00", "日本の映画" * 2_000])
def test_overlong_and_malformed_texts_are_accepted(encoder, text):
    assert np.isfinite(encoder.encode([text])).all()
