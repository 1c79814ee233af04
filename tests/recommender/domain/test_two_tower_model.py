"""The two-tower model in numpy: invariants of a person's vector."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import make_towers

MODEL = make_towers(30)
histories = st.lists(st.tuples(st.integers(0, 29), st.sampled_from([0.1, 0.3, 1.0, 1.3])), min_size=1, max_size=20)


def person(history):
    rows, weights = zip(*history, strict=True)
    return MODEL.person(np.array(rows, np.int32), np.array(weights, np.float32))


@given(histories)
def test_a_person_is_a_unit_vector_followed_by_one_for_the_bias(history):
    vector = person(history)
    assert vector.dtype == np.float32
    assert vector[-1] == 1
    assert np.linalg.norm(vector[:-1]) == np.float32(1) or abs(np.linalg.norm(vector[:-1]) - 1) < 1e-5


@given(histories, st.randoms())
def test_the_order_of_a_history_does_not_matter(history, random):
    shuffled = random.sample(history, len(history))
    assert np.allclose(person(history), person(shuffled), atol=1e-5)


@given(histories)
def test_a_film_unknown_to_the_model_is_ignored(history):
    assert np.allclose(person(history), person([*history, (29, 1.0)]), atol=1e-6)


def test_films_with_a_vector_are_known():
    assert np.flatnonzero(~MODEL.is_known).tolist() == [29]
