"""An entry of the panel: the request, the films expected among the first ten, and those that must not be."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from data_jobs.evaluate.panel.predicate import Predicate

LEAST, FIRST = 7, 10
"""Defaults of an expectation: at least 7 of the first 10."""


class PanelPart(StrEnum):
    """The three parts of the panel; one file each."""

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
class PanelTaste:
    """Liked and disliked films, "Title (year)"."""

    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()

    @property
    def films(self) -> tuple[str, ...]:
        """Return all films in the request."""
        return (*self.liked, *self.disliked)


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """A query as people write it; ``written_in``: its language."""

    text: str
    written_in: str = "en"

    @property
    def films(self) -> tuple[str, ...]:
        """Return no films."""
        return ()


@dataclass(frozen=True, slots=True)
class PanelFilm:
    """A film whose similar films are requested."""

    film: str

    @property
    def films(self) -> tuple[str, ...]:
        """Return the film."""
        return (self.film,)


PanelRequest: TypeAlias = PanelTaste | PanelQuery | PanelFilm


@dataclass(frozen=True, slots=True)
class Entry:
    """``name`` is unique in its part. ``decade`` ("1950s"), ``language`` (of the films, "fr") and ``audience`` are the
    quotas that it counts for, or "any". ``never``: None forbids only the films given in the request. ``nothing``: no
    film should match the query. ``kept_apart``: not used for tuning. ``fresh``: kept apart, and written after the
    tuning.
    """

    part: PanelPart
    name: str
    kind: str
    decade: str
    language: str
    audience: str
    request: PanelRequest
    wants: tuple[Want, ...] = ()
    never: Predicate | None = None
    nothing: bool = False
    kept_apart: bool = False
    fresh: bool = False
