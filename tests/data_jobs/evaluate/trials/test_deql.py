"""The closed form of DEQL, against its loss."""

from itertools import product

import numpy as np
import pytest

from data_jobs.evaluate.trials import deql
from data_jobs.train.ease import penalty
from data_jobs.train.prior import inverted, with_prior

FILMS, PEOPLE = 5, 9


def least_expected_loss(people, dropout, ratio, ridge):
    """Return the off-diagonal of the weights that minimise the loss, every way of hiding films written out."""
    out = np.zeros((FILMS, FILMS))
    for column in range(FILMS):
        square, target = np.zeros((FILMS, FILMS)), np.zeros(FILMS)
        for shown in product((0.0, 1.0), repeat=FILMS):
            chance = np.prod([1 - dropout if is_shown else dropout for is_shown in shown])
            weight = chance * (ratio**2 if shown[column] else 1.0)
            left = people * np.array(shown)
            square += weight * left.T @ left
            target += weight * left.T @ people[:, column]
        # The closed form divides the equations by this, so lambda is in its units.
        unit = (dropout + (1 - dropout) * ratio**2) * (1 - dropout)
        out[:, column] = np.linalg.solve(square + unit * (1 - dropout) * ridge * np.eye(FILMS), target)
    np.fill_diagonal(out, 0)
    return out


@pytest.mark.parametrize("dropout", [0.33, 0.7])
@pytest.mark.parametrize("ratio", [0.0, 0.25, 1.0, 2.0])
def test_the_closed_form_minimises_the_expected_loss(dropout, ratio):
    people = np.random.default_rng(4).random((PEOPLE, FILMS))
    gram = (people.T @ people).astype(np.float32)
    table = with_prior(inverted(gram, penalty(np.diagonal(gram), 0.5, dropout), 0.0), None, 0.0)
    share = deql.shown_share(dropout, ratio)
    result = table * deql.damping(gram, table, 0.5, dropout, share)
    # EDLAE's column is that of hidden films seen in part, 1 - p, which scales all columns alike.
    assert result / (1 - dropout) == pytest.approx(least_expected_loss(people, dropout, ratio, 0.5), rel=2e-3, abs=1e-4)


def test_at_least_twenty_variants_are_tried(job):
    result = deql.part(job)
    assert sum(not each.variant.today for each in result.tried) >= 20
    assert sum(each.variant.today for each in result.tried) == len(deql.DROPOUTS) * len(deql.RIDGES)
