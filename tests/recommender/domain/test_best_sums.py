import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.best_sums import BestSums, Goal, TableSums
from services.recommender.domain.tables import CollaborativeTables, ItemTable

INSIDE, OUTSIDE = 120, 3_000


def some_tables(seed: int) -> CollaborativeTables:
    rng = np.random.default_rng(seed)
    films = INSIDE + OUTSIDE
    rows = np.sort(rng.choice(films, INSIDE, replace=False)).astype(np.int32)
    position = np.full(films, -1, np.int32)
    position[rows] = np.arange(INSIDE)
    weights = rng.uniform(0, 0.15, (4, OUTSIDE)).astype(np.float32)
    weights[rng.random(weights.shape) < 0.1] = 0
    table = ItemTable(np.zeros((INSIDE, 1), np.uint16), np.zeros((INSIDE, 1), np.float16))
    return CollaborativeTables(
        rows,
        position,
        table,
        table,
        np.flatnonzero(position < 0).astype(np.int32),
        rng.integers(0, INSIDE, (4, OUTSIDE)).astype(np.uint16),
        weights,
        np.zeros(films, np.int32),
        np.zeros((INSIDE, 1), np.uint8),
    )


def all_sums(tables: CollaborativeTables, prior: np.ndarray, of: TableSums) -> np.ndarray:
    total = of.weight * prior + tables.spread(of.in_tables)
    return total if of.factor is None else total * of.factor


@given(
    st.integers(0, 50),
    st.sampled_from([0.0, 0.01, 1.0]),
    st.booleans(),
    st.sampled_from([0.2, 0.9, 1.0]),
    st.integers(1, 80),
)
def test_best_sums_equal_those_over_all_films_or_are_none(seed, weight, scaled, share, size):
    tables, rng = some_tables(seed), np.random.default_rng(seed + 1)
    prior = (rng.exponential(size=INSIDE + OUTSIDE) ** 3 / 50).astype(np.float32)
    scores = np.where(rng.random(INSIDE) < 0.3, rng.exponential(size=INSIDE) ** 2, -rng.random(INSIDE) / 10)
    factor = rng.random(INSIDE + OUTSIDE).astype(np.float32) if scaled else None
    of = TableSums(scores.astype(np.float32), np.float32(weight), factor)
    allowed = rng.random(INSIDE + OUTSIDE) < share
    new = allowed & (tables.position < 0)
    goals = [Goal(size, lambda rows: allowed[rows]), Goal(5, lambda rows: new[rows])]
    result = BestSums.of(tables, prior).best(of, goals)
    if result is None:
        return
    sums = all_sums(tables, prior, of)
    for rows, passing, count in zip(result, (allowed, new), (size, 5), strict=True):
        candidates = np.flatnonzero(passing)
        best = candidates[np.argsort(-sums[candidates], kind="stable")[:count]]
        assert sorted(rows.tolist()) == sorted(best.tolist())


def test_only_for_a_clear_taste_the_best_are_known_without_all_sums():
    tables = some_tables(3)
    finder = BestSums.of(tables, np.linspace(0.02, 0, INSIDE + OUTSIDE).astype(np.float32))
    everything = Goal(20, lambda rows: np.ones(len(rows), bool))
    scores = np.zeros(INSIDE, np.float32)
    assert finder.best(TableSums(scores, np.float32(0), None), [everything]) is None
    scores[:30] = np.linspace(2, 1, 30)
    assert finder.best(TableSums(scores, np.float32(1), None), [everything]) is not None
    nothing = Goal(20, lambda rows: np.zeros(len(rows), bool))
    assert finder.best(TableSums(scores, np.float32(1), None), [everything, nothing]) is None
