"""The model: two towers into one space; the score is the inner product of a person's and a film's vector.

This file is part of the model's archive and imports PyTorch only.

Source: P. Covington, J. Adams and E. Sargin, "Deep neural networks for YouTube recommendations", RecSys 2016 (pooled
history); X. Yi et al., "Sampling-bias-corrected neural modeling for large corpus item recommendations", RecSys 2019.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class TwoTower(nn.Module):
    """``films`` and ``people`` known by id, ``content`` features per film; ``dims`` of the shared space.

    A film's vector is its id's embedding plus its mapped content, at unit length. A person's vector is their mapped
    pooled history plus their id's embedding, at unit length. One more dimension holds the film's bias: how often it is
    liked.
    """

    def __init__(self, films: int, people: int, content: int, dims: int, hidden: int, biased: bool) -> None:
        super().__init__()
        self.shape = {
            "films": films, "people": people, "content": content, "dims": dims, "hidden": hidden, "biased": biased,
        }  # fmt: skip
        self.item_id = nn.Embedding(films, dims)
        self.item_content = nn.Sequential(nn.Linear(content, hidden), nn.ReLU(), nn.Linear(hidden, dims))
        self.item_bias = nn.Embedding(films, 1)
        self.history = nn.EmbeddingBag(films, dims, mode="sum")
        self.person_id = nn.Embedding(people + 1, dims, padding_idx=people)
        self.person = nn.Sequential(nn.Linear(dims, hidden), nn.ReLU(), nn.Linear(hidden, dims))
        self.log_scale = nn.Parameter(torch.tensor(2.3))
        for table in (self.item_id, self.history):
            nn.init.normal_(table.weight, std=dims**-0.5)
        nn.init.zeros_(self.person_id.weight)
        nn.init.zeros_(self.item_bias.weight)

    @property
    def stranger(self) -> int:
        """The person's number that stands for everybody who is not known by id."""
        return int(self.shape["people"])

    def item_vectors(self, films: Tensor, content: Tensor, known: Tensor | None = None) -> Tensor:
        """float32[n, dims]: unit vectors of some films (int64[n]) with their content float32[n, content]. ``known``
        float32[n]: 0 where the film's id is to count for nothing, as one has it that nobody has liked yet.
        """
        by_id = self.item_id(films)
        if known is not None:
            by_id = by_id * known[:, None]
        return functional.normalize(by_id + self.item_content(content), dim=1)

    def pooled(self, films: Tensor, offsets: Tensor, weights: Tensor) -> Tensor:
        """float32[n, dims]: weighed sums over histories (int64 films in a row, int64[n] where each history begins)."""
        return self.history(films, offsets, per_sample_weights=weights)

    def person_vectors(self, pooled: Tensor, length: Tensor, people: Tensor) -> Tensor:
        """float32[n, dims]: unit vectors of people by history (``pooled`` float32[n, dims], ``length`` float32[n], the
        sum of its weights) and number (int64[n]).
        """
        mean = pooled / length.clamp_min(1.0).sqrt()[:, None]
        return functional.normalize(mean + self.person(mean) + self.person_id(people), dim=1)

    def scores(self, person: Tensor, item: Tensor, bias: Tensor) -> Tensor:
        """float32[people, films]: inner products of unit vectors, scaled, and the films' bias float32[films]."""
        scaled = self.log_scale.exp() * (person @ item.T)
        return scaled + bias if self.shape["biased"] else scaled

    def served_items(self, content: Tensor, known: Tensor) -> Tensor:
        """float32[films, dims + 1]: the vector of every film, whose inner product with a person's is the score."""
        films = torch.arange(int(self.shape["films"]), device=content.device)
        vectors = self.log_scale.exp() * self.item_vectors(films, content, known)
        bias = self.item_bias.weight[:, 0] * known if self.shape["biased"] else torch.zeros_like(known)
        return torch.cat([vectors, bias[:, None]], dim=1)


def load(document: Mapping[str, Any]) -> TwoTower:
    """The model of a saved document ``{"shape": ..., "state": ...}``, ready to be asked."""
    model = TwoTower(**document["shape"])
    model.load_state_dict(document["state"])
    return model.eval()
