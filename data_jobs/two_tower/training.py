"""Train the towers: first to find the best number of epochs, then on all likes.

First, a fifth of the likes is hidden and measured after each epoch; then the best number of epochs is trained on all
likes. The same data, parameters and version of PyTorch give the same numbers. An interrupted training resumes after its
last complete epoch and gives the same numbers, too.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data_jobs.report import Progress
from data_jobs.train.interactions import Interactions
from data_jobs.train.tune import figures
from data_jobs.two_tower.code.towers import TwoTower
from data_jobs.two_tower.examples import Examples, bags_of
from data_jobs.two_tower.features import Features
from data_jobs.two_tower.hidden import Hidden, hide
from data_jobs.two_tower.losses import TowerLoss
from data_jobs.two_tower.params import Loss, TowerParams

CHECKPOINT = "checkpoint.pt"
# Covers the format of a checkpoint; one of an older format is not resumed.
_FORM = 1


@dataclass(frozen=True, slots=True)
class Epoch:
    """The result of one epoch. ``recall`` and ``ndcg`` at 10 of the hidden likes, 0 if none are hidden."""

    number: int
    loss: float
    recall: float = 0.0
    ndcg: float = 0.0

    @property
    def worth(self) -> float:
        """Return the figure that epochs are compared by."""
        return self.recall + self.ndcg


@dataclass(slots=True)
class Curve:
    """The epochs with hidden likes (``judged``) and those on all likes (``whole``), in order."""

    judged: list[Epoch] = field(default_factory=list)
    whole: list[Epoch] = field(default_factory=list)

    @property
    def best(self) -> Epoch:
        """Return the epoch with the best figure, the first of equal ones."""
        return max(self.judged, key=lambda epoch: (epoch.worth, -epoch.number))


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """The model, trained on all likes, and its training. ``is_known`` bool[films]: films with at least one like, whose
    ids count. ``resumed``: number of epochs trained by an earlier run.
    """

    model: TwoTower
    content: torch.Tensor
    is_known: NDArray[np.bool_]
    curve: Curve
    params: TowerParams
    resumed: int = 0

    @property
    def items(self) -> NDArray[np.float32]:
        """Return the films' vectors, float32[films, dims + 1]; the product with a person's vector is the score."""
        with torch.no_grad():
            is_known = torch.from_numpy(self.is_known.astype(np.float32))
            served: NDArray[np.float32] = self.model.served_items(self.content, is_known).numpy()
        return served


def train_towers(
    interactions: Interactions, features: Features, params: TowerParams, progress: Progress, folder: Path | None = None
) -> Trained:
    """Train the towers. ``folder``: of the checkpoint, read at the start and written after each epoch; None: no
    checkpoints. Raises TrainingError if too few people have enough likes to validate.
    """
    with _one_thread():
        hidden = hide(interactions, params.seed)
        run = _Run(Examples(hidden.rest), features, params, progress, hidden)
        checkpoint_file = _CheckpointFile(folder, _fingerprint(interactions, features, params))
        curve, resumed = Curve(), 0
        checkpoint = checkpoint_file.read()
        if checkpoint is not None:
            curve = Curve(*([Epoch(**values) for values in checkpoint[name]] for name in ("judged", "whole")))
            resumed = len(curve.judged) + len(curve.whole)
        if checkpoint is not None and not curve.whole:
            run.restore(checkpoint)
        while not _is_over(curve, params):
            curve.judged.append(run.epoch(len(curve.judged) + 1, params.epochs))
            checkpoint_file.write(run, curve)
        full_run = _Run(Examples(interactions), features, params, progress, None)
        if checkpoint is not None and curve.whole:
            full_run.restore(checkpoint)
        while len(curve.whole) < curve.best.number:
            curve.whole.append(full_run.epoch(len(curve.whole) + 1, curve.best.number))
            checkpoint_file.write(full_run, curve)
        is_known = full_run.examples.likes > 0
        in_history = np.bincount(full_run.examples.history.indices, minlength=interactions.films) > 0
        with torch.no_grad():
            # The embedding of a film in no history was initialised at random and never trained.
            full_run.model.history.weight[torch.from_numpy(~in_history)] = 0
        return Trained(full_run.model.eval(), full_run.content, is_known, curve, params, resumed)


def _is_over(curve: Curve, params: TowerParams) -> bool:
    """Return whether validation no longer improves, or training on all likes has started."""
    done = len(curve.judged)
    return bool(curve.whole) or done >= params.epochs or (done > 0 and done - curve.best.number >= params.patience)


class _Run:
    """One model and its optimiser, trained epoch by epoch. ``hidden`` None: on all likes, without validation."""

    def __init__(
        self, examples: Examples, features: Features, params: TowerParams, progress: Progress, hidden: Hidden | None
    ) -> None:
        self.examples = examples
        self.content = torch.from_numpy(features.values)
        self._params = params
        self._progress = progress
        self._hidden = hidden
        torch.manual_seed(params.seed)
        people, films = examples.history.shape
        self.model = TwoTower(
            films, people, self.content.shape[1], params.dims, params.hidden, biased=params.loss is Loss.SOFTMAX
        )
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=params.rate, weight_decay=params.decay)
        self._previous = ""

    def epoch(self, number: int, most: int) -> Epoch:
        """Train one more epoch; ``number`` counts from 1 to ``most``."""
        params, steps = self._params, self.examples.steps(self._params.batch)
        # Seeded by the epoch alone, so that it does not matter which run trained the earlier ones.
        rng = np.random.default_rng((params.seed, 2 if self._hidden else 3, number))
        tower_loss = TowerLoss(self.examples, self.content, params, self.model)
        kind = params.loss if self._hidden else f"{params.loss}, all likes"
        step = f"two towers, {kind}, epoch {number} of {most}{self._previous}"
        total = 0.0
        self.model.train()
        for done, batch in enumerate(self.examples.batches(params.batch, params.history_dropout, rng), 1):
            self.optimiser.zero_grad()
            loss = tower_loss.loss(batch, rng)
            loss.backward()
            self.optimiser.step()
            total += loss.item()
            self._progress.advance(step, done, steps)
        result = Epoch(number, total / steps, *self._validate())
        recall = f", Recall@10 {result.recall:.3f}" if self._hidden else ""
        self._previous = f" (previous: loss {result.loss:.3f}{recall})"
        return result

    def _validate(self) -> tuple[float, float]:
        if self._hidden is None:
            return 0.0, 0.0
        scores = scores_of(self.model, self.examples, self.content, self._hidden.people, by_id=self._params.person_ids)
        return figures(scores, self._hidden.seen, self._hidden.relevant)

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Resume from a checkpoint."""
        self.model.load_state_dict(checkpoint["model"])
        self.optimiser.load_state_dict(checkpoint["optimiser"])


