"""Scores are converted to cosines: the inverse of each engine's score formula."""

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
def test_cosines_are_recovered_from_scores(engine, space, score):
    result = cosines(score(COSINES.astype(np.float64)).astype(np.float32), engine, space)
    assert result == pytest.approx(COSINES, abs=1e-5)
    assert result.dtype == np.float32


def test_cosines_are_clipped_to_their_range():
    assert cosines(np.array([1.0000001, -1e-7], np.float32), "lucene", "cosinesimil").tolist() == [1.0, -1.0]


def test_no_scores_give_no_cosines():
    assert cosines(np.empty(0, np.float32), "faiss", "innerproduct").tolist() == []


def test_an_unknown_pair_is_named():
    with pytest.raises(ValueError, match=r"'faiss' with space 'hamming'"):
        cosines(COSINES, "faiss", "hamming")
