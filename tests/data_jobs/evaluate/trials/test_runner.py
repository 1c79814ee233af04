"""The runner of trials: holdouts, the choice of variants, and reports."""

import numpy as np
import pytest

from data_jobs.evaluate.trials import runner
from data_jobs.evaluate.trials.inner import InnerHoldout
from data_jobs.evaluate.trials.runner import TrialVariant, run
from data_jobs.report import DataError


def guesses(inner):
    """Yield random scores as the current table, and scores that know half of the hidden likes."""
    rng = np.random.default_rng(1)
    noise = rng.random(inner.hidden.shape).astype(np.float32)
    signal = inner.hidden.toarray() * (rng.random(inner.hidden.shape) < 0.5)
    for lift in (0.0, 0.5, 2.0):
        yield TrialVariant(f"lift {lift:g}"), (noise + lift * signal).astype(np.float32)
    for ridge in (1, 2):
        yield TrialVariant(f"lambda {ridge}", today=True), noise * 1.0


@pytest.fixture
def result(job):
    return run(job, "guess", guesses)


def test_every_variant_is_measured_on_random_holdouts_and_by_time_best_first(result):
    assert result.holdouts == ("random", "random again", "time"), "no person has likes on both sides of a moment"
    assert len(result.tried) == 5
    assert result.tried[0].variant.name == "lift 2"
    assert [each.worth for each in result.tried] == sorted((each.worth for each in result.tried), reverse=True)
    assert all(len(each.by_holdout) == 3 for each in result.tried)


def test_people_count_once_in_however_many_holdouts(result):
    assert result.people == result.recall.n == result.ndcg.n < result.cases


def test_a_better_model_is_better_beyond_chance(result):
    assert result.recall.low > 0
    assert result.ndcg.low > 0


def test_a_model_equal_to_the_current_tables_has_no_difference(job):
    def same(inner):
        rng = np.random.default_rng(2)
        scores = rng.random(inner.hidden.shape).astype(np.float32)
        yield TrialVariant("new"), scores.copy()
        yield TrialVariant("old", today=True), scores

    result = run(job, "same", same)
    assert (result.recall.mean, result.recall.low, result.recall.high) == (0, 0, 0)
    assert result.kind_ndcg.mean == 0


def test_people_are_measured_with_variants_that_the_other_half_chose():
    names = [TrialVariant("for the first"), TrialVariant("for the second")]
    first = np.array([1.0, 1.0, 0.0, 0.0])
    today = TrialVariant("today", today=True)
    figures = {names[0]: (first, first), names[1]: (1 - first, 1 - first), today: (first * 0, first * 0)}
    half = first == 1
    recall, ndcg = runner._differences(figures, np.arange(4), ((half, ~half), (~half, half)))
    assert recall.mean == ndcg.mean == 0, "each half's favourite is of no use to the other"
    all_cases = np.ones(4, bool)
    assert runner._differences(figures, np.arange(4), ((all_cases, all_cases),))[0].mean == 0.5


def test_the_table_and_the_csv_have_every_variant(result):
    [table] = result.tables()
    assert len(table.rows) == len(result.tried)
    assert {len(row) for row in table.rows} == {len(table.headings)}
    assert "chosen by the other half" in table.notes[0]
    assert len(list(result.figures())) == 2 * len(result.tried) + 2


def test_hidden_likes_are_unseen_and_inside_the_films_of_the_trial(job):
    for holdout in runner._holdouts(job).values():
        inner = InnerHoldout.of(job.bench, holdout, 30)
        assert inner.hidden.shape[1] == len(inner.rows) == 30
        assert not inner.seen.multiply(inner.hidden).nnz
        assert np.diff(inner.hidden.indptr).min() > 0


def test_hidden_likes_can_be_limited_to_some_films(job):
    inner = InnerHoldout.of(job.bench, runner._holdouts(job)["random"], 90)
    odd = np.arange(90) % 2 == 1
    part = inner.among(odd)
    assert not part.hidden[:, ~odd].nnz
    assert len(part.people) == part.hidden.shape[0] == part.profiles.shape[0] == part.seen.shape[0]
    assert np.diff(part.hidden.indptr).min() > 0


def test_a_trial_without_people_is_an_error(job):
    def nothing(inner):
        return inner.among(np.zeros(len(inner.rows), bool))

    with pytest.raises(DataError, match="guess: no person has a hidden like"):
        run(job, "guess", guesses, select=nothing)
