"""A trial of DAN: data-adaptive normalisation of people and films before and after the closed form.

A person with n films weighs n^-beta, and B becomes D^gamma B D^-gamma, with D the number of people of each film:
gamma > 0 lets a well-known film say more and be said less. gamma is the paper's 1 - alpha; the paper derives alpha
from the Gini index of films and beta from how alike people's films are, and both are tried here over a grid.

Source: S. Park et al., "Why is normalization necessary for linear recommenders?", SIGIR 2025.
"""

import numpy as np

from data_jobs.evaluate.job import Job
from data_jobs.evaluate.trials.inner import InnerHoldout, gram_of
from data_jobs.evaluate.trials.runner import ModelTrial, Scored, TrialVariant, run
from data_jobs.train.ease import penalty
from data_jobs.train.gram import column_squares
from data_jobs.train.prior import inverted, with_prior

PEOPLE = (0.0, 0.25, 0.5, 0.75)
RIDGES = (80.0, 125.0, 200.0, 300.0)
FILMS = (-0.1, 0.0, 0.05, 0.1, 0.2, 0.3)


def part(job: Job) -> ModelTrial:
    """Run this part of an evaluation."""
    return run(job, "DAN", dan)


def dan(inner: InnerHoldout) -> Scored:
    """Yield the scores for each beta, gamma and lambda; today's have the beta in use and gamma 0."""
    params = inner.bench.params
    known = np.maximum(np.bincount(inner.kept.film[inner.kept.weight > 0], minlength=len(inner.rows)), 1)
    for beta in PEOPLE:
        design = inner.design(-beta)
        gram, squares = gram_of(design), column_squares(design)
        for ridge in RIDGES:
            weights = with_prior(inverted(gram, penalty(squares, ridge, params.dropout), 0.0), None, 0.0)
            for gamma in FILMS:
                scale = (known**gamma).astype(np.float32)
                name = f"beta {beta:g}, gamma {gamma:g}, lambda {ridge:g}"
                variant = TrialVariant(name, today=gamma == 0 and beta == -params.row_exponent)
                yield variant, np.asarray(inner.profiles.multiply(scale).tocsr() @ weights / scale, np.float32)
