"""Scores become cosines: each formula of the table, written the other way round."""

import numpy as np
import pytest

from services.adapters.search.opensearch.scores import cosines

COSINES = np.array([-1, -0.5, -0.01, 0, 0.01, 0.5, 0.9, 1], np.float32)


def inner_product(cosine):
    return np.where(cosine > 0, 1 + cosine, 1 / (1 - np.minimum(cosine, 0)))


@pytest.mark.parametrize(
    ("engine", "space", "score"),
    [
        ("faiss", "cosinesimil", lambda cosine: (1 + cosine) / 2),
        ("lucene", "cosinesimil", lambda cosine: (1 + cosine) / 2),
        ("nmslib", "cosinesimil", lambda cosine: 1 / (2 - cosine)),
        ("faiss", "innerproduct", inner_product),
        ("lucene", "innerproduct", inner_product),
        ("faiss", "l2", lambda cosine: 1 / (1 + 2 * (1 - cosine))),
    ],
)
def test_the_cosine_behind_a_score(engine, space, score):
    found = cosines(score(COSINES.astype(np.float64)).astype(np.float32), engine, space)
    assert found == pytest.approx(COSINES, abs=1e-5)
    assert found.dtype == np.float32


def test_rounding_does_not_leave_the_range():
    assert cosines(np.array([1.0000001, -1e-7], np.float32), "lucene", "cosinesimil").tolist() == [1.0, -1.0]


def test_no_hits_no_cosines():
    assert cosines(np.empty(0, np.float32), "faiss", "innerproduct").tolist() == []


def test_an_unknown_pair_is_named():
    with pytest.raises(ValueError, match=r"'faiss' with space 'hamming'"):
        cosines(COSINES, "faiss", "hamming")
