"""A question to the recommender and its answer, free of HTTP and JSON."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from services.recommender.domain.filters import NO_FILTERS, Filters

MAX_K = 100


class Strategy(StrEnum):
    """What the answer was made from."""

    QUERY = "query"
    PERSONAL = "personal"
    SEEDS = "seeds"
    POPULAR = "popular"


class Preset(StrEnum):
    """How the candidates are put in order."""

    DEFAULT = "default"
    SVD = "svd"
    TWO_TOWER = "two-tower"


@dataclass(frozen=True, slots=True)
class Request:
    """``liked``, ``disliked`` and ``tmdb_ids`` count as the newest events and are not stored. ``cursor``:
    ``next_cursor`` of the page before. ``diversity`` 0 ... 1 (MMR lambda = 1 - diversity). ``only_item_ids``: a shelf,
    nothing else is recommended; None for no such limit.
    ``familiarity`` 0 (hardly known films) ... 1 (crowd-pleasers); None for neither. ``understand`` False: the query is
    searched for as it is; ``ignore_conditions``: ids of conditions in it that are not to apply. ``preset``: one other
    than the default has an order of its own (stages/svd.py, stages/towers.py).
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
    """What a condition that was read in a query is about."""

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
    """What a reason names."""

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
    """One piece of evidence: ``text`` as shown ("Because you liked Heat"), ``subject`` what it names ("Heat"),
    ``weight`` by how much the film's raw score falls without it. ``item_id`` is set for a cited film.
    """

    kind: ReasonKind
    text: str
    subject: str
    weight: float
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    """One film of an answer. ``score`` in [0, 1]; ``signals`` are the weighted terms of the raw score. ``match``:
    whether it matches the query; None where there is none.
    """

    row: int
    score: float
    reasons: tuple[Reason, ...] = ()
    signals: dict[str, float] = field(default_factory=dict)
    explanation: str | None = None
    match: bool | None = None


@dataclass(frozen=True, slots=True)
class ReadCondition:
    """A condition that was read in a query, as it is shown. ``id``: by which it can be switched off; ``words``: what of
    the query says it; ``applied``: False where it gave way because too few films met all.
    """

    id: str
    kind: ConditionKind
    text: str
    words: str
    applied: bool = True


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """How a query was read: the ``text`` that is searched for, and conditions in the order of the query."""

    text: str
    conditions: tuple[ReadCondition, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """What the pipeline answers: picks in order, and how they came about. ``more``: further films exist. ``counts``:
    films ranked, hits by leg, films left out because the taste is a child's. ``understood``: how the query was read,
    and ``matched`` how many films match it; None without a query.
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
