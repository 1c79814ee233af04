"""A trial of DEQL: EDLAE that is also asked, less strictly, for what it was shown.

EDLAE hides each film of a person with probability p and weighs the error in hidden films by a, in shown ones by b; its
closed form is that of b = 0. With b > 0 the loss of column i is still quadratic. Let the share of the loss on shown
films be r = (1 - p) b^2 / (p a^2 + (1 - p) b^2), G = A'A, and v the column of EDLAE's B. Block elimination of the
diagonal entry w gives

    column i = (1 - r w) v,   w = r (G_ii - t) / (r G_ii + (1 - p)^2 lambda - r^2 t),   t = G_i. v

so that the new columns are EDLAE's, each damped by how much of its film the others leave unexplained. As everything
that a person has seen leaves their list, w itself is never read.

Source of the loss: R. Guo et al., "Generalizing linear autoencoder recommenders with decoupled expected quadratic
loss", ICLR 2026, who solve it by Miller's theorem on inverses; the elimination above is equal and needs no second
inverse.
"""

import numpy as np

from data_jobs.evaluate.job import Job
from data_jobs.evaluate.trials.inner import Dense, InnerHoldout, gram_of
from data_jobs.evaluate.trials.runner import ModelTrial, Scored, TrialVariant, run
from data_jobs.train.ease import penalty
from data_jobs.train.gram import column_squares
from data_jobs.train.prior import inverted, with_prior

DROPOUTS = (0.33, 0.5, 0.7)
RIDGES = (80.0, 125.0, 200.0, 300.0)
SHOWN = (0.25, 0.5, 1.0, 2.0)
"""b / a."""


def part(job: Job) -> ModelTrial:
    """Run this part of an evaluation."""
    return run(job, "DEQL", deql)


def deql(inner: InnerHoldout) -> Scored:
    """Yield the scores for b = 0, which is today's table, and for each b."""
    design = inner.design()
    gram, squares = gram_of(design), column_squares(design)
    for dropout in DROPOUTS:
        for ridge in RIDGES:
            plain = with_prior(inverted(gram, penalty(squares, ridge, dropout), 0.0), None, 0.0)
            scores = np.asarray(inner.profiles @ plain, np.float32)
            name = f"p {dropout:g}, lambda {ridge:g}"
            for ratio in SHOWN:
                share = shown_share(dropout, ratio)
                yield TrialVariant(f"{name}, b/a {ratio:g}"), scores * damping(gram, plain, ridge, dropout, share)
            yield TrialVariant(name, today=True), scores


def shown_share(dropout: float, ratio: float) -> float:
    """Return r for b / a."""
    shown = (1 - dropout) * ratio**2
    return shown / (dropout + shown)


def damping(gram: Dense, plain: Dense, ridge: float, dropout: float, share: float) -> Dense:
    """Return what each column of EDLAE's B is multiplied by, float32[films]."""
    own, explained = np.diagonal(gram), np.einsum("ij,ji->i", gram, plain)
    kept = share * (own - explained) / (share * own + (1 - dropout) ** 2 * ridge - share**2 * explained)
    return np.asarray(1 - share * kept, np.float32)
