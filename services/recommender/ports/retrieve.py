"""Candidates by a model that is asked over a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.recommender.ports.time import Deadline


@dataclass(frozen=True, slots=True)
class Liking:
    """A film of somebody's history, by the catalogue's own id, and what it weighs, more than 0."""

    item_id: str
    weight: float


@dataclass(frozen=True, slots=True)
class Proposed:
    """Films by the catalogue's own ids, best first, each once, and their scores, finite and falling. ``ms``: how long
    the answer took.
    """

    item_ids: tuple[str, ...]
    scores: tuple[float, ...]
    ms: float = 0.0


class RetrievePort(Protocol):
    """A two-tower model elsewhere."""

    def propose(self, person: str | None, history: Sequence[Liking], count: int, deadline: Deadline) -> Proposed:
        """The best ``count`` films for a history, none of which is of it. ``person``: their mark (``mark_of``), None
        for a stranger. Raises RetrieverUnavailable: late, throttled, refused, unreadable; before the deadline.
        """
        ...
