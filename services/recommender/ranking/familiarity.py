"""Familiarity: a factor by each film's renown, controlled by the request.

factor = (1 + renown / HEARD_OF) ** exponent, over its maximum. The exponent is 0 at the default, so nothing changes
there, and rises with familiarity: a better-known film never loses ground to a lesser-known one.
"""

import numpy as np
from numpy.typing import NDArray

from services.recommender.candidates.retrieval import mean_of_best
from services.recommender.domain.bundle import Bundle

# The ranking's weights were chosen without this factor, hence no effect at the middle.
DEFAULT = 0.5
# Renown from which on people begin to have heard of a film; the 50 best known have about 1.
HEARD_OF = 0.08
# Exponent at 0 and at 1. Below -1 it outweighs the prior, which grows with renown; at 1 taste still distinguishes two
# well-known films. Chosen by inspecting lists.
LEAST, MOST = -2.0, 0.75

Floats = NDArray[np.float32]


def renown(bundle: Bundle) -> Floats:
    """Return the renown of each film, float32[films] from 0, about 1 for the 50 best known: by people's events or by
    worldwide votes, whichever is higher. A film released after the events were collected has only votes.
    """
    events, votes = (counts.astype(np.float32) for counts in (bundle.collaborative.events, bundle.catalogue.votes))
    return np.maximum(_over_best(events), _over_best(votes))


def familiarity_factor(renown: Floats, familiarity: float | None) -> Floats | None:
    """Return the factor on each film's score, float32[films] in 0 ... 1; None if it changes nothing."""
    if familiarity is None or familiarity == DEFAULT or not len(renown):
        return None
    logs = np.float32(_exponent(familiarity)) * np.log1p(renown / np.float32(HEARD_OF))
    return np.asarray(np.exp(logs - logs.max()), np.float32)


def _exponent(familiarity: float) -> float:
    """Return 0 at the default; quadratic below, as well-known films' scores exceed others' only a few times."""
    step = (familiarity - DEFAULT) / DEFAULT
    return MOST * step if step > 0 else LEAST * step * step


def _over_best(counts: Floats) -> Floats:
    return counts / np.float32(mean_of_best(counts) or 1.0)
