"""Ports for explanation sentences and their cache."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.recommender.domain.request import Reason
from services.recommender.ports.time import Deadline

# Number of overview characters shown to a model.
OVERVIEW_LENGTH = 120
# The longest sentence, in words and in characters: no real sentence of 22 words is that long.
SENTENCE_WORDS, SENTENCE_LENGTH = 22, 320


@dataclass(frozen=True, slots=True)
class Evidence:
    """Facts a sentence is written from: the film's displayed facts, and the reasons that contributed to its score."""

    title: str
    year: int | None
    genres: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()
    item_id: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """Further facts of the catalogue about a film. ``overview``: its first 120 characters; ``runtime``: minutes, 0
    unknown. All of it is third-party text: data, never an instruction.
    """

    directors: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    language: str = ""
    runtime: int = 0
    overview: str = ""


@dataclass(frozen=True, slots=True)
class Likings:
    """Summary of what a person likes: their most frequent genres, and the titles they liked last, newest first."""

    genres: tuple[str, ...] = ()
    favourites: tuple[str, ...] = ()


def _no_records(evidence: Sequence[Evidence]) -> list[Record]:
    return [Record()] * len(evidence)


@dataclass(frozen=True, slots=True)
class Page:
    """Films of a response that need a sentence, in order. ``records`` and ``likings`` are looked up only if needed."""

    evidence: tuple[Evidence, ...]
    records: Callable[[Sequence[Evidence]], list[Record]] = _no_records
    likings: Callable[[], Likings] = Likings


@dataclass(frozen=True, slots=True)
class PageSentences:
    """``sentences``: one per film of the page. ``degraded``: why the intended author failed, in a few words.
    ``counts``: sentences by author, tokens, US dollars; empty if no model is used.
    """

    sentences: tuple[str, ...]
    degraded: tuple[str, ...] = ()
    counts: Mapping[str, float] = field(default_factory=dict)


class Explainer(Protocol):
    """Writes one sentence per film, at most 22 words, true to its evidence; with no film, person, genre or number that
    is in neither the evidence nor the film's record.
    """

    prompt_version: str

    def explain(self, page: Page, deadline: Deadline) -> PageSentences:
        """Return a sentence for each film, before the deadline; failures are reported in ``degraded``."""
        ...


class SentenceStore(Protocol):
    """Caches sentences written by a model, by their inputs, and counts the tokens used per day. It stores nothing about
    people. Both budget methods raise StateUnavailable.
    """

    def find(self, keys: Sequence[str], deadline: Deadline) -> dict[str, str]:
        """Return the cached sentences that have not expired; empty if the store fails, so that they are rewritten."""
        ...

    def keep(self, sentences: Mapping[str, str], seconds: int) -> None:
        """Store on a best-effort basis, perhaps after the call; dropped when the store is busy."""
        ...

    def reserve(self, day: str, tokens: int, limit: int, deadline: Deadline) -> int | None:
        """Reserve tokens of a day ("2026-11-28") within ``limit``. Return the day's total including them, or None, with
        nothing reserved, if there is no room."""
        ...

    def give_back(self, day: str, tokens: int) -> None:
        """Return reserved tokens that were not used; if negative, count tokens used beyond the reservation."""
        ...
