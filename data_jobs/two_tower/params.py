"""All parameters of the two-tower training."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self


class Loss(StrEnum):
    """The loss: triplet with the hardest of some negatives per like, or softmax over the likes of a batch."""

    TRIPLET = "triplet"
    SOFTMAX = "softmax"


# Defaults that differ by loss.
_DEFAULTS: dict[Loss, dict[str, Any]] = {Loss.SOFTMAX: {}, Loss.TRIPLET: {"decay": 1e-4}}


@dataclass(frozen=True, slots=True)
class TowerParams:
    """Parameters of the training. Defaults were chosen on holdouts within the training part of ml-latest-small."""

    loss: Loss = Loss.SOFTMAX
    dims: int = 64
    """Dimensions of the space shared by both towers."""
    hidden: int = 128
    """Width of the hidden layer of each tower."""
    epochs: int = 30
    """Maximum number of epochs; the one with the best validation is kept."""
    patience: int = 4
    """Training ends after this many epochs without a better validation."""
    batch: int = 1_024
    """Likes per step."""
    rate: float = 0.001
    """Learning rate of Adam."""
    decay: float = 1e-5
    """L2 penalty on the weights of the networks and embeddings."""
    history_dropout: float = 0.5
    """Share of a history that is hidden at each step."""
    id_dropout: float = 0.5
    """Share of films and people whose id is ignored at a step, so that content and history must suffice."""
    person_ids: bool = True
    """Whether people have an embedding of their own in addition to their history."""
    margin: float = 1.0
    """Margin of the triplet loss."""
    candidates: int = 32
    """Films drawn per step; the hardest of them for each like is its triplet's negative."""
    extra: int = 1_024
    """Films drawn uniformly in addition to those of the batch, as further negatives of the softmax."""
    seed: int = 0

    def __post_init__(self) -> None:
        self._require(1 <= self.dims <= 1_024, "dims", "between 1 and 1,024")
        self._require(1 <= self.hidden <= 4_096, "hidden", "between 1 and 4,096")
        self._require(1 <= self.epochs <= 1_000, "epochs", "between 1 and 1,000")
        self._require(self.patience >= 1, "patience", "1 or more")
        self._require(2 <= self.batch <= 65_536, "batch", "between 2 and 65,536")
        self._require(0 < self.rate < 1, "rate", "above 0 and below 1")
        self._require(0 <= self.decay < 1, "decay", "at least 0 and below 1")
        self._require(0 <= self.history_dropout < 1, "history_dropout", "at least 0 and below 1")
        self._require(0 <= self.id_dropout < 1, "id_dropout", "at least 0 and below 1")
        self._require(0 < self.margin <= 2, "margin", "above 0, and at most 2")
        self._require(1 <= self.candidates <= 4_096, "candidates", "between 1 and 4,096")
        self._require(0 <= self.extra <= 65_536, "extra", "between 0 and 65,536")
        self._require(self.seed >= 0, "seed", "0 or more")

    @classmethod
    def of(cls, loss: Loss, **overrides: Any) -> Self:  # noqa: ANN401 - of several types, checked by the fields
        """Return the defaults of a loss with overrides. Raises ValueError."""
        return cls(**{**_DEFAULTS[loss], **overrides, "loss": loss})

    @staticmethod
    def _require(is_valid: bool, name: str, expected: str) -> None:
        if not is_valid:
            raise ValueError(f"two-tower parameter {name} must be {expected}")

    def to_json(self) -> dict[str, Any]:
        """Return all parameters as a JSON object."""
        return asdict(self) | {"loss": str(self.loss)}
