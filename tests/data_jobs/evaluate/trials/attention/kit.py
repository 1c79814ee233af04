"""Models of self-attention with random weights."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.trials.attention.forward import AttentionPass

DIMS, BLOCKS = 8, 2


def made_pass(films: int, seed: int = 0) -> AttentionPass:
    """Return a model with random weights."""
    rng = np.random.default_rng(seed)

    def drawn(*shape: int) -> NDArray[np.float32]:
        return rng.normal(0, 0.3, shape).astype(np.float32)

    weights = {"item.weight": drawn(films + 1, DIMS), "place.weight": drawn(50, DIMS)}
    of_layers = {"self_attn.in_proj_": 3 * DIMS, "self_attn.out_proj.": DIMS, "linear1.": DIMS, "linear2.": DIMS}
    for block in range(BLOCKS):
        for name, size in of_layers.items():
            weights[f"blocks.layers.{block}.{name}weight"] = drawn(size, DIMS)
            weights[f"blocks.layers.{block}.{name}bias"] = drawn(size)
    norms = [f"blocks.layers.{block}.norm{number}" for block, number in product(range(BLOCKS), (1, 2))]
    for norm in (*norms, "norm"):
        weights |= {f"{norm}.weight": 1 + drawn(DIMS), f"{norm}.bias": drawn(DIMS)}
    return AttentionPass(weights, BLOCKS)
