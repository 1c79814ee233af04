"""Port for candidates from a model behind the network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.recommender.ports.time import Deadline


@dataclass(frozen=True, slots=True)
class Liking:
    """A film of a person's history, by the catalogue's own id, and its weight, above 0."""

    item_id: str
    weight: float


@dataclass(frozen=True, slots=True)
class Proposed:
    """Films by the catalogue's own ids, best first and distinct, and their scores, finite and descending. ``ms``:
    duration of the call.
    """

    item_ids: tuple[str, ...]
    scores: tuple[float, ...]
    ms: float = 0.0


class RetrievePort(Protocol):
    """A remote two-tower model."""

    def propose(self, person: str | None, history: Sequence[Liking], count: int, deadline: Deadline) -> Proposed:
        """Return the best ``count`` films for a history, without those in it. ``person``: their mark (``mark_of``),
        None for an unknown person. Raises RetrieverUnavailable if the response is late, throttled, refused or
        unreadable, always before the deadline.
        """
        ...
