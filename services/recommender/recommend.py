"""Use case of ``/recommend``: read profile and cache, otherwise rank, explain and cache the response.

A response is JSON as cached and sent: built once and never parsed again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Flag, auto

import numpy as np
from numpy.typing import NDArray

from services.recommender import cursor as cursors
from services.recommender import documents
from services.recommender.cache import cache_key, request_fingerprint
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.profile import NO_HASHES, Profile
from services.recommender.domain.request import Ranking, Request, Strategy
from services.recommender.errors import StateUnavailable
from services.recommender.pipeline import Pipeline
from services.recommender.ports import CacheEntry, CacheKey, Clock, Deadline, Explainer, Page, StatePort, StateRead
from services.recommender.stopwatch import Stopwatch
from services.recommender.taste.fold_in import fold_in
from services.recommender.taste.seeds import read_seeds


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
        own = documents.dump({"cached": self.cached, "recommendation_id": recommendation_id})
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


class RecommendUseCase:
    """Recommends over one state store, explainer and clock. Release and options are passed per request, as they
    may change in between.
    """

    def __init__(self, state: StatePort, explainer: Explainer, clock: Clock) -> None:
        self._state = state
        self._explainer = explainer
        self._clock = clock

    def recommend(self, pipeline: Pipeline, request: Request, deadline: Deadline, options: Options) -> Answer:
        """Return the cached response if it is current, otherwise compute one and cache it unless it is degraded.

        Raises InvalidRequest (AllSeedsUnknown, BadCursor); never because a dependency is down.
        """
        watch = Stopwatch(deadline.clock)
        with watch.stage("state"):
            fingerprint = request_fingerprint(request)
            shown = shown_before(request, fingerprint)
            key = self._key(pipeline, request, fingerprint, options)
            read, degraded = self.read(request, key, deadline)
        if read.cached is not None:
            return Answer.of_stored(read.cached.payload, watch.stages)
        ranking = pipeline.rank(request, read.profile, deadline, shown)
        ranking = replace(ranking, degraded=(*degraded, *ranking.degraded))
        explain_counts: Mapping[str, float] = {}
        if request.explain:
            with watch.stage("explain"):
                ranking, explain_counts = self._explain(pipeline, request, read.profile, ranking, options)
        with watch.stage("answer"):
            payload = _payload(pipeline, request, ranking, _next_cursor(pipeline, fingerprint, ranking, shown))
            answer = Answer(
                payload, ranking.strategy, kept=key is not None, degraded=ranking.degraded, counts=ranking.counts,
                told=explain_counts,
            )  # fmt: skip
            if key is not None and not ranking.degraded:
                self._write(key, read, answer, options)
        return replace(answer, stages={**watch.stages, **ranking.trace})

    def read(self, request: Request, key: CacheKey | None, deadline: Deadline) -> tuple[StateRead, tuple[str, ...]]:
        """Read the profile and the cached response; if the store is down, return neither, and what to report as
        degraded.
        """
        try:
            return self._state.read(request.user_id, key, deadline), ()
        except StateUnavailable as error:
            return StateRead(None, None), (f"state: {error}",)

    def _key(self, pipeline: Pipeline, request: Request, fingerprint: bytes, options: Options) -> CacheKey | None:
        if options.cache_ttl_s <= 0 or not Work.of(request) & options.cached:
            return None
        prompt = self._explainer.prompt_version if request.explain else ""
        versions = (pipeline.bundle.version, pipeline.release.search.index_version, prompt)
        return cache_key(request, fingerprint, pipeline.constants, versions)

    def _write(self, key: CacheKey, read: StateRead, answer: Answer, options: Options) -> None:
        revision = read.profile.revision if read.profile is not None else ""
        expires = self._clock.now_ms() // 1_000 + options.cache_ttl_s
        self._state.write_cache(key, CacheEntry(revision, answer.stored(), expires))

    def _explain(
        self, pipeline: Pipeline, request: Request, profile: Profile | None, ranking: Ranking, options: Options
    ) -> tuple[Ranking, Mapping[str, float]]:
        """Return the ranking with its sentences, and the counts of their authors and costs."""
        catalogue = pipeline.bundle.catalogue
        rows = {pick.row: documents.evidence(catalogue, pick) for pick in ranking.picks}
        row_of = {evidence.item_id: row for row, evidence in rows.items()}
        page = Page(
            tuple(rows.values()),
            lambda some: [documents.record(catalogue, row_of[each.item_id]) for each in some],
            lambda: documents.likings(catalogue, liked_rows(catalogue, request, profile)),
        )
        deadline = Deadline.within(self._clock, options.explain_deadline_s)
        explained = self._explainer.explain(page, deadline)
        pairs = zip(ranking.picks, explained.sentences, strict=True)
        picks = tuple(replace(pick, explanation=sentence) for pick, sentence in pairs)
        reasons = (f"explain: {reason}" for reason in explained.degraded)
        return replace(ranking, picks=picks, degraded=(*ranking.degraded, *reasons)), explained.counts


def liked_rows(catalogue: Catalogue, request: Request, profile: Profile | None) -> NDArray[np.int32]:
    """Return the liked films, those of the request included, oldest first: int32[n]."""
    taste = fold_in(catalogue, read_seeds(catalogue, request, profile).after(profile))
    liked = taste.base >= 1
    newest_last = np.argsort(-taste.ranks[liked], kind="stable")
    return np.asarray(taste.rows[liked][newest_last], np.int32)


def shown_before(request: Request, fingerprint: bytes) -> NDArray[np.uint64]:
    """Return the hashes of the films on earlier pages. Raises BadCursor."""
    return NO_HASHES if request.cursor is None else cursors.decode(request.cursor, fingerprint)


def _next_cursor(pipeline: Pipeline, fingerprint: bytes, ranking: Ranking, shown: NDArray[np.uint64]) -> str | None:
    if not ranking.more or not ranking.picks:
        return None
    page = pipeline.film_hashes[[pick.row for pick in ranking.picks]]
    return cursors.encode(fingerprint, np.concatenate([shown, page]))


def _payload(pipeline: Pipeline, request: Request, ranking: Ranking, next_cursor: str | None) -> bytes:
    index_version = pipeline.release.search.index_version
    return documents.dump(documents.recommendation(pipeline.bundle, index_version, request, ranking, next_cursor))
