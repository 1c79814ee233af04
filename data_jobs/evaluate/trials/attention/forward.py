"""The forward pass of the self-attention model in numpy, for one person, as a server without PyTorch would run it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Dense = NDArray[np.float32]

LENGTH = 50
"""Newest likes that are read."""
_EPSILON = np.float32(1e-5)


@dataclass(frozen=True, slots=True, eq=False)
class AttentionPass:
    """``weights`` by PyTorch's names of parameters; ``blocks``: number of them, each with one head."""

    weights: Mapping[str, Dense]
    blocks: int

    def logits(self, liked: NDArray[np.int64], films: NDArray[np.int64]) -> Dense:
        """Return how likely each of ``films`` is the next like after ``liked``, at least one, oldest first: float32."""
        item = self.weights["item.weight"]
        return np.asarray(item[films] @ self._state(item[liked[-LENGTH:]]), np.float32)

    def _state(self, films: Dense) -> Dense:
        """Return the state after the last of the films' vectors, float32[n, dims]: float32[dims]."""
        count, dims = films.shape
        states = films * np.float32(dims**0.5) + self.weights["place.weight"][:count]
        later = np.triu(np.full((count, count), -np.inf, np.float32), 1)
        for number in range(self.blocks):
            block = f"blocks.layers.{number}"
            inputs = self._linear(f"{block}.self_attn.in_proj_", self._norm(f"{block}.norm1", states))
            query, key, value = np.split(inputs, 3, axis=1)
            attention = query @ key.T / np.float32(dims**0.5) + later
            attention = np.exp(attention - attention.max(axis=1, keepdims=True))
            mixed = (attention / attention.sum(axis=1, keepdims=True)) @ value
            states = states + self._linear(f"{block}.self_attn.out_proj.", mixed)
            inner = np.maximum(self._linear(f"{block}.linear1.", self._norm(f"{block}.norm2", states)), 0)
            states = states + self._linear(f"{block}.linear2.", inner)
        return np.asarray(self._norm("norm", states[-1:])[0], np.float32)

    def _linear(self, name: str, inputs: Dense) -> Dense:
        return np.asarray(inputs @ self.weights[f"{name}weight"].T + self.weights[f"{name}bias"], np.float32)

    def _norm(self, name: str, inputs: Dense) -> Dense:
        centred = inputs - inputs.mean(axis=1, keepdims=True)
        deviation = np.sqrt((centred * centred).mean(axis=1, keepdims=True) + _EPSILON)
        scaled = centred / deviation * self.weights[f"{name}.weight"]
        return np.asarray(scaled + self.weights[f"{name}.bias"], np.float32)
