"""Light self-attention over a person's newest likes (SASRec), with PyTorch: the sequence model of ``next_film``.

Two causal blocks with one head, 64 dimensions, 50 films; the next film is predicted by a softmax over all films. Films
liked at the same moment are put in a random order, new in each epoch.

Source: W.-C. Kang and J. McAuley, "Self-attentive sequential recommendation", ICDM 2018; with the full softmax of
A. Klenitskiy and A. Vasilev, "Turning dross into gold loss", RecSys 2023.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from data_jobs.evaluate.trials.attention.forward import LENGTH, AttentionPass
from data_jobs.evaluate.trials.inner import Dense
from data_jobs.train.interactions import Interactions

DIMS, BLOCKS = 64, 2
DROPOUT = 0.3
EPOCHS = (5, 10, 20, 30)
TEMPERATURES = (1.0, 3.0)
BATCH, RATE = 64, 0.002


class NextFilm(nn.Module):
    """Predicts the film after each film of a sequence; index ``films`` is padding."""

    def __init__(self, films: int) -> None:
        super().__init__()
        self.item = nn.Embedding(films + 1, DIMS, padding_idx=films)
        self.place = nn.Embedding(LENGTH, DIMS)
        nn.init.normal_(self.item.weight, std=0.02)
        nn.init.normal_(self.place.weight, std=0.02)
        self.dropout = nn.Dropout(DROPOUT)
        layer = nn.TransformerEncoderLayer(DIMS, 1, DIMS, DROPOUT, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, BLOCKS, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(DIMS)
        self.register_buffer("later", torch.triu(torch.ones(LENGTH, LENGTH, dtype=torch.bool), 1))

    def forward(self, sequences: torch.Tensor) -> torch.Tensor:
        """Return the states after each film, float32[b, 50, 64], for int64[b, 50], padded at the end."""
        states = self.dropout(self.item(sequences) * DIMS**0.5 + self.place.weight)
        return self.norm(self.blocks(states, mask=self.later))

    def scores(self, states: torch.Tensor) -> torch.Tensor:
        """Return the scores of all films, float32[n, films], for float32[n, 64]."""
        return states @ self.item.weight[:-1].T


def attended(likes: Interactions, people: NDArray[np.int64]) -> Iterator[tuple[str, Dense]]:
    """Yield names and scores of each film as the next like of ``people``, float32[people, films], after each of
    ``EPOCHS``.
    """
    rng = np.random.default_rng(0)
    for epoch, model in trained(likes, EPOCHS, rng):
        logits = _logits(model, likes, people, rng)
        for temperature in TEMPERATURES:
            # Probabilities, not logits, because scores are scaled from 0.
            scores = np.exp((logits - logits.max(axis=1, keepdims=True)) / np.float32(temperature))
            yield f"attention, epochs {epoch}, temperature {temperature:g}", scores


def trained(likes: Interactions, epochs: Sequence[int], rng: np.random.Generator) -> Iterator[tuple[int, NextFilm]]:
    """Yield the model after each of ``epochs``; ``rng`` draws the order of films liked at one moment, and batches."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = NextFilm(likes.films)
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    for epoch in range(1, max(epochs) + 1):
        model.train()
        windows = _windows(likes, rng)
        for at in np.array_split(rng.permutation(len(windows)), max(len(windows) // BATCH, 1)):
            _step(model, optimizer, torch.from_numpy(windows[at]), likes.films)
        if epoch in epochs:
            yield epoch, model


def exported(model: NextFilm) -> AttentionPass:
    """Return a copy of the model for numpy."""
    weights = {name: np.array(values.detach().numpy()) for name, values in model.named_parameters()}
    return AttentionPass(weights, BLOCKS)


def _step(model: NextFilm, optimizer: torch.optim.Optimizer, windows: torch.Tensor, films: int) -> None:
    optimizer.zero_grad()
    targets = windows[:, 1:]
    is_film = targets != films
    loss = nn.functional.cross_entropy(model.scores(model(windows[:, :-1])[is_film]), targets[is_film])
    loss.backward()
    optimizer.step()


def _sequences(likes: Interactions, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Return each person's likes by time, ties in random order."""
    order = np.lexsort((rng.random(len(likes)), likes.ts_ms, likes.person))
    ends = np.cumsum(np.bincount(likes.person, minlength=likes.people))
    return np.split(likes.film[order].astype(np.int64), ends[:-1])


def _windows(likes: Interactions, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return all likes in windows that overlap by one film, int64[n, 51], padded at the end."""
    return np.stack(
        [
            _padded(films[max(0, stop - LENGTH - 1) : stop], LENGTH + 1, likes.films)
            for films in _sequences(likes, rng)
            for stop in range(len(films), 1, -LENGTH)
        ]
    )


def _padded(films: NDArray[np.int64], length: int, filler: int) -> NDArray[np.int64]:
    return np.concatenate([films, np.full(length - len(films), filler)])


def _logits(model: NextFilm, likes: Interactions, people: NDArray[np.int64], rng: np.random.Generator) -> Dense:
    model.eval()
    sequences = _sequences(likes, rng)
    newest = [sequences[person][-LENGTH:] for person in people.tolist()]
    lasts = torch.tensor([max(len(films) - 1, 0) for films in newest])
    padded = torch.from_numpy(np.stack([_padded(films, LENGTH, likes.films) for films in newest]))
    rows = []
    with torch.no_grad():
        for batch, last in zip(padded.split(BATCH), lasts.split(BATCH), strict=True):
            rows.append(model.scores(model(batch)[torch.arange(len(batch)), last]))
    return np.asarray(torch.cat(rows).numpy(), np.float32)
