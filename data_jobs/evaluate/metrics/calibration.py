"""Genre calibration: how far the genre shares of a list are from those of the taste; 0 if they are equal.

.. math:: C_{KL}(p, q) = \\sum_g p(g) \\log \\frac{p(g)}{\\tilde q(g)}, \\quad \\tilde q = (1 - \\alpha) q + \\alpha p

with the shares p of each genre in the taste and q in the list, where a film's genres share its weight of 1, and
alpha = .01, so that a genre missing from the list costs a finite amount: log(1 / alpha) = 4.6 at most.

Source: H. Steck, "Calibrated recommendations", RecSys 2018.
"""

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.01

Shares = NDArray[np.float64]


def genre_shares(genre_bits: NDArray[np.uint32]) -> Shares | None:
    """Return the shares of the 32 genre bits over some films, float64[32], summing to 1; None if no film has a
    genre.
    """
    has = (genre_bits[:, None] >> np.arange(32, dtype=np.uint32)) & 1
    count = has.sum(axis=1, keepdims=True)
    weights = (has / np.maximum(count, 1)).sum(axis=0)
    total = float(weights.sum())
    return np.asarray(weights / total, np.float64) if total else None


def miscalibration(taste: Shares, shown: Shares) -> float:
    """Return C_KL in nats, >= 0; ``taste`` p and ``shown`` q: genre shares, float64[32]."""
    mixed = (1 - ALPHA) * shown + ALPHA * taste
    in_taste = taste > 0
    return float((taste[in_taste] * np.log(taste[in_taste] / mixed[in_taste])).sum())
