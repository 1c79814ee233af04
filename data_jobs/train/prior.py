"""EASE with a prior on its item-item matrix, in closed form: B is drawn towards S, the similarity of films' texts.

.. math:: \\min_B \\|A - AB\\|_F^2 + \\|\\Lambda^{1/2} B\\|_F^2 + \\mu \\|B - S\\|_F^2, \\quad diag(B) = 0

Setting the gradient to 0 with a multiplier for each diagonal entry gives, with P = (A'A + Lambda + mu I)^-1,

.. math:: B = I + \\mu P S - P \\, diag((1 + \\mu \\, diag(P S)) / diag(P))

which is EASE for mu = 0. S is EASE itself, with the numbers of a text vector in place of people.

Source: J. Moon et al., "LLM-enhanced linear autoencoders for recommendation" (L3AE), CIKM 2025.
"""

import numpy as np
from numpy.typing import NDArray

Dense = NDArray[np.float32]


def text_weights(vectors: Dense, ridge: float) -> Dense:
    """Return S, float32[films, films], of centred unit vectors float32[films, dims]; all 0 for a film without one."""
    dims = vectors.shape[1]
    inner = np.linalg.inv(vectors.T @ vectors + ridge * np.eye(dims, dtype=np.float32))
    # Woodbury: only a matrix of dims x dims is inverted.
    inverse = (np.eye(len(vectors), dtype=np.float32) - vectors @ inner @ vectors.T) / np.float32(ridge)
    weights = -inverse / np.diagonal(inverse)
    np.fill_diagonal(weights, 0)
    return np.asarray(weights, np.float32)


def inverted(gram: Dense, penalty: Dense, strength: float) -> Dense:
    """Return P, float32[films, films]: ``gram`` A'A, ``penalty`` float32[films] the diagonal of Lambda, mu
    ``strength``.
    """
    return np.asarray(np.linalg.inv(gram + np.diag(penalty + np.float32(strength))), np.float32)


def with_prior(inverse: Dense, prior: Dense | None, strength: float) -> Dense:
    """Return B, float32[films, films], from P and the prior S; without one, or with mu = 0, plain EASE."""
    diagonal = np.diagonal(inverse).copy()
    if prior is None or strength == 0:
        weights = -inverse / diagonal
    else:
        pulled = np.float32(strength) * (inverse @ prior)
        weights = pulled - inverse * ((1 + np.diagonal(pulled)) / diagonal)
    np.fill_diagonal(weights, 0)
    return np.asarray(weights, np.float32)