def scores_of(
    model: TwoTower, examples: Examples, content: torch.Tensor, people: NDArray[np.int32], *, by_id: bool
) -> NDArray[np.float32]:
    """Return the scores of all films for some people, float32[people, films]; ``by_id``: with their own embeddings."""
    model.eval()
    with torch.no_grad():
        items = model.served_items(content, torch.from_numpy((examples.likes > 0).astype(np.float32)))
        bags = bags_of(examples.history[people])
        pooled = model.pooled(*(torch.from_numpy(array) for array in (bags.films, bags.offsets, bags.weights)))
        numbers = people.astype(np.int64) if by_id else np.full(len(people), model.unknown_person, np.int64)
        vectors = model.person_vectors(pooled, torch.from_numpy(bags.length), torch.from_numpy(numbers))
        scores: NDArray[np.float32] = (torch.cat([vectors, torch.ones(len(people), 1)], 1) @ items.T).numpy()
    return scores


class _CheckpointFile:
    """The checkpoint of a training; only a training with the same data and parameters reads it."""

    def __init__(self, folder: Path | None, fingerprint: str) -> None:
        self._path = None if folder is None else folder / CHECKPOINT
        self._fingerprint = fingerprint

    def read(self) -> dict[str, Any] | None:
        """Return the checkpoint; None if it is missing, damaged, or of another training."""
        if self._path is None or not self._path.is_file():
            return None
        try:
            checkpoint: dict[str, Any] = torch.load(self._path, weights_only=True)
        except Exception:  # noqa: BLE001 - any damage, and the training starts over
            return None
        return checkpoint if checkpoint.get("fingerprint") == self._fingerprint else None

    def write(self, run: _Run, curve: Curve) -> None:
        """Save what the next epoch needs, replacing the previous checkpoint atomically."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        epochs = {name: [asdict(epoch) for epoch in getattr(curve, name)] for name in ("judged", "whole")}
        state = {"model": run.model.state_dict(), "optimiser": run.optimiser.state_dict()}
        torch.save({"fingerprint": self._fingerprint, **epochs, **state}, part)
        part.replace(self._path)


def _fingerprint(interactions: Interactions, features: Features, params: TowerParams) -> str:
    parts = [_FORM, torch.__version__, params.to_json(), interactions.people, interactions.films]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
    for array in (interactions.person, interactions.film, interactions.weight, features.values):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Use one thread: on busy cores, threads that wait for each other make an epoch twelve times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
