"""Simulated viewers are reproducible, plausible and can be learned from."""

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from data_jobs.records import Film
from data_jobs.sample.simulate import simulate
from services.recommender.domain.history import RATINGS, EventKind

GENRES = ("Drama", "Comedy", "Horror", "Western")


def films(count: int = 120) -> list[Film]:
    """Return films of four schools, each with its own directors and keywords."""
    return [
        Film(
            item_id=str(row),
            title=f"Film {row}",
            year=1950 + 10 * (row % 6),
            genres=(GENRES[row % 4],),
            directors=(f"Director {row % 20}",),
            keywords=(f"keyword {row % 4}", f"keyword {row % 12}"),
            language=("en", "ja", "fr", "en")[row % 4],
            popularity=float(1000 // (row + 1)),
        )
        for row in range(count)
    ]


def likes(catalogue: list[Film], viewers: int) -> NDArray[np.float64]:
    events = simulate(catalogue, viewers)
    matrix = np.zeros((viewers, len(catalogue)))
    matrix[events.user, events.film] = events.value >= 4
    return matrix


def test_the_same_seed_gives_the_same_events() -> None:
    first, second, reseeded = simulate(films(), 30), simulate(films(), 30), simulate(films(), 30, seed=8)
    for name in ("user", "film", "kind", "value", "ts_ms"):
        assert np.array_equal(getattr(first, name), getattr(second, name))
    assert not np.array_equal(first.film[:100], reseeded.film[:100])


def test_more_viewers_leave_the_first_ones_as_they_are() -> None:
    few, many = simulate(films(), 5), simulate(films(), 20)
    assert np.array_equal(many.film[: len(few)], few.film)


def test_shapes_and_names() -> None:
    events = simulate(films(), 40)
    assert events.user_ids[0] == "sim-0001"
    assert events.user_ids[-1] == "sim-0040"
    assert set(events.kind.tolist()) == {EventKind.RATING}
    assert set(events.value.tolist()) <= set(RATINGS)
    assert events.film.max() < 120
    assert (events.user.dtype, events.film.dtype, events.ts_ms.dtype) == (np.int32, np.int32, np.int64)


def test_each_viewer_rates_15_to_80_films_and_none_twice() -> None:
    events = simulate(films(), 100)
    counts = np.bincount(events.user)
    assert counts.min() >= 15
    assert counts.max() <= 80
    pairs = set(zip(events.user.tolist(), events.film.tolist(), strict=True))
    assert len(pairs) == len(events)


def test_ratings_are_spread_and_some_are_low() -> None:
    values = simulate(films(), 200).value
    assert 0.05 < (values <= 2.5).mean() < 0.4
    assert 0.3 < (values >= 4).mean() < 0.7


def test_times_ascend_within_a_viewer_with_ties() -> None:
    events = simulate(films(), 50)
    same = events.user[1:] == events.user[:-1]
    steps = np.diff(events.ts_ms)[same]
    assert steps.min() == 0
    assert (steps == 0).mean() > 0.05
    assert (events.ts_ms % 1000 == 0).all()
    years = 1970 + events.ts_ms / 31_556_952_000
    assert years.min() >= 2015
    assert years.max() <= 2025


def test_famous_films_are_rated_more() -> None:
    seen = np.bincount(simulate(films(), 300).film, minlength=120)
    assert seen[:20].mean() > 1.5 * seen[60:].mean()


def test_likes_of_one_school_are_correlated() -> None:
    """The signal an item-item model needs: co-likes within a school exceed what fame alone explains."""
    matrix = likes(films(), 600)
    lift = np.corrcoef(matrix.T)
    within = [lift[a, b] for a, b in product(range(120), repeat=2) if a < b and a % 4 == b % 4]
    across = [lift[a, b] for a, b in product(range(120), repeat=2) if a < b and a % 4 != b % 4]
    assert np.mean(within) > np.mean(across) + 0.03


def test_an_item_item_model_beats_popularity() -> None:
    catalogue = films()
    matrix = likes(catalogue, 600)
    hidden = np.random.default_rng(0).random(matrix.shape) < 0.25
    train, held_out = matrix * ~hidden, (matrix * hidden).astype(bool)
    inverse = np.linalg.inv(train.T @ train + 30 * np.eye(len(catalogue)))
    table = -inverse / np.diag(inverse)
    np.fill_diagonal(table, 0)

    def recall(scores: NDArray[np.float64]) -> float:
        top = np.argsort(-np.where(train > 0, -np.inf, scores), axis=1)[:, :10]
        return float(np.take_along_axis(held_out, top, axis=1).sum() / held_out.sum())

    assert recall(train @ table) > 1.2 * recall(np.tile(train.sum(axis=0), (600, 1)))


@pytest.mark.parametrize("catalogue", [[Film("1", "Alone")], [Film("1", "One"), Film("2", "Two", genres=("War",))]])
def test_films_without_traits_are_still_rated(catalogue: list[Film]) -> None:
    events = simulate(catalogue, 5)
    assert len(events) == 5 * len(catalogue)


def test_no_viewers_and_no_films() -> None:
    assert len(simulate(films(), 0)) == 0
    with pytest.raises(ValueError, match="needs films"):
        simulate([], 5)
