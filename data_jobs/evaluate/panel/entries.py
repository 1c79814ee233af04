"""An entry of the panel: what is asked, what a film lover expects of the first ten, and what must never be there."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from data_jobs.evaluate.panel.predicate import Predicate

LEAST, FIRST = 7, 10
"""Films that an expectation asks for, and among how many, where it does not say."""


class Part(StrEnum):
    """The three parts of the panel; each is a file."""

    TASTES = "tastes"
    QUERIES = "queries"
    SIMILAR = "similar"


@dataclass(frozen=True, slots=True)
class Want:
    """At least ``least`` of the first ``first`` films satisfy ``where``."""

    where: Predicate
    least: int = LEAST
    first: int = FIRST


@dataclass(frozen=True, slots=True)
class Taste:
    """Films somebody likes and dislikes, "Title (year)"."""

    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()

    @property
    def films(self) -> tuple[str, ...]:
        """All films it names."""
        return (*self.liked, *self.disliked)


@dataclass(frozen=True, slots=True)
class Query:
    """A query as somebody writes it, in the language ``written_in``."""

    text: str
    written_in: str = "en"

    @property
    def films(self) -> tuple[str, ...]:
        """None."""
        return ()


@dataclass(frozen=True, slots=True)
class Like:
    """Films like this one."""

    film: str

    @property
    def films(self) -> tuple[str, ...]:
        """The film."""
        return (self.film,)


Ask: TypeAlias = Taste | Query | Like


@dataclass(frozen=True, slots=True)
class Entry:
    """``name`` is unique in its part. ``decade`` ("1950s"), ``language`` (of the films, "fr") and ``audience`` are
    the quotas it counts for; "any" where it is about none. ``never``: None forbids only the films that are asked
    with. ``nothing``: the right answer is that nothing matches. ``kept_apart``: nobody tunes by it.
    ``fresh``: kept apart, and written when the rest had been tuned by.
    """

    part: Part
    name: str
    kind: str
    decade: str
    language: str
    audience: str
    ask: Ask
    wants: tuple[Want, ...] = ()
    never: Predicate | None = None
    nothing: bool = False
    kept_apart: bool = False
    fresh: bool = False
