import numpy as np
import pytest

from services.recommender.domain.request import Strategy
from services.recommender.reasons.leave_one_out import leave_out
from services.recommender.signals.plan import Plan
from services.recommender.signals.popularity import Esteem
from tests.recommender.handmade import EVEN, Film, bundle_of, taste_of
from tests.recommender.worlds import make_inputs

FILMS = [Film(acclaim=0.0), Film(acclaim=0.25), Film(acclaim=1.0)]
ROWS = np.arange(3, dtype=np.int32)


def signal(weight: float) -> Esteem | None:
    return Esteem.of(make_inputs(taste_of([0]), bundle_of(FILMS), EVEN, Plan(Strategy.SEEDS, esteem=weight)))


def test_scores_are_the_esteem_of_each_film_whatever_the_taste():
    result = signal(0.5)
    assert result is not None
    assert result.scores(ROWS).tolist() == pytest.approx([0, 0.25, 0.5])
    assert result.without(ROWS, leave_out(taste_of([0]), EVEN, np.zeros(1, np.int32))) is None


def test_is_computed_for_candidates_only_and_needs_a_weight():
    result = signal(0.5)
    assert result is not None
    assert result.dense() is None
    assert signal(0.0) is None
