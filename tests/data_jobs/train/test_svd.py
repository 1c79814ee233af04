"""The truncated SVD of the ratings: against numpy's own, on worlds of two tastes, and as a file for other tools."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.train import TrainParams
from data_jobs.train.svd import SVD_FILE, centred, factorise, truncated_svd, write_svd
from services.recommender.domain.history import EventKind
from tests.data_jobs.train.worlds import events_of, random_design, ratings, trained, two_camps

GIVEN = TrainParams(ridge=20.0)
ROWS = np.arange(60, dtype=np.int32)


def dense(people: int, films: int, rows: list[tuple[int, int, float]]) -> np.ndarray:
    """Return stars minus each person's mean, by definition."""
    table = np.full((people, films), np.nan)
    for person, film, stars in rows:
        table[person, film] = stars
    return np.nan_to_num(table - np.nanmean(table, axis=1, keepdims=True))


@given(st.integers(0, 50), st.integers(2, 30), st.integers(2, 30), st.integers(1, 40))
def test_small_matrices_are_factored_as_by_numpy(seed: int, people: int, films: int, k: int) -> None:
    matrix = random_design(np.random.default_rng(seed), people, films).astype(np.float64)
    vectors, values = truncated_svd(matrix, k)
    expected = np.linalg.svd(matrix.toarray(), compute_uv=False)
    rank = len(values)
    assert rank <= min(k, people, films)
    assert values == pytest.approx(expected[:rank], abs=1e-6)
    assert vectors.T @ vectors == pytest.approx(np.eye(rank), abs=1e-6)
    assert np.linalg.norm(matrix @ vectors, axis=0) == pytest.approx(values, abs=1e-6)


def test_the_largest_of_many_singular_values_are_found() -> None:
    rng = np.random.default_rng(4)
    left, right = (np.linalg.qr(rng.standard_normal((n, 120)))[0] for n in (300, 200))
    sizes = 100.0 * 0.9 ** np.arange(120)
    _, values = truncated_svd(sp.csr_matrix((left * sizes) @ right.T), 20)
    assert values == pytest.approx(sizes[:20], rel=1e-6)


def test_ratings_are_centred_by_person_and_unrated_films_stay_0() -> None:
    rows = [(0, 0, 5.0), (0, 1, 1.0), (0, 2, 3.0), (1, 1, 4.0), (1, 3, 3.0), (2, 0, 2.0)]
    svd = factorise(events_of(ratings(*rows), 3), ROWS[:4], 4, 4)
    assert svd is not None
    expected = dense(3, 4, rows)
    gram = (svd.factors * svd.singular_values**2) @ svd.factors.T
    assert gram == pytest.approx(expected.T @ expected, abs=1e-4)
    assert svd.item_means.tolist() == [3.5, 2.5, 3.0, 3.0]
    assert svd.mean == 3.0


def test_a_person_without_ratings_stays_0() -> None:
    matrix = sp.csr_matrix(np.array([[2.0, 4.0, 0.0], [0.0, 0.0, 0.0]]))
    assert centred(matrix).toarray().tolist() == [[-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]


def test_only_the_decisive_rating_counts() -> None:
    rows = ratings((0, 0, 5.0), (0, 1, 1.0), (0, 2, 2.0))
    taken_back = [*rows, (0, 2, EventKind.CLEAR, 1.0, 99), (0, 3, EventKind.LIKE, 1.0, 100)]
    svd = factorise(events_of(taken_back, 1), ROWS[:4], 4, 4)
    assert svd is not None
    assert np.isnan(svd.item_means).tolist() == [False, False, True, True]
    assert not svd.factors[2:].any()


@pytest.mark.parametrize(
    "rows",
    [[], ratings((0, 0, 4.0), (0, 1, 4.0), (1, 2, 3.0)), [(0, 0, EventKind.LIKE, 1.0, 1)]],
    ids=["nothing", "no rating differs", "likes alone"],
)
def test_without_ratings_that_differ_there_is_nothing_to_factor(rows: list) -> None:
    assert factorise(events_of(rows, 2), ROWS[:3], 3, 8) is None


def test_two_tastes_have_different_directions() -> None:
    model = trained(two_camps(), replace(GIVEN, svd_k=2))
    assert model.factors is not None
    units = model.factors.rows(ROWS)
    cosines = units @ units.T
    rated = np.arange(58)
    same = (rated[:, None] % 2 == rated % 2) & (rated[:, None] != rated)
    assert cosines[:58, :58][same].mean() > 0.5 > cosines[:58, :58][~same & (rated[:, None] != rated)].mean()
    assert not units[58:].any()
    assert np.linalg.norm(units[:58], axis=1) == pytest.approx(1, abs=2e-3)


def test_scaling_weighs_the_directions_by_their_singular_values() -> None:
    svd = trained(two_camps(), replace(GIVEN, svd_k=3)).svd
    assert svd is not None
    assert svd.scaled(0) == pytest.approx(svd.factors)
    ratio = svd.scaled(1)[:58] / svd.factors[:58]
    assert ratio == pytest.approx(np.tile(svd.singular_values / svd.singular_values[0], (58, 1)), rel=1e-4)


def test_the_version_of_the_model_depends_on_the_factors_and_0_makes_none() -> None:
    models = [trained(two_camps(), replace(GIVEN, svd_k=k)) for k in (0, 4, 4)]
    assert models[0].svd is models[0].factors is None
    assert [model.figures["svd_k"] for model in models] == [0, 4, 4]
    assert models[0].model_version != models[1].model_version == models[2].model_version


def test_the_file_is_read_by_numpy_alone_and_removed_without_factors(tmp_path: Path) -> None:
    svd = trained(two_camps(), replace(GIVEN, svd_k=4)).svd
    assert svd is not None
    ids = [f"f{row}" for row in range(60)]
    path = write_svd(svd, ids, tmp_path / "features")
    assert path == tmp_path / "features" / SVD_FILE
    first = path.read_bytes()
    with np.load(path, allow_pickle=False) as arrays:
        assert set(arrays) == {"item_ids", "factors", "singular_values", "item_means", "mean", "centred"}
        assert arrays["item_ids"].tolist() == ids
        assert np.array_equal(arrays["factors"], svd.factors)
        assert np.array_equal(arrays["singular_values"], svd.singular_values)
        assert float(arrays["mean"]) == pytest.approx(svd.mean)
    write_svd(svd, ids, tmp_path / "features")
    assert path.read_bytes() == first
    assert write_svd(None, ids, tmp_path / "features") is None
    assert not list((tmp_path / "features").iterdir())
