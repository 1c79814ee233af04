"""The trial of DAN."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from data_jobs.evaluate.trials import dan, runner
from data_jobs.evaluate.trials.inner import InnerHoldout


@pytest.fixture
def inner(job):
    """A holdout that asks for people with one film each, so that scores are the rows of the table."""
    inner = InnerHoldout.of(job.bench, runner._holdouts(job)["random"], 90)
    return replace(inner, profiles=sp.identity(90, dtype=np.float32, format="csr"))


def test_at_least_twenty_variants_are_tried_and_todays_at_every_lambda(inner):
    tried = [variant for variant, _ in dan.dan(inner)]
    assert sum(not variant.today for variant in tried) >= 20
    assert sum(variant.today for variant in tried) == len(dan.RIDGES)
    assert len(set(tried)) == len(tried)


def test_gamma_lets_a_well_known_film_say_more_and_be_said_less(inner):
    rows = {variant.name: scores for variant, scores in dan.dan(inner)}
    known = np.maximum(inner.kept.matrix().getnnz(axis=0), 1.0)
    today, tilted = rows["beta 0.25, gamma 0, lambda 80"], rows["beta 0.25, gamma 0.2, lambda 80"]
    assert tilted == pytest.approx(today * np.divide.outer(known, known) ** 0.2, rel=1e-3, abs=1e-6)


def test_beta_changes_who_counts(inner):
    rows = {variant.name: scores for variant, scores in dan.dan(inner)}
    assert np.abs(rows["beta 0, gamma 0, lambda 80"] - rows["beta 0.75, gamma 0, lambda 80"]).max() > 1e-4
