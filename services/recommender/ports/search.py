"""Retrieval from an index, the release it belongs to, and the encoder of queries."""

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
    """``text`` for BM25, ``vectors`` float32[q, dims] (unit) for kNN, either may be None. ``size``: hits a leg."""

    text: str | None = None
    vectors: NDArray[np.float32] | None = None
    filters: Filters = NO_FILTERS
    size: int = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """Hits of one leg under the filters, best first: ``rows`` int32[m], ``scores`` float32[m] (BM25 as the
    engine gives it; for kNN the best cosine over the query vectors).

    ``reference``: mean of the best 50 scores, ``floor``: the score at rank ``size`` (0 when there are fewer),
    both *without* the filters, so that a film's signal (score - floor) / (reference - floor) is the same
    whatever is filtered. ``ms``: milliseconds that the engine spent on it.
    """

    rows: NDArray[np.int32]
    scores: NDArray[np.float32]
    reference: float
    floor: float = 0.0
    ms: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """One leg each, None where it was not asked for or the bundle has no vectors. ``degraded``: why the engine that
    should have answered did not and another did, in a few words each.
    """

    text: Leg | None = None
    knn: Leg | None = None
    degraded: tuple[str, ...] = ()


class TextField(IntFlag):
    """Where in a film's text a word stands."""

    TITLE = 1
    OTHER_TITLE = 2
    KEYWORDS = 4
    OVERVIEW = 8
    PEOPLE = 16


class Mention(NamedTuple):
    """The films whose text has a word: ``rows`` int32[n], each once, and ``fields`` uint8[n] of TextField."""

    rows: NDArray[np.int32]
    fields: NDArray[np.uint8]


class Named(NamedTuple):
    """The films of a name, best known first, int32[n], and how many typing errors away from it that is."""

    rows: NDArray[np.int32]
    errors: int = 0


class TextIndex(Protocol):
    """The words and names of one bundle's films, read in the process: no engine is asked."""

    @property
    def names(self) -> Names:
        """What the films go by, and their people."""
        ...

    def mentions(self, words: Sequence[str]) -> list[Mention]:
        """Where each word stands, in any of its forms ("dogs" is found by "dog")."""
        ...

    def named(self, text: str, errors: int = 0) -> Named:
        """The films that go by exactly this name; where none does, those at most ``errors`` typing errors away."""
        ...


class SearchPort(TextIndex, Protocol):
    """Text and vector retrieval over one bundle's films. Text is plain words: operators have no meaning."""

    index_version: str

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        """Both legs in one round trip. Raises SearchUnavailable."""
        ...

    def close(self) -> None:
        """Give files and sockets back."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """A bundle and the index that belongs to it: they switch together, so a request takes one reference."""

    bundle: Bundle
    search: SearchPort


class Releases(Protocol):
    """Where requests take their release from."""

    def current(self) -> Release:
        """The release to serve now; a new one is picked up between requests. Raises BundleError."""
        ...


class TextEncoder(Protocol):
    """Text to unit vectors."""

    encoder_id: str
    dims: int

    def encode(self, texts: Sequence[str], deadline: Deadline | None = None) -> NDArray[np.float32]:
        """float32[len(texts), dims], unit length. ``deadline``: of the request that asks, None where nobody waits; an
        encoder elsewhere has answered or raised by then. Raises EncoderUnavailable.
        """
        ...
