"""The meaning of a query: which words are encoded, and that vectors of another model are not compared."""

from dataclasses import dataclass, field

import numpy as np

from services.recommender.domain.request import Request
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, Release
from tests.builders import HashEncoder, ManualClock, NumpySearch, make_bundle


@dataclass
class RecordingEncoder(HashEncoder):
    """An encoder that records the texts it encodes."""

    texts: list[str] = field(default_factory=list)

    def encode(self, texts: list[str], deadline: Deadline | None = None) -> np.ndarray:
        self.texts += texts
        return super().encode(texts)


def ask(query: str, encoder: HashEncoder, **options: object):
    bundle = make_bundle()
    pipeline = Pipeline(Release(bundle, NumpySearch(bundle)), encoder)
    return pipeline.rank(Request(query=query, k=5, **options), None, Deadline.within(ManualClock(), 1.0))


def test_only_words_outside_conditions_are_encoded():
    encoder = RecordingEncoder()
    ask("funny films from the 90s about a heist in winter", encoder)
    assert encoder.texts == ["heist in winter"]


def test_a_query_of_conditions_alone_is_not_encoded():
    encoder = RecordingEncoder()
    assert ask("comedies from the 90s", encoder).degraded == ()
    assert encoder.texts == []


def test_vectors_of_another_model_are_not_compared():
    encoder = RecordingEncoder(encoder_id="another")
    ranking = ask("a heist in winter", encoder)
    assert encoder.texts == []
    assert "the films' vectors are of 'test-encoder', the encoder is 'another'" in ranking.degraded[0]
