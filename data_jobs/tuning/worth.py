"""Worth of weights relative to those in use, and the margin between two sets of weights.

.. math:: W = \\frac{1}{|G|} \\sum_{g \\in G} \\frac{\\bar v_g}{\\bar v_{g,0}} - max(0, D_0 - D)

with v = Recall@10 + NDCG@10 of each person in a group g (whole profiles, one like, ...), D the mean intra-list
diversity of the groups, and index 0 for the weights in use, whose worth is 1. A loss of diversity is subtracted, as the
search would trade it for accuracy otherwise.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.bootstrap import LEVEL, SAMPLES, Interval
from data_jobs.tuning.validation import GroupResults

_SEED = 19_790_102


def worth(results: Sequence[GroupResults], base: Sequence[GroupResults]) -> float:
    """Return W (see the module), for the same people in the same order."""
    shares = [new.worth.mean() / max(old.worth.mean(), 1e-9) for new, old in zip(results, base, strict=True)]
    return float(np.mean(shares)) - max(0.0, variety(base) - variety(results))


def variety(results: Sequence[GroupResults]) -> float:
    """Return the mean intra-list diversity of the groups."""
    return float(np.mean([group.result.diversity.mean() for group in results]))


def margin(results: Sequence[GroupResults], base: Sequence[GroupResults]) -> Interval:
    """Return the mean relative gain over the groups, with a bootstrap interval over people. A person who is in several
    groups is drawn with all of their cases.
    """
    people = sorted({person for group in base for person in group.people})
    number = {person: at for at, person in enumerate(people)}
    gains, counts = np.zeros((len(people), len(base))), np.zeros((len(people), len(base)))
    for at, (new, old) in enumerate(zip(results, base, strict=True)):
        rows = [number[person] for person in new.people]
        np.add.at(gains[:, at], rows, (new.worth - old.worth) / max(old.worth.mean(), 1e-9))
        np.add.at(counts[:, at], rows, 1)
    draws = _samples(len(people))
    means = (draws @ gains / np.maximum(draws @ counts, 1)).mean(axis=1)
    low, high = np.quantile(means, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    mean = (gains.sum(axis=0) / np.maximum(counts.sum(axis=0), 1)).mean()
    return Interval(float(mean), float(low), float(high), len(people))


def _samples(people: int) -> NDArray[np.float64]:
    """Return how often each person is in each sample, float64[2000, people]."""
    rng = np.random.default_rng(_SEED)
    return np.asarray(rng.multinomial(people, np.full(people, 1 / people), SAMPLES), np.float64)
