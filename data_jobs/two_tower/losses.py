"""The two losses: triplet, and softmax over a batch.

Triplet: F. Schroff, D. Kalenichenko and J. Philbin, "FaceNet", CVPR 2015. Softmax over the films of a batch with a
correction for each film's sampling probability: X. Yi et al., RecSys 2019; further films drawn uniformly: J. Yang et
al., "Mixed negative sampling for learning two-tower neural networks in recommendations", WWW 2020.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from data_jobs.two_tower.code.towers import TwoTower
from data_jobs.two_tower.examples import Batch, Examples
from data_jobs.two_tower.params import Loss, TowerParams


@dataclass(frozen=True, slots=True, eq=False)
class TowerLoss:
    """The loss of a training: examples, the films' content (float32[films, features]), parameters and model."""

    examples: Examples
    content: Tensor
    params: TowerParams
    model: TwoTower

    def loss(self, batch: Batch, rng: np.random.Generator) -> Tensor:
        """Return the batch's loss, a differentiable scalar."""
        person = self._person(batch, rng)
        loss_of = self._triplet if self.params.loss is Loss.TRIPLET else self._softmax
        return loss_of(person, batch, rng)

    def _person(self, batch: Batch, rng: np.random.Generator) -> Tensor:
        """Return the person of each like by their history without that like, float32[b, dims]."""
        bags, model = batch.bags, self.model
        pooled = model.pooled(*(torch.from_numpy(array) for array in (bags.films, bags.offsets, bags.weights)))
        own = torch.from_numpy(batch.weight)
        place, film = torch.from_numpy(batch.place), torch.from_numpy(batch.film)
        without_film = pooled[place] - own[:, None] * model.history.weight[film]
        length = torch.from_numpy(bags.length)[place] - own
        hidden = rng.random(len(batch.person)) < self.params.id_dropout
        number = np.where(hidden | (not self.params.person_ids), model.unknown_person, batch.person)
        return model.person_vectors(without_film, length, torch.from_numpy(number))

    def _items(self, films: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
        with_id = (rng.random(len(films)) >= self.params.id_dropout).astype(np.float32)
        at = torch.from_numpy(films)
        return self.model.item_vectors(at, self.content[at], torch.from_numpy(with_id))

    def _softmax(self, person: Tensor, batch: Batch, rng: np.random.Generator) -> Tensor:
        """Return the cross-entropy of each like among the batch's films and further random ones. A film's score is
        reduced by the log of its sampling probability; otherwise popular films would be penalised.
        """
        films, target, chance = self._sample_films(batch, rng)
        at = torch.from_numpy(films)
        scores = self.model.scores(person, self._items(films, rng), self.model.item_bias(at)[:, 0])
        scores = scores - torch.from_numpy(np.log(chance))
        also_liked = self.examples.are_liked(batch, films)
        also_liked[np.arange(len(target)), target] = False
        scores = scores.masked_fill(torch.from_numpy(also_liked), float("-inf"))
        return functional.cross_entropy(scores, torch.from_numpy(target))

    def _sample_films(
        self, batch: Batch, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """Return distinct films int64[m], the index of each like's film among them int64[b], and each film's sampling
        probability float32[m].
        """
        likes, total = self.examples.likes, len(self.examples.likes)
        extra = min(self.params.extra, total)
        uniform = rng.choice(total, extra, replace=False)
        films, place = np.unique(np.concatenate([batch.film, uniform]), return_inverse=True)
        miss_chance = (1 - likes[films] / likes.sum()) ** len(batch.film) * (1 - extra / total)
        return films, place[: len(batch.film)], (1 - miss_chance).astype(np.float32)

    def _triplet(self, person: Tensor, batch: Batch, rng: np.random.Generator) -> Tensor:
        """Return the triplet loss of each like against the nearest of some films that its person has not liked."""
        total = len(self.examples.likes)
        films = rng.choice(total, min(self.params.candidates, total), replace=False)
        items = self._items(films, rng)
        with torch.no_grad():
            likeness = person @ items.T
            likeness[torch.from_numpy(self.examples.are_liked(batch, films))] = float("-inf")
            hardest = likeness.argmax(dim=1)
        positive = self._items(batch.film, rng)
        return functional.triplet_margin_loss(person, positive, items[hardest], margin=self.params.margin)
