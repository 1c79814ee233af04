import numpy as np

from data_jobs.bench.scale.vectors import clustered_embeddings


def test_cosines_fall_with_rank_as_those_of_real_texts():
    embeddings = clustered_embeddings(6_000, 384, "test")
    vectors = embeddings.rows(np.arange(6_000))
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=0.02)
    cosines = np.sort(vectors[:100] @ vectors.T, axis=1)[:, ::-1]
    nearest, at_150, median = (float(np.median(cosines[:, rank])) for rank in (1, 150, 3_000))
    assert 0.5 < nearest < 0.75
    assert median + 0.1 < at_150 < nearest - 0.05
    assert 0.2 < median < 0.35


def test_vectors_are_reproducible_and_the_mean_is_that_of_the_films():
    vectors, same = (clustered_embeddings(500, 64, "test") for _ in range(2))
    assert vectors.codes.tobytes() == same.codes.tobytes()
    assert np.allclose(vectors.mean, vectors.rows(np.arange(500)).mean(axis=0), atol=0.005)
    assert vectors.codes.tobytes() != clustered_embeddings(500, 64, "test", seed=1).codes.tobytes()
