"""The runner of trials: what is asked, how variants are chosen, and what is told."""

import numpy as np
import pytest

from data_jobs.evaluate.trials import runner
from data_jobs.evaluate.trials.inner import InnerHoldout
from data_jobs.evaluate.trials.runner import TrialVariant, run
from data_jobs.report import DataError


def guesses(inner):
    """Today's guess at random, and one that knows half of what is hidden."""
    rng = np.random.default_rng(1)
    noise = rng.random(inner.hidden.shape).astype(np.float32)
    known = inner.hidden.toarray() * (rng.random(inner.hidden.shape) < 0.5)
    for lift in (0.0, 0.5, 2.0):
        yield TrialVariant(f"lift {lift:g}"), (noise + lift * known).astype(np.float32)
    for ridge in (1, 2):
        yield TrialVariant(f"lambda {ridge}", today=True), noise * 1.0


@pytest.fixture
def found(job):
    return run(job, "guess", guesses)


def test_holdouts_by_chance_and_by_time_are_asked_and_every_variant_is_measured_best_first(found):
    assert found.holdouts == ("random", "random again", "time"), "nobody has likes on both sides of a moment"
    assert len(found.tried) == 5
    assert found.tried[0].variant.name == "lift 2"
    assert [each.worth for each in found.tried] == sorted((each.worth for each in found.tried), reverse=True)
    assert all(len(each.by_holdout) == 3 for each in found.tried)


def test_people_count_once_however_many_holdouts_ask_for_them(found):
    assert found.people == found.recall.n == found.ndcg.n < found.cases


def test_a_better_model_is_better_beyond_chance(found):
    assert found.recall.low > 0
    assert found.ndcg.low > 0


def test_a_model_that_is_todays_differs_by_nothing(job):
    def same(inner):
        rng = np.random.default_rng(2)
        scores = rng.random(inner.hidden.shape).astype(np.float32)
        yield TrialVariant("new"), scores.copy()
        yield TrialVariant("old", today=True), scores

    found = run(job, "same", same)
    assert (found.recall.mean, found.recall.low, found.recall.high) == (0, 0, 0)
    assert found.kind_ndcg.mean == 0


def test_people_are_judged_by_variants_that_others_chose():
    names = [TrialVariant("for the first"), TrialVariant("for the second")]
    first = np.array([1.0, 1.0, 0.0, 0.0])
    today = TrialVariant("today", today=True)
    figures = {names[0]: (first, first), names[1]: (1 - first, 1 - first), today: (first * 0, first * 0)}
    half = first == 1
    recall, ndcg = runner._differences(figures, np.arange(4), ((half, ~half), (~half, half)))
    assert recall.mean == ndcg.mean == 0, "each half's favourite is of no use to the other"
    everybody = np.ones(4, bool)
    assert runner._differences(figures, np.arange(4), ((everybody, everybody),))[0].mean == 0.5


def test_the_table_and_the_csv_have_every_variant(found):
    [table] = found.tables()
    assert len(table.rows) == len(found.tried)
    assert {len(row) for row in table.rows} == {len(table.headings)}
    assert "chosen by the other half" in table.notes[0]
    assert len(list(found.figures())) == 2 * len(found.tried) + 2


def test_nothing_that_is_hidden_was_seen_and_no_film_is_outside(job):
    for holdout in runner._holdouts(job).values():
        inner = InnerHoldout.of(job.bench, holdout, 30)
        assert inner.hidden.shape[1] == len(inner.rows) == 30
        assert not inner.seen.multiply(inner.hidden).nnz
        assert np.diff(inner.hidden.indptr).min() > 0


def test_only_some_films_can_be_asked_for(job):
    inner = InnerHoldout.of(job.bench, runner._holdouts(job)["random"], 90)
    odd = np.arange(90) % 2 == 1
    asked = inner.among(odd)
    assert not asked.hidden[:, ~odd].nnz
    assert len(asked.people) == asked.hidden.shape[0] == asked.profiles.shape[0] == asked.seen.shape[0]
    assert np.diff(asked.hidden.indptr).min() > 0


def test_a_trial_that_can_ask_nobody_says_so(job):
    def nothing(inner):
        return inner.among(np.zeros(len(inner.rows), bool))

    with pytest.raises(DataError, match="guess: nobody has a hidden like"):
        run(job, "guess", guesses, asked=nothing)
