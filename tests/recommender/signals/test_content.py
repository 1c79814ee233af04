"""Content: films whose vectors are near to that of a liked film, not those between two liked films."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.request import Strategy
from services.recommender.domain.weights import Weights
from services.recommender.reasons.leave_one_out import leave_out
from services.recommender.signals import Inputs
from services.recommender.signals.content import Content
from services.recommender.signals.plan import Plan
from services.recommender.taste.fold_in import Taste
from tests.recommender.handmade import EVEN, Film, bundle_of, taste_of, without_film
from tests.recommender.worlds import make_inputs

# In fifths: two orthogonal directions, one near the first, its opposite, and a film without a vector.
EAST, NORTH, NEAR_EAST, WEST, NOWHERE = range(5)
FILMS = [Film(vector=(5, 0)), Film(vector=(0, 5)), Film(vector=(4, 3)), Film(vector=(-5, 0)), Film()]
BUNDLE = bundle_of(FILMS)
EVERY = np.arange(len(FILMS), dtype=np.int32)


def inputs_of(taste: Taste, weight: float = 1.0, constants: Weights = EVEN, bundle=BUNDLE) -> Inputs:
    return make_inputs(taste, bundle, constants, Plan(Strategy.PERSONAL, content=weight))


def scores(taste: Taste, weight: float = 1.0, bundle=BUNDLE) -> list[float]:
    return Content.of(inputs_of(taste, weight, bundle=bundle)).scores(EVERY).tolist()


def test_a_cosine_of_one_half_scores_1_and_a_cosine_of_1_scores_4():
    # cos with NEAR_EAST is .8: .64 / .25.
    assert scores(taste_of([EAST])) == pytest.approx([4, 0, 2.56, 0, 0], abs=1e-5)


def test_a_negative_cosine_scores_zero():
    assert scores(taste_of([EAST]))[WEST] == 0


def test_a_film_without_a_vector_scores_zero_and_as_a_like_dilutes_the_others():
    assert scores(taste_of([EAST, NOWHERE])) == pytest.approx([2, 0, 1.28, 0, 0], abs=1e-5)


def test_a_film_counts_by_its_weight_in_the_taste():
    result = scores(taste_of([EAST, NORTH], base=[1.0, 0.3]), weight=2.0)
    # 2 (1 x .64 + .3 x .36) / 1.3 / .25
    assert result[NEAR_EAST] == pytest.approx(2 * (0.64 + 0.3 * 0.36) / 1.3 / 0.25, rel=1e-5)


def test_a_film_near_one_like_comes_before_one_between_two_likes():
    # Two likes that have nothing in common: (5, 0) and (-3, 4).
    bundle = bundle_of([Film(vector=(5, 0)), Film(vector=(-3, 4)), Film(vector=(3, 4)), Film(vector=(5, 0)), Film()])
    _, _, between, near, _ = scores(taste_of([0, 1]), bundle=bundle)
    mean = bundle.embeddings.rows(np.array([0, 1])).sum(axis=0)
    cosines = bundle.embeddings.rows(EVERY) @ mean
    assert cosines[2] > cosines[3], "a mean of the two would prefer the film between them"
    assert near > between


def test_vectors_are_centred_on_the_mean_film():
    # After the mean (.8, 0) is subtracted, the films (1, 0) and (.6, .8) point to (1, 0) and to (-.24, .97).
    bundle = bundle_of([Film(vector=(5, 0)), Film(vector=(3, 4)), *[Film()] * 3], mean=(0.8, 0.0))
    assert scores(taste_of([0]), bundle=bundle)[1] == 0


def test_without_events_scores_are_scaled_by_acclaim():
    quiet = bundle_of([replace(film, events=0, acclaim=row / 2) for row, film in enumerate(FILMS)])
    assert scores(taste_of([EAST]), bundle=quiet)[NEAR_EAST] == pytest.approx(2.56 * 2 / 2, rel=1e-5)
    assert scores(taste_of([NEAR_EAST]), bundle=quiet)[NORTH] == pytest.approx(0.36 / 0.25 / 2, rel=1e-5)


def test_is_missing_without_a_weight_or_vectors():
    assert Content.of(inputs_of(taste_of([EAST]), weight=0.0)) is None
    assert Content.of(inputs_of(taste_of([EAST]), bundle=bundle_of([Film()] * 5))) is None


def test_is_computed_for_candidates_only():
    assert Content.of(inputs_of(taste_of([EAST]))).dense() is None


def centred(embeddings: Embeddings, row: int) -> list[float]:
    """Return a film's vector minus the mean film's, at unit length, in plain Python."""
    if not embeddings.scales[row]:
        return [0.0] * embeddings.dims
    vector = [
        int(code) * float(embeddings.scales[row]) - float(mean)
        for code, mean in zip(embeddings.codes[row], embeddings.mean, strict=True)
    ]
    length = sum(value * value for value in vector) ** 0.5
    return [value / length if length > 0.02 else 0.0 for value in vector]


def term(embeddings: Embeddings, liked: int, film: int) -> float:
    pairs = zip(centred(embeddings, liked), centred(embeddings, film), strict=True)
    return max(sum(left * right for left, right in pairs), 0.0) ** 2 / 0.25


vectors = st.lists(
    st.one_of(st.just(()), st.tuples(*[st.integers(-5, 5)] * 3)), min_size=len(FILMS), max_size=len(FILMS)
).filter(any)
tastes = st.lists(st.integers(0, len(FILMS) - 1), min_size=1, max_size=len(FILMS), unique=True)


@given(vectors, st.tuples(*[st.sampled_from([-0.3, 0.0, 0.1, 0.5])] * 3), tastes, st.floats(0.1, 3))
def test_scores_and_contributions_equal_the_formula_by_hand(drawn, mean, rows, weight):
    bundle = bundle_of([Film(vector=vector) for vector in drawn], mean=mean)
    base = [1.3, 1.0, 0.3, 0.1, 1.0][: len(rows)]
    signal = Content.of(inputs_of(taste_of(rows, base), weight, bundle=bundle))
    parts = [[weight * w * term(bundle.embeddings, row, film) / sum(base) for film in EVERY.tolist()]
             for row, w in zip(rows, base, strict=True)]  # fmt: skip
    assert signal.contributions(EVERY) == pytest.approx(np.array(parts), abs=2e-3 * weight)
    assert signal.scores(EVERY) == pytest.approx(np.sum(parts, axis=0), abs=2e-3 * weight)


@given(vectors, tastes)
def test_without_a_film_equals_the_signal_of_the_taste_without_it(drawn, rows):
    bundle = bundle_of([Film(vector=vector) for vector in drawn])
    fading = Weights(recency_floor=0.1, recency_span=2.0, mature_events=0.0)
    inputs = inputs_of(taste_of(rows, ranks=list(range(len(rows)))), constants=fading, bundle=bundle)
    films = np.arange(len(rows), dtype=np.int32)
    result = Content.of(inputs).without(EVERY, leave_out(inputs.taste, fading, films))
    for index in range(len(rows)):
        assert result[index] == pytest.approx(Content.of(without_film(inputs, index)).scores(EVERY), abs=1e-4)
