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
    def unknown_person(self) -> int:
        """Return the number that stands for all people who are not known by id."""
        return int(self.shape["people"])

    def item_vectors(self, films: Tensor, content: Tensor, is_known: Tensor | None = None) -> Tensor:
        """Return unit vectors float32[n, dims] of films int64[n] with their content float32[n, content]. ``is_known``
        float32[n]: 0 to ignore a film's id, as for films without likes.
        """
        by_id = self.item_id(films)
        if is_known is not None:
            by_id = by_id * is_known[:, None]
        return functional.normalize(by_id + self.item_content(content), dim=1)

    def pooled(self, films: Tensor, offsets: Tensor, weights: Tensor) -> Tensor:
        """Return weighted sums over concatenated histories, float32[n, dims]; ``offsets`` int64[n]: their starts."""
        return self.history(films, offsets, per_sample_weights=weights)

    def person_vectors(self, pooled: Tensor, length: Tensor, people: Tensor) -> Tensor:
        """Return unit vectors float32[n, dims] of people by history (``pooled`` float32[n, dims], ``length``
        float32[n], the sum of its weights) and number (``people`` int64[n]).
        """
        mean = pooled / length.clamp_min(1.0).sqrt()[:, None]
        return functional.normalize(mean + self.person(mean) + self.person_id(people), dim=1)

    def scores(self, person: Tensor, item: Tensor, bias: Tensor) -> Tensor:
        """Return scaled inner products of unit vectors plus ``bias`` float32[films], as float32[people, films]."""
        scaled = self.log_scale.exp() * (person @ item.T)
        return scaled + bias if self.shape["biased"] else scaled

    def served_items(self, content: Tensor, is_known: Tensor) -> Tensor:
        """Return every film's vector, float32[films, dims + 1]; its inner product with a person's is the score."""
        films = torch.arange(int(self.shape["films"]), device=content.device)
        vectors = self.log_scale.exp() * self.item_vectors(films, content, is_known)
        bias = self.item_bias.weight[:, 0] * is_known if self.shape["biased"] else torch.zeros_like(is_known)
        return torch.cat([vectors, bias[:, None]], dim=1)


def load(document: Mapping[str, Any]) -> TwoTower:
    """Return the model of a saved document ``{"shape": ..., "state": ...}``, in evaluation mode."""
    model = TwoTower(**document["shape"])
    model.load_state_dict(document["state"])
    return model.eval()
