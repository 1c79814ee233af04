"""A trial of L3AE: do text vectors as a prior of the item-item matrix find more than tags in the Gram matrix?"""

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.job import Job
from data_jobs.evaluate.ranking_models import unit_vectors
from data_jobs.evaluate.trials.inner import InnerHoldout, gram_of, table_of
from data_jobs.evaluate.trials.runner import ModelTrial, Scored, TrialVariant, run
from data_jobs.evaluate.workbench import Workbench
from data_jobs.report import DataError
from data_jobs.train.ease import penalty
from data_jobs.train.gram import column_squares
from data_jobs.train.prior import inverted, text_weights, with_prior

RIDGES = (50.0, 80.0, 125.0)
# A prior regularises, too; without one a larger lambda is best.
PLAIN_RIDGES = (*RIDGES, 200.0, 300.0)
STRENGTHS = (10.0, 40.0, 160.0, 640.0)
TEXT_RIDGES = (1.0, 5.0, 25.0)


def part(job: Job) -> ModelTrial:
    """Run this part of an evaluation. Raises DataError without text vectors."""
    if job.bench.bundle.embeddings is None:
        raise DataError("--l3ae: the prior needs text vectors; give --encoder minilm")
    return run(job, "L3AE", l3ae)


def l3ae(inner: InnerHoldout) -> Scored:
    """Yield the scores without a prior, and with each prior."""
    design = inner.design()
    gram, squares, dropout = gram_of(design), column_squares(design), inner.bench.params.dropout
    vectors = _vectors(inner.bench, inner.rows)
    priors = {ridge: text_weights(vectors, ridge) for ridge in TEXT_RIDGES}
    for ridge in PLAIN_RIDGES:
        yield TrialVariant(f"lambda {ridge:g}", today=True), inner.profiles @ table_of(gram, squares, ridge, dropout)
    for ridge in RIDGES:
        for strength in STRENGTHS:
            inverse = inverted(gram, penalty(squares, ridge, dropout), strength)
            for text_ridge, prior in priors.items():
                variant = TrialVariant(f"lambda {ridge:g}, mu {strength:g}, text lambda {text_ridge:g}")
                yield variant, inner.profiles @ with_prior(inverse, prior, strength)


def _vectors(bench: Workbench, rows: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the films' centred text vectors of length 1; 0 for a film without."""
    embeddings = bench.bundle.embeddings
    if embeddings is None:
        raise DataError("--l3ae: the prior needs text vectors; give --encoder minilm")
    return unit_vectors(embeddings, rows, centred=True)
