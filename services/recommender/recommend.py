"""Use case of ``/recommend``: read profile and cache, otherwise rank, explain and cache the response.

A response is JSON as cached and sent: built once and never parsed again.

The page cursor is stateless: short hashes of the films shown, bound to the request. Layout before base64url: version (1
byte), request fingerprint (6 bytes), film hashes (5 bytes each, sorted), CRC-32 of all that (4 bytes). The checksum
distinguishes damage from a foreign cursor; nothing in it is secret.
"""

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Flag, auto

import numpy as np
from numpy.typing import NDArray

from services.recommender import documents
from services.recommender.cache import cache_key, request_fingerprint
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.history import pack_hashes, unpack_hashes
from services.recommender.domain.profile import NO_HASHES, Profile
from services.recommender.domain.request import Ranking, Request, Strategy
from services.recommender.errors import BadCursor, StateUnavailable
from services.recommender.pipeline import Pipeline
from services.recommender.ports import CacheEntry, CacheKey, Clock, Deadline, Explainer, Page, StatePort, StateRead
from services.recommender.stopwatch import Stopwatch
from services.recommender.taste.fold_in import fold_in, read_seeds


@dataclass(frozen=True, slots=True)
class Answer:
    """``payload`` is the JSON object without ``cached`` and ``recommendation_id``. ``stages``: milliseconds by stage,
    for Server-Timing; ``counts``: films ranked and hits by retriever, for the log. ``sentence_counts``: sentences by
    author, tokens and US dollars, if a model was used. ``kept`` False: responses to such a request are not cached.
    """

    payload: bytes
    strategy: Strategy
    cached: bool = False
    kept: bool = True
    degraded: tuple[str, ...] = ()
    stages: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    sentence_counts: Mapping[str, float] = field(default_factory=dict)

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
                sentence_counts=explain_counts,
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
        rows = {item.row: documents.evidence(catalogue, item) for item in ranking.items}
        row_of = {evidence.item_id: row for row, evidence in rows.items()}
        page = Page(
            tuple(rows.values()),
            lambda some: [documents.record(catalogue, row_of[each.item_id]) for each in some],
            lambda: documents.likings(catalogue, liked_rows(catalogue, request, profile)),
        )
        deadline = Deadline.within(self._clock, options.explain_deadline_s)
        explained = self._explainer.explain(page, deadline)
        pairs = zip(ranking.items, explained.sentences, strict=True)
        items = tuple(replace(item, explanation=sentence) for item, sentence in pairs)
        reasons = (f"explain: {reason}" for reason in explained.degraded)
        return replace(ranking, items=items, degraded=(*ranking.degraded, *reasons)), explained.counts


def liked_rows(catalogue: Catalogue, request: Request, profile: Profile | None) -> NDArray[np.int32]:
    """Return the liked films, those of the request included, oldest first: int32[n]."""
    taste = fold_in(catalogue, read_seeds(catalogue, request, profile).after(profile))
    liked = taste.base >= 1
    newest_last = np.argsort(-taste.ranks[liked], kind="stable")
    return np.asarray(taste.rows[liked][newest_last], np.int32)


def shown_before(request: Request, fingerprint: bytes) -> NDArray[np.uint64]:
    """Return the hashes of the films on earlier pages. Raises BadCursor."""
    return NO_HASHES if request.cursor is None else decode_cursor(request.cursor, fingerprint)


def _next_cursor(pipeline: Pipeline, fingerprint: bytes, ranking: Ranking, shown: NDArray[np.uint64]) -> str | None:
    if not ranking.more or not ranking.items:
        return None
    page = pipeline.film_hashes[[item.row for item in ranking.items]]
    return encode_cursor(fingerprint, np.concatenate([shown, page]))


def _payload(pipeline: Pipeline, request: Request, ranking: Ranking, next_cursor: str | None) -> bytes:
    index_version = pipeline.release.search.index_version
    return documents.dump(documents.recommendation(pipeline.bundle, index_version, request, ranking, next_cursor))


MAX_SHOWN = 500
FINGERPRINT_BYTES = 6
_VERSION = 1
_POINTER = "/cursor"


def encode_cursor(fingerprint: bytes, shown: NDArray[np.uint64]) -> str | None:
    """Return the cursor for the page after ``shown`` (uint64 hashes); None beyond 500 films."""
    if len(shown) > MAX_SHOWN:
        return None
    body = bytes([_VERSION]) + fingerprint[:FINGERPRINT_BYTES] + pack_hashes(shown)
    return base64.urlsafe_b64encode(body + zlib.crc32(body).to_bytes(4, "big")).rstrip(b"=").decode("ascii")


def decode_cursor(cursor: str, fingerprint: bytes) -> NDArray[np.uint64]:
    """Return the hashes of the films shown, uint64[n]. Raises BadCursor for a damaged, forged or foreign cursor."""
    body = _checked(cursor)
    if body[1 : 1 + FINGERPRINT_BYTES] != fingerprint[:FINGERPRINT_BYTES]:
        raise BadCursor(
            "the cursor belongs to another request; send it with the person, query and filters it came from,"
            " or omit it to start at the first page",
            _POINTER,
        )
    return unpack_hashes(body[1 + FINGERPRINT_BYTES :])


def _checked(cursor: str) -> bytes:
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    body, checksum = raw[:-4], raw[-4:]
    sound = len(body) > FINGERPRINT_BYTES and (len(body) - 1 - FINGERPRINT_BYTES) % 5 == 0
    if not sound or body[0] != _VERSION or zlib.crc32(body).to_bytes(4, "big") != checksum:
        raise BadCursor("the cursor is damaged or was not made by this API; send next_cursor unchanged", _POINTER)
    return body
