"""A trial of DEQL: EDLAE whose loss also has the films shown, with a weight of their own.

EDLAE hides each film of a person with probability p, and weights the error on hidden films by a, on shown films by b;
its closed form is for b = 0. With b > 0 the loss of column i is still quadratic. Let the share of the loss on shown
films be r = (1 - p) b^2 / (p a^2 + (1 - p) b^2), G = A'A, and v the column of EDLAE's B. Block elimination of the
diagonal entry w gives

    column i = (1 - r w) v,   w = r (G_ii - t) / (r G_ii + (1 - p)^2 lambda - r^2 t),   t = G_i. v

so that the new columns are EDLAE's, each damped by how much of its film the other films leave unexplained. w itself is
never used, because films that a person has seen are not recommended.

Source of the loss: R. Guo et al., "Generalizing linear autoencoder recommenders with decoupled expected quadratic
loss", ICLR 2026, who solve it by Miller's theorem on inverses; the elimination above gives the same and needs no second
inverse.
"""

import numpy as np

from data_jobs.evaluate.job import Job
from data_jobs.evaluate.trials.inner import Dense, InnerHoldout, gram_of, table_of
from data_jobs.evaluate.trials.runner import ModelTrial, Scored, TrialVariant, run
from data_jobs.train.gram import column_squares

DROPOUTS = (0.33, 0.5, 0.7)
RIDGES = (80.0, 125.0, 200.0, 300.0)
SHOWN = (0.25, 0.5, 1.0, 2.0)
"""Values of b / a."""


def part(job: Job) -> ModelTrial:
    """Run this part of an evaluation. Raises DataError."""
    return run(job, "DEQL", deql)


def deql(inner: InnerHoldout) -> Scored:
    """Yield the scores for b = 0, which is the current table, and for each b."""
    design = inner.design()
    gram, squares = gram_of(design), column_squares(design)
    for dropout in DROPOUTS:
        for ridge in RIDGES:
            table = table_of(gram, squares, ridge, dropout)
            scores = np.asarray(inner.profiles @ table, np.float32)
            name = f"p {dropout:g}, lambda {ridge:g}"
            for ratio in SHOWN:
                share = shown_share(dropout, ratio)
                yield TrialVariant(f"{name}, b/a {ratio:g}"), scores * damping(gram, table, ridge, dropout, share)
            yield TrialVariant(name, today=True), scores


def shown_share(dropout: float, ratio: float) -> float:
    """Return r; ``ratio``: b / a."""
    shown = (1 - dropout) * ratio**2
    return shown / (dropout + shown)


def damping(gram: Dense, table: Dense, ridge: float, dropout: float, share: float) -> Dense:
    """Return the factor of each column of EDLAE's B, float32[films]; ``share``: r."""
    diagonal, explained = np.diagonal(gram), np.einsum("ij,ji->i", gram, table)
    diagonal_weight = (
        share * (diagonal - explained) / (share * diagonal + (1 - dropout) ** 2 * ridge - share**2 * explained)
    )
    return np.asarray(1 - share * diagonal_weight, np.float32)
