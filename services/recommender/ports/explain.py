"""Sentences out of evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.recommender.domain.request import Reason
from services.recommender.ports.time import Deadline


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an explainer may speak of: the film's facts and the reasons that moved its score."""

    title: str
    year: int | None
    genres: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()


class Explainer(Protocol):
    """One sentence a film, at most 22 words, out of the evidence alone."""

    prompt_version: str

    def explain(self, evidence: Sequence[Evidence], deadline: Deadline) -> list[str]:
        """A sentence for each. Raises Unavailable."""
        ...
