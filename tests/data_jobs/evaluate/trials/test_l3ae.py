"""The trial of L3AE on the invented films."""

from types import SimpleNamespace

import numpy as np
import pytest

from data_jobs.evaluate.trials import l3ae, runner
from data_jobs.evaluate.trials.inner import InnerHoldout
from data_jobs.report import DataError
from tests.data_jobs.evaluate import kit


def test_at_least_twenty_variants_with_a_prior_and_the_current_table_at_every_lambda(job):
    result = l3ae.part(job)
    assert sum(not each.variant.today for each in result.tried) >= 20
    assert sum(each.variant.today for each in result.tried) == len(l3ae.PLAIN_RIDGES)
    assert 0 < result.tried[-1].ndcg < result.tried[0].ndcg < 1


def test_the_prior_moves_the_scores(job):
    inner = InnerHoldout.of(job.bench, runner._holdouts(job)["random"], 90)
    result = {variant.name: scores for variant, scores in l3ae.l3ae(inner)}
    plain, pulled = result["lambda 50"], result["lambda 50, mu 160, text lambda 1"]
    assert np.isfinite(pulled).all()
    assert np.abs(plain - pulled).max() > 1e-3


def test_without_vectors_the_error_says_what_to_give(plain_bench):
    with pytest.raises(DataError, match="--encoder minilm"):
        l3ae.part(SimpleNamespace(bench=plain_bench, seed=0, progress=kit.Listening()))
