"""The meaning of a query: what is encoded, and that another model's vectors are not compared."""

from dataclasses import dataclass, field

import numpy as np

from services.recommender.domain.request import Request
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, Release
from tests.builders import HashEncoder, ManualClock, NumpySearch, make_bundle


@dataclass
class Listening(HashEncoder):
    """An encoder that remembers what it was given."""

    heard: list[str] = field(default_factory=list)

    def encode(self, texts: list[str], deadline: Deadline | None = None) -> np.ndarray:
        self.heard += texts
        return super().encode(texts)


def ask(query: str, encoder: HashEncoder, **options: object):
    bundle = make_bundle()
    pipeline = Pipeline(Release(bundle, NumpySearch(bundle)), encoder)
    return pipeline.rank(Request(query=query, k=5, **options), None, Deadline.within(ManualClock(), 1.0))


def test_what_is_left_is_encoded_and_conditions_are_not():
    encoder = Listening()
    ask("funny films from the 90s about a heist in winter", encoder)
    assert encoder.heard == ["heist in winter"]


def test_conditions_alone_cost_no_encoding():
    encoder = Listening()
    assert ask("comedies from the 90s", encoder).degraded == ()
    assert encoder.heard == []


def test_vectors_of_another_model_are_not_compared():
    encoder = Listening(encoder_id="another")
    ranking = ask("a heist in winter", encoder)
    assert encoder.heard == []
    assert "the films' vectors are of 'test-encoder', the encoder is 'another'" in ranking.degraded[0]
