"""The trial of DAN."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from data_jobs.evaluate.trials import dan, runner
from data_jobs.evaluate.trials.inner import InnerHoldout


@pytest.fixture
def inner(job):
    """A holdout whose profiles have one film each, so that scores are the rows of the table."""
    inner = InnerHoldout.of(job.bench, runner._holdouts(job)["random"], 90)
    return replace(inner, profiles=sp.identity(90, dtype=np.float32, format="csr"))


def test_at_least_twenty_variants_and_the_current_table_at_every_lambda(inner):
    tried = [variant for variant, _ in dan.dan(inner)]
    assert sum(not variant.today for variant in tried) >= 20
    assert sum(variant.today for variant in tried) == len(dan.RIDGES)
    assert len(set(tried)) == len(tried)


def test_gamma_gives_a_well_known_film_more_influence_and_lower_scores(inner):
    rows = {variant.name: scores for variant, scores in dan.dan(inner)}
    counts = np.maximum(inner.training.matrix().getnnz(axis=0), 1.0)
    current, tilted = rows["beta 0.25, gamma 0, lambda 80"], rows["beta 0.25, gamma 0.2, lambda 80"]
    assert tilted == pytest.approx(current * np.divide.outer(counts, counts) ** 0.2, rel=1e-3, abs=1e-6)


def test_beta_changes_the_weights_of_people(inner):
    rows = {variant.name: scores for variant, scores in dan.dan(inner)}
    assert np.abs(rows["beta 0, gamma 0, lambda 80"] - rows["beta 0.75, gamma 0, lambda 80"]).max() > 1e-4
