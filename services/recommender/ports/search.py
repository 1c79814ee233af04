"""Ports for search, the current release and text encoding."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.filters import NO_FILTERS, Filters
from services.recommender.names.names import Names
from services.recommender.ports.time import Deadline


@dataclass(frozen=True, slots=True, eq=False)
class SearchRequest:
    """``text`` for BM25, ``vectors`` float32[q, dims] (unit) for kNN, either may be None. ``films`` int32[q]: the films
    whose own vectors these are, None for other vectors; an adapter may look up their neighbours instead. ``size``: hits
    of each retriever.
    """

    text: str | None = None
    vectors: NDArray[np.float32] | None = None
    filters: Filters = NO_FILTERS
    size: int = 1_000
    films: NDArray[np.int32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Hits of one retriever under the filters, best first: ``rows`` int32[m], ``scores`` float32[m] (the engine's BM25;
    for kNN the best cosine over the query vectors).

    ``reference``: mean of the best 50 scores, ``floor``: the score at rank ``size`` (0 if there are fewer), both
    *without* the filters, so that a film's signal (score - floor) / (reference - floor) does not depend on them.
    ``ms``: milliseconds spent by the engine.
    """

    rows: NDArray[np.int32]
    scores: NDArray[np.float32]
    reference: float
    floor: float = 0.0
    ms: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """One result per retriever, None if not requested or if the bundle has no vectors. ``degraded``: why the intended
    engine failed and another replaced it, in a few words each.
    """

    text: Hits | None = None
    knn: Hits | None = None
    degraded: tuple[str, ...] = ()


class TextField(IntFlag):
    """Field of a film's text in which a word occurs."""

    TITLE = 1
    OTHER_TITLE = 2
    KEYWORDS = 4
    OVERVIEW = 8
    PEOPLE = 16


class Mention(NamedTuple):
    """Films whose text contains a word: ``rows`` int32[n], each once, and ``fields`` uint8[n] of TextField."""

    rows: NDArray[np.int32]
    fields: NDArray[np.uint8]


class NamedFilms(NamedTuple):
    """Films with a given name, best known first, int32[n], and its number of typing errors."""

    rows: NDArray[np.int32]
    errors: int = 0


class TextIndex(Protocol):
    """Words and names of one bundle's films, read in the process without a search engine."""

    @property
    def names(self) -> Names:
        """Names of the films and their people."""
        ...

    def mentions(self, words: Sequence[str]) -> list[Mention]:
        """Return where each word occurs, in any of its forms ("dog" also finds "dogs")."""
        ...

    def named(self, text: str, errors: int = 0) -> NamedFilms:
        """Return the films with exactly this name; if there are none, those within ``errors`` typing errors."""
        ...


class SearchPort(TextIndex, Protocol):
    """Text and vector search over one bundle's films. Text is plain words: operators have no meaning."""

    index_version: str

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        """Run both retrievers in one round trip. Raises SearchUnavailable."""
        ...

    def close(self) -> None:
        """Release files and sockets."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """A bundle and its index: they switch together, so a request holds one reference."""

    bundle: Bundle
    search: SearchPort


class Releases(Protocol):
    """Source of the release to serve."""

    def current(self) -> Release:
        """Return the current release; a new one is picked up between requests. Raises BundleError."""
        ...


class TextEncoder(Protocol):
    """Encodes text to unit vectors."""

    encoder_id: str
    dims: int

    def encode(self, texts: Sequence[str], deadline: Deadline | None = None) -> NDArray[np.float32]:
        """Return float32[len(texts), dims], unit length. ``deadline``: that of the request, None outside requests; a
        remote encoder returns or raises by then. Raises EncoderUnavailable.
        """
        ...
