"""How well known the films of a list are: a factor by each film's renown, which a request turns up or down.

factor = (1 + renown / HEARD_OF) ** exponent, over its largest value. The exponent is 0 at the default, so that nothing
changes there, and rises with familiarity: of two films the better known never loses ground.
"""

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.stages.retrieval import mean_of_best

# The weights of the ranking were chosen without a factor: that is the middle.
DEFAULT = 0.5
# Renown from which on people begin to have heard of a film; the 50 best known have 1.
HEARD_OF = 0.08
# The exponent at 0 and at 1. Below -1 it outweighs the prior, which itself grows with renown; at 1 taste still tells
# two well-known films apart. Chosen by reading lists.
LEAST, MOST = -2.0, 0.75

Floats = NDArray[np.float32]


def renown(bundle: Bundle) -> Floats:
    """How well known each film is, float32[films] from 0, about 1 for the 50 best known: by the people's events or by
    the world's votes, whichever says more. A film that came out after the events were collected has votes alone.
    """
    events, votes = (counts.astype(np.float32) for counts in (bundle.collaborative.events, bundle.catalogue.votes))
    return np.maximum(_over_best(events), _over_best(votes))


def familiarity_factor(renown: Floats, familiarity: float | None) -> Floats | None:
    """What the score of each film is multiplied by, float32[films] in 0 ... 1; None where that changes nothing."""
    if familiarity is None or familiarity == DEFAULT or not len(renown):
        return None
    logs = np.float32(_exponent(familiarity)) * np.log1p(renown / np.float32(HEARD_OF))
    return np.asarray(np.exp(logs - logs.max()), np.float32)


def _exponent(familiarity: float) -> float:
    """0 at the default; below it a square, since the scores of well-known films are few times those of others."""
    step = (familiarity - DEFAULT) / DEFAULT
    return MOST * step if step > 0 else LEAST * step * step


def _over_best(counts: Floats) -> Floats:
    return counts / np.float32(mean_of_best(counts) or 1.0)
