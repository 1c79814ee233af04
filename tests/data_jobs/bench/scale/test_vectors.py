import numpy as np

from data_jobs.bench.scale.vectors import clustered_embeddings


def test_near_films_are_nearer_by_degrees_as_those_of_real_texts_are():
    embeddings = clustered_embeddings(6_000, 384, "test")
    vectors = embeddings.rows(np.arange(6_000))
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=0.02)
    cosines = np.sort(vectors[:100] @ vectors.T, axis=1)[:, ::-1]
    near, some, middle = (float(np.median(cosines[:, rank])) for rank in (1, 150, 3_000))
    assert 0.5 < near < 0.75
    assert middle + 0.1 < some < near - 0.05
    assert 0.2 < middle < 0.35


def test_the_same_seed_gives_the_same_bytes_and_the_mean_is_that_of_the_films():
    one, same = (clustered_embeddings(500, 64, "test") for _ in range(2))
    assert one.codes.tobytes() == same.codes.tobytes()
    assert np.allclose(one.mean, one.rows(np.arange(500)).mean(axis=0), atol=0.005)
    assert one.codes.tobytes() != clustered_embeddings(500, 64, "test", seed=1).codes.tobytes()
