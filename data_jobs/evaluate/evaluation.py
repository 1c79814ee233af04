"""What to evaluate, and the result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_jobs.embed_items import EmbeddingOptions
from data_jobs.evaluate.outcome import Outcome
from data_jobs.evaluate.protocol import Row
from data_jobs.evaluate.split import SplitKind
from data_jobs.validate import Source
from services.recommender.ports import TextEncoder

PIPELINE, DEFAULT, DIVERSE = "pipeline", "pipeline, default diversity", "pipeline, diversity 1"
"""Names of the pipeline's entries among the models."""
SVD_PRESET = "svd preset"


@dataclass(frozen=True, slots=True)
class EvaluationOrder:
    """What to evaluate. ``source`` None: the sample catalogue. ``holdout``: a file; None: drawn by ``split`` and
    ``seed``, which also seeds the other parts. ``parts``: names of ``registry.PARTS``. ``queries``: the encoder of
    queries, None for ``encoder``.
    """

    home: Path
    source: Source | None = None
    encoder: TextEncoder | None = None
    queries: TextEncoder | None = None
    embedding_options: EmbeddingOptions = field(default_factory=EmbeddingOptions)
    holdout: Path | None = None
    split: SplitKind = SplitKind.RANDOM
    seed: int = 0
    parts: frozenset[str] = frozenset()
    params: Path | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """What the figures were measured on. ``holdout``: the file's name, or "random, seed 0". ``small``: the data is
    MovieLens ml-latest-small, to which the absolute bars apply. ``ease_ridge``: lambda of plain EASE.
    """

    sources: tuple[str, ...]
    films: int
    people: int
    events: int
    holdout: str
    kind: SplitKind
    held_out_people: int
    held_out_likes: int
    fixed: bool
    small: bool
    seed: int
    encoder: str | None
    model_version: str
    params: Mapping[str, Any]
    weights: Mapping[str, Any]
    ease_ridge: float


@dataclass(slots=True)
class Evaluation:
    """All figures. ``parts``: the outcomes by name. ``seconds``: duration by part."""

    setting: Setting
    models: list[Row]
    parts: dict[str, Outcome] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def row(self, model: str) -> Row:
        """Return the row of a model. Raises KeyError."""
        for row in self.models:
            if row.model == model:
                return row
        raise KeyError(model)
