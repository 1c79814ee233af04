import numpy as np

from data_jobs.bench.world import DIMS, simulated_vectors
from services.recommender.domain.genres import to_mask

DRAMA, HORROR = to_mask(["Drama"]), to_mask(["Horror"])


def bits(*masks):
    return np.array(masks, np.uint32)


def test_vectors_are_unit_float32_of_the_encoders_length():
    vectors = simulated_vectors(bits(DRAMA, HORROR, 0))
    assert vectors.shape == (3, DIMS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_films_of_one_genre_are_close_and_others_are_not():
    cosines = (vectors := simulated_vectors(bits(DRAMA, DRAMA, HORROR, 0))) @ vectors.T
    assert cosines[0, 1] > 0.4
    assert abs(cosines[0, 2]) < 0.25
    assert abs(cosines[0, 3]) < 0.25


def test_a_film_between_two_genres_is_nearer_to_both_than_they_are_to_each_other():
    cosines = (vectors := simulated_vectors(bits(DRAMA, HORROR, DRAMA | HORROR))) @ vectors.T
    assert min(cosines[0, 2], cosines[1, 2]) > cosines[0, 1] + 0.1


def test_the_same_seed_gives_the_same_bytes():
    first, second = (simulated_vectors(bits(DRAMA, HORROR), seed=4) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != simulated_vectors(bits(DRAMA, HORROR), seed=5).tobytes()


def test_the_length_can_be_chosen():
    assert simulated_vectors(bits(DRAMA), dims=64).shape == (1, 64)
