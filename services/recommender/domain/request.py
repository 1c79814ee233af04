"""Request and result of a recommendation, independent of HTTP and JSON."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from services.recommender.domain.filters import NO_FILTERS, Filters

MAX_K = 100


class Strategy(StrEnum):
    """Basis of a ranking."""

    QUERY = "query"
    PERSONAL = "personal"
    SEEDS = "seeds"
    POPULAR = "popular"


class Preset(StrEnum):
    """Ways to order the candidates."""

    DEFAULT = "default"
    SVD = "svd"
    TWO_TOWER = "two-tower"


@dataclass(frozen=True, slots=True)
class Request:
    """``liked``, ``disliked`` and ``tmdb_ids`` count as the newest events and are not stored. ``cursor``:
    ``next_cursor`` of the previous page. ``diversity`` 0 ... 1 (MMR lambda = 1 - diversity). ``only_item_ids``: a shelf
    to choose from; None for no such limit. ``familiarity`` 0 (obscure films) ... 1 (well-known films); None for
    neither. ``understand`` False: search for the query as it is; ``ignore_conditions``: ids of query conditions not to
    apply. ``preset``: any but the default has its own order (presets/svd.py, presets/two_tower.py).
    """

    user_id: str | None = None
    k: int = 20
    explain: bool = False
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    tmdb_ids: tuple[int, ...] = ()
    query: str | None = None
    understand: bool = True
    ignore_conditions: tuple[str, ...] = ()
    filters: Filters = NO_FILTERS
    only_item_ids: tuple[str, ...] | None = None
    exclude_item_ids: tuple[str, ...] = ()
    include_seen: bool = False
    diversity: float = 0.2
    familiarity: float | None = None
    cursor: str | None = None
    preset: Preset = Preset.DEFAULT


class ConditionKind(StrEnum):
    """Kinds of conditions found in a query."""

    PERSON = "person"
    SERIES = "series"
    GENRE = "genre"
    MOOD = "mood"
    FORM = "form"
    AUDIENCE = "audience"
    LANGUAGE = "language"
    YEAR = "year"
    RUNTIME = "runtime"
    KEYWORD = "keyword"
    LIKE = "like"


class ReasonKind(StrEnum):
    """Kinds of reasons."""

    LIKED = "liked"
    DIRECTOR = "director"
    KEYWORD = "keyword"
    GENRE = "genre"
    DECADE = "decade"
    CAST = "cast"
    SERIES = "series"
    LANGUAGE = "language"
    QUERY = "query"
    NEAREST = "nearest"
    POPULAR = "popular"


class Reason(NamedTuple):
    """One reason: ``text`` as shown ("Because you liked Heat"), ``subject`` what it refers to ("Heat"), ``weight`` the
    drop of the film's raw score without it. ``item_id`` is set for a cited film.
    """

    kind: ReasonKind
    text: str
    subject: str
    weight: float
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    """One ranked film. ``score`` in [0, 1]; ``signals`` are the weighted terms of the raw score. ``match``: whether it
    matches the query; None without a query.
    """

    row: int
    score: float
    reasons: tuple[Reason, ...] = ()
    signals: dict[str, float] = field(default_factory=dict)
    explanation: str | None = None
    match: bool | None = None


@dataclass(frozen=True, slots=True)
class ReadCondition:
    """A condition found in a query, as shown. ``id`` identifies it for switching it off; ``words``: the words of the
    query that express it; ``applied``: False if it was relaxed because too few films met all conditions.
    """

    id: str
    kind: ConditionKind
    text: str
    words: str
    applied: bool = True


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """How a query was understood: the remaining ``text`` to search for, and conditions in the order of the query."""

    text: str
    conditions: tuple[ReadCondition, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Result of the pipeline: picks in order, and how they were chosen. ``more``: further films exist. ``counts``:
    films ranked, hits by leg, films left out as unsuitable for a child's taste. ``understood``: how the query was
    understood, and ``matched`` how many films match it; both None without a query.
    """

    picks: tuple[Pick, ...]
    strategy: Strategy
    degraded: tuple[str, ...] = ()
    ignored_ids: tuple[str, ...] = ()
    more: bool = False
    trace: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    understood: ReadQuery | None = None
    matched: int | None = None
