"""Worth of weights relative to those in use, and the margin between two sets of weights.

.. math:: W = \\frac{1}{|G|} \\sum_{g \\in G} \\frac{\\bar v_g}{\\bar v_{g,0}} - max(0, D_0 - D)

with v = Recall@10 + NDCG@10 of each person in a group g (whole profiles, one like, ...), D the mean intra-list
diversity of the groups, and index 0 for the weights in use: 1 is as good as today. Less varied lists than today's are
penalised by the loss; otherwise the search would trade variety for accuracy.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.bootstrap import LEVEL, SAMPLES, Interval
from data_jobs.tuning.validation import GroupResults

_SEED = 19_790_102


def worth(found: Sequence[GroupResults], base: Sequence[GroupResults]) -> float:
    """Return W (see the module), for the same people in the same order."""
    shares = [each.worth.mean() / max(today.worth.mean(), 1e-9) for each, today in zip(found, base, strict=True)]
    return float(np.mean(shares)) - max(0.0, variety(base) - variety(found))


def variety(found: Sequence[GroupResults]) -> float:
    """Return the mean intra-list diversity of the groups."""
    return float(np.mean([each.result.diversity.mean() for each in found]))


def margin(found: Sequence[GroupResults], base: Sequence[GroupResults]) -> Interval:
    """Return by how much the mean relative gain over the groups is above 0, with a bootstrap interval over people: a
    person who is in several groups is drawn with all of their cases.
    """
    people = sorted({person for each in base for person in each.people})
    number = {person: at for at, person in enumerate(people)}
    gains, counts = np.zeros((len(people), len(base))), np.zeros((len(people), len(base)))
    for at, (each, today) in enumerate(zip(found, base, strict=True)):
        who = [number[person] for person in each.people]
        np.add.at(gains[:, at], who, (each.worth - today.worth) / max(today.worth.mean(), 1e-9))
        np.add.at(counts[:, at], who, 1)
    drawn = _drawn(len(people))
    means = (drawn @ gains / np.maximum(drawn @ counts, 1)).mean(axis=1)
    low, high = np.quantile(means, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    whole = (gains.sum(axis=0) / np.maximum(counts.sum(axis=0), 1)).mean()
    return Interval(float(whole), float(low), float(high), len(people))


def _drawn(people: int) -> NDArray[np.float64]:
    """Return how often each person is in each sample, float64[2000, people]."""
    rng = np.random.default_rng(_SEED)
    return np.asarray(rng.multinomial(people, np.full(people, 1 / people), SAMPLES), np.float64)
