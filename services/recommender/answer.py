"""Recommendation responses as cached and sent: the JSON is built once and never parsed again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Flag, auto

from services.recommender.answers import dump
from services.recommender.domain.request import Request, Strategy


@dataclass(frozen=True, slots=True)
class Answer:
    """``payload`` is the JSON object without ``cached`` and ``recommendation_id``. ``stages``: milliseconds by stage,
    for Server-Timing; ``counts``: films ranked and hits by leg, for the log. ``told``: sentences by author, tokens and
    US dollars, if a model was used. ``kept`` False: responses to such a request are not cached.
    """

    payload: bytes
    strategy: Strategy
    cached: bool = False
    kept: bool = True
    degraded: tuple[str, ...] = ()
    stages: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    told: Mapping[str, float] = field(default_factory=dict)

    def render(self, recommendation_id: str) -> bytes:
        """Return the whole JSON document: the stored object followed by the request's own fields."""
        own = dump({"cached": self.cached, "recommendation_id": recommendation_id})
        return self.payload[:-1] + b"," + own[1:]

    def stored(self) -> bytes:
        """Return the cached form: the strategy, a line feed, the payload."""
        return self.strategy.value.encode() + b"\n" + self.payload

    @classmethod
    def of_stored(cls, stored: bytes, stages: Mapping[str, float]) -> "Answer":
        """Parse the result of ``stored``."""
        strategy, _, payload = stored.partition(b"\n")
        return cls(payload, Strategy(strategy.decode()), cached=True, stages=stages)


class Work(Flag):
    """Kinds of work that a response takes."""

    RANKED = auto()
    SEARCHED = auto()
    EXPLAINED = auto()

    @classmethod
    def of(cls, request: Request) -> "Work":
        """Return the work a request needs: queries and given films require search, a stored taste only ranking."""
        searched = cls.SEARCHED if request.query or request.liked or request.tmdb_ids else cls(0)
        return cls.RANKED | searched | (cls.EXPLAINED if request.explain else cls(0))


ALL_WORK = Work.RANKED | Work.SEARCHED | Work.EXPLAINED


@dataclass(frozen=True, slots=True)
class Options:
    """Seconds. ``cache_ttl_s`` 0 disables the response cache. ``cached``: responses that took any of this work are
    cached.
    """

    cache_ttl_s: int = 1_800
    cached: Work = ALL_WORK
    deadline_s: float = 1.2
    explain_deadline_s: float = 6.0
