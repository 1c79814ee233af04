"""Sentences out of evidence, and what of them is kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.recommender.domain.request import Reason
from services.recommender.ports.time import Deadline

# Of an overview, as much as a model is shown.
OVERVIEW_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a sentence about a film is made from: what is shown of the film, and the reasons that moved its score."""

    title: str
    year: int | None
    genres: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()
    item_id: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What else the catalogue holds of a film. ``overview``: its first 120 characters; ``runtime``: minutes, 0 unknown.
    All of it is text of others: data, never an order.
    """

    directors: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    language: str = ""
    runtime: int = 0
    overview: str = ""


@dataclass(frozen=True, slots=True)
class Likings:
    """What a person likes, in a few words: their most frequent genres, and the titles they liked last, newest first."""

    genres: tuple[str, ...] = ()
    favourites: tuple[str, ...] = ()


def _no_records(evidence: Sequence[Evidence]) -> list[Record]:
    return [Record()] * len(evidence)


@dataclass(frozen=True, slots=True)
class Page:
    """The films of an answer that want a sentence, in order. ``records`` of some of them and ``likings`` are looked up
    only for whom they are needed.
    """

    evidence: tuple[Evidence, ...]
    records: Callable[[Sequence[Evidence]], list[Record]] = _no_records
    likings: Callable[[], Likings] = Likings


@dataclass(frozen=True, slots=True)
class Told:
    """``sentences``: one a film of the page. ``degraded``: why those who should have written them did not, in a few
    words. ``counts``: sentences by who wrote them, tokens, US dollars; empty where no model is asked.
    """

    sentences: tuple[str, ...]
    degraded: tuple[str, ...] = ()
    counts: Mapping[str, float] = field(default_factory=dict)


class Explainer(Protocol):
    """One sentence a film, at most 22 words, true to its evidence; no film, person, genre or number that is in neither
    the evidence nor the film's record.
    """

    prompt_version: str

    def explain(self, page: Page, deadline: Deadline) -> Told:
        """A sentence for each, before the deadline: whatever is down, late or wrong is told in ``degraded``."""
        ...


class SentenceStore(Protocol):
    """Sentences that a model wrote, by what they were made from, and how many tokens were used today. Nothing in it
    belongs to a person. Both methods of the budget raise StateUnavailable.
    """

    def find(self, keys: Sequence[str], deadline: Deadline) -> dict[str, str]:
        """The sentences that are kept and have time left. Empty when the store does not answer: they are then written
        again."""
        ...

    def keep(self, sentences: Mapping[str, str], seconds: int) -> None:
        """Best effort, perhaps only after the call; dropped when the store is busy."""
        ...

    def reserve(self, day: str, tokens: int, limit: int, deadline: Deadline) -> int | None:
        """Count tokens of a day ("2026-11-28") if no more than ``limit`` are counted then: all that are counted with
        them; None if there is no room, and nothing is counted."""
        ...

    def give_back(self, day: str, tokens: int) -> None:
        """Take back what was reserved and not used; negative: count what was used beyond that."""
        ...
