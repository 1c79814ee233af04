"""A trial of DAN: data-adaptive normalisation of people and films before and after the closed form.

A person with n films has weight n^-beta, and B becomes D^gamma B D^-gamma, with D the number of people of each film:
with gamma > 0 a well-known film has more influence and is recommended less. gamma is the paper's 1 - alpha. The paper
derives alpha from the Gini index of films and beta from the similarity of people's films; both are on a grid here.

Source: S. Park et al., "Why is normalization necessary for linear recommenders?", SIGIR 2025.
"""

import numpy as np

from data_jobs.evaluate.job import Job
from data_jobs.evaluate.trials.inner import InnerHoldout, gram_of, table_of
from data_jobs.evaluate.trials.runner import ModelTrial, Scored, TrialVariant, run
from data_jobs.train.gram import column_squares

PEOPLE = (0.0, 0.25, 0.5, 0.75)
RIDGES = (80.0, 125.0, 200.0, 300.0)
FILMS = (-0.1, 0.0, 0.05, 0.1, 0.2, 0.3)


def part(job: Job) -> ModelTrial:
    """Run this part of an evaluation. Raises DataError."""
    return run(job, "DAN", dan)


def dan(inner: InnerHoldout) -> Scored:
    """Yield the scores for each beta, gamma and lambda; the current table has the beta in use and gamma 0."""
    params = inner.bench.params
    counts = np.maximum(np.bincount(inner.training.film[inner.training.weight > 0], minlength=len(inner.rows)), 1)
    for beta in PEOPLE:
        design = inner.design(-beta)
        gram, squares = gram_of(design), column_squares(design)
        for ridge in RIDGES:
            weights = table_of(gram, squares, ridge, params.dropout)
            for gamma in FILMS:
                scale = (counts**gamma).astype(np.float32)
                name = f"beta {beta:g}, gamma {gamma:g}, lambda {ridge:g}"
                variant = TrialVariant(name, today=gamma == 0 and beta == -params.row_exponent)
                yield variant, np.asarray(inner.profiles.multiply(scale).tocsr() @ weights / scale, np.float32)
