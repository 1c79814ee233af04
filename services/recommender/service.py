"""The recommender as its users see it: one object, one call a question. HTTP, CLI and evaluation all use it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommender import answers
from services.recommender.cache import cache_key, request_fingerprint
from services.recommender.domain import genres
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.profile import NO_HASHES
from services.recommender.domain.request import MAX_K, Pick, Ranking, Request, Strategy
from services.recommender.errors import (
    BundleError,
    InvalidRequest,
    MarqueeError,
    StateUnavailable,
    Unavailable,
    UnknownFilm,
)
from services.recommender.pipeline import Pipeline
from services.recommender.ports import (
    CacheEntry,
    CacheKey,
    Clock,
    Deadline,
    Evidence,
    Explainer,
    FeedbackCommand,
    Receipt,
    Release,
    Releases,
    SearchRequest,
    StatePort,
    StateRead,
    TextEncoder,
)
from services.recommender.similar import similar
from services.recommender.stages import cursor as cursors

MAX_CLOCK_SKEW_MS = 300_000


@dataclass(frozen=True, slots=True)
class Answer:
    """``payload`` is the JSON object without ``cached`` and ``recommendation_id``: what the cache stores.
    ``stages``: milliseconds by stage, for Server-Timing.
    """

    payload: bytes
    strategy: Strategy
    cached: bool = False
    degraded: tuple[str, ...] = ()
    stages: Mapping[str, float] = field(default_factory=dict)

    def render(self, recommendation_id: str) -> bytes:
        """The whole JSON document: the stored object is kept as it is and the request's own fields follow."""
        own = answers.dump({"cached": self.cached, "recommendation_id": recommendation_id})
        return self.payload[:-1] + b"," + own[1:]


@dataclass(frozen=True, slots=True)
class Options:
    """Seconds. ``cache_ttl_s`` 0 switches the answer cache off."""

    cache_ttl_s: int = 1_800
    deadline_s: float = 1.2
    explain_deadline_s: float = 6.0


class Recommender:
    """Wires state, retrieval, ranking, reasons and cache for one question."""

    def __init__(
        self,
        releases: Releases,
        state: StatePort,
        encoder: TextEncoder | None,
        explainer: Explainer,
        clock: Clock,
        options: Options | None = None,
    ) -> None:
        self.releases = releases
        self.state = state
        self.encoder = encoder
        self.explainer = explainer
        self.clock = clock
        self.options = options or Options()
        self._pipeline: Pipeline | None = None

    # --- questions ---------------------------------------------------------------------------------------

    def recommend(self, request: Request, deadline: Deadline | None = None) -> Answer:
        """What should this person watch next? One release and one deadline serve the whole request.

        Raises InvalidRequest (AllSeedsUnknown, BadCursor) and BundleError; never for a dependency that is
        down: the answer is then marked ``degraded``.
        """
        deadline = deadline or Deadline.within(self.clock, self.options.deadline_s)
        pipeline = self._current()
        shown = self._shown(request)
        start = deadline.clock.monotonic()
        key = self._key(pipeline, request)
        read, degraded = self._read(request, key, deadline)
        state_ms = (deadline.clock.monotonic() - start) * 1_000
        if read.cached is not None:
            strategy, _, payload = read.cached.payload.partition(b"\n")
            return Answer(payload, Strategy(strategy.decode()), cached=True, stages={"state": state_ms})
        ranking = pipeline.rank(request, read.profile, deadline, shown)
        ranking = replace(ranking, degraded=(*degraded, *ranking.degraded))
        if request.explain:
            ranking = self._explain(pipeline, ranking)
        payload = self._payload(pipeline, request, ranking, shown)
        if key is not None and not ranking.degraded:
            self._write(key, request, read, ranking.strategy, payload)
        stages = {"state": state_ms, **ranking.trace}
        return Answer(payload, ranking.strategy, degraded=ranking.degraded, stages=stages)

    def trace(self, request: Request) -> Ranking:
        """The ranking behind an answer, uncached, with evidence and signals: what the CLI prints."""
        deadline = Deadline.within(self.clock, self.options.deadline_s)
        read, _ = self._read(request, None, deadline)
        return self._current().rank(replace(request, explain=True), read.profile, deadline, self._shown(request))

    def similar(self, item_id: str | None, tmdb_id: int | None, k: int) -> dict[str, Any]:
        """``{item_id, title, items: [{item_id, title, score, reason, year, genres, tmdb_id}], model_version,
        index_version}``. Raises UnknownFilm.
        """
        pipeline = self._current()
        release = pipeline.release
        catalogue = release.bundle.catalogue
        row = _row(release, item_id, tmdb_id)
        picks = similar(release, pipeline.trait_rows, row, k, Deadline.within(self.clock, self.options.deadline_s))
        return {
            "item_id": catalogue.item_ids[row],
            "title": catalogue.titles[row],
            "items": [
                {
                    **answers.film_summary(catalogue, pick.row),
                    "score": round(pick.score, answers.DIGITS),
                    "reason": [reason.text for reason in pick.reasons],
                }
                for pick in picks
            ],
            "model_version": release.bundle.model_version,
            "index_version": release.search.index_version,
        }

    def from_films(self, item_ids: Sequence[str], tmdb_ids: Sequence[int], top_n: int) -> dict[str, Any]:
        """``{recommendations: [{movie_id, title, genres, affinity_score}], ignored_ids}``.

        Raises AllSeedsUnknown.
        """
        request = Request(k=min(top_n, MAX_K), liked=tuple(item_ids), tmdb_ids=tuple(tmdb_ids), diversity=0.0)
        deadline = Deadline.within(self.clock, self.options.deadline_s)
        pipeline = self._current()
        ranking = pipeline.rank(request, None, deadline, with_reasons=False)
        lines = [answers.affinity(pipeline.bundle.catalogue, pick) for pick in ranking.picks]
        return {
            "recommendations": [line for line in lines if line is not None],
            "ignored_ids": list(ranking.ignored_ids),
        }

    # --- feedback and people -----------------------------------------------------------------------------

    def feedback(
        self, commands: Sequence[FeedbackCommand], deadline: Deadline | None = None
    ) -> list[Receipt | MarqueeError]:
        """Store events; a film that is not in the catalogue yields UnknownFilm in its place, a time more than
        5 minutes ahead InvalidRequest(pointer="/ts"). Raises StateUnavailable if nothing was stored.
        """
        deadline = deadline or Deadline.within(self.clock, self.options.deadline_s)
        results: list[Receipt | MarqueeError | None] = [self._refused(command) for command in commands]
        good = [index for index, refused in enumerate(results) if refused is None]
        stored = self.state.record([commands[index] for index in good], deadline) if good else []
        for index, result in zip(good, stored, strict=True):
            results[index] = result
        return [result for result in results if result is not None]

    def export(self, user_id: str) -> dict[str, Any] | None:
        """All that is stored of a person, the derived taste included; None for nobody."""
        stored = self.state.export(user_id)
        return None if stored is None else answers.user_export(self._current().bundle, stored)

    def erase(self, user_id: str) -> bool:
        """Delete all that is stored of a person; False if there was nothing."""
        return self.state.erase(user_id)

    # --- films -------------------------------------------------------------------------------------------

    def film(self, item_id: str) -> dict[str, Any]:
        """Everything known of one film. Raises UnknownFilm."""
        release = self._current().release
        return answers.film_details(release.bundle.catalogue, _row(release, item_id, None))

    def films(self, prefix: str, limit: int) -> dict[str, Any]:
        """Type-ahead: ``{items: [{item_id, title, year, genres, tmdb_id}]}``, best known first."""
        release = self._current().release
        rows = release.search.suggest(prefix, limit)
        return {"items": [answers.film_summary(release.bundle.catalogue, row) for row in rows.tolist()]}

    def catalogue(self) -> dict[str, Any]:
        """``{films, genres: [{name, films}], years: {from, to}, languages: [{code, films}]}``."""
        return answers.catalogue_facts(self._current().bundle.catalogue)

    # --- operation ---------------------------------------------------------------------------------------

    def versions(self) -> dict[str, Any]:
        """``{model_version, index_version, bundle_version, encoder, films, created_at}``. Raises BundleError."""
        release = self._current().release
        bundle = release.bundle
        return {
            "model_version": bundle.model_version,
            "index_version": release.search.index_version,
            "bundle_version": bundle.version,
            "encoder": bundle.embeddings.encoder_id if bundle.embeddings is not None else None,
            "films": len(bundle.catalogue),
            "created_at": bundle.created_at,
        }

    def ready(self, deep: bool, deadline: Deadline) -> dict[str, str]:
        """State of each part by name: "ok" or what is wrong. ``deep`` touches search."""
        parts = {"bundle": "ok", "state": "ok"}
        try:
            release = self._current().release
            if deep:
                parts["search"] = "ok"
                release.search.search(SearchRequest(text="film", size=1), deadline)
        except BundleError as error:
            parts["bundle"] = str(error)
        except Unavailable as error:
            parts["search"] = str(error)
        try:
            self.state.ping(deadline)
        except Unavailable as error:
            parts["state"] = str(error)
        return parts

    # --- steps -------------------------------------------------------------------------------------------

    def _current(self) -> Pipeline:
        release = self.releases.current()
        pipeline = self._pipeline
        if pipeline is None or pipeline.release is not release:
            pipeline = self._pipeline = Pipeline(release, self.encoder)
        return pipeline

    def _shown(self, request: Request) -> NDArray[np.uint64]:
        if request.cursor is None:
            return NO_HASHES
        return cursors.decode(request.cursor, request_fingerprint(request))

    def _key(self, pipeline: Pipeline, request: Request) -> CacheKey | None:
        if self.options.cache_ttl_s <= 0:
            return None
        prompt = self.explainer.prompt_version if request.explain else ""
        versions = (pipeline.bundle.version, pipeline.release.search.index_version, prompt)
        return cache_key(request, pipeline.constants, versions)

    def _read(self, request: Request, key: CacheKey | None, deadline: Deadline) -> tuple[StateRead, tuple[str, ...]]:
        try:
            return self.state.read(request.user_id, key, deadline), ()
        except StateUnavailable as error:
            return StateRead(None, None), (f"state: {error}",)

    def _write(self, key: CacheKey, request: Request, read: StateRead, strategy: Strategy, payload: bytes) -> None:
        revision = read.profile.revision if read.profile is not None else ""
        expires = self.clock.now_ms() // 1_000 + self.options.cache_ttl_s
        entry = CacheEntry(revision, strategy.value.encode() + b"\n" + payload, expires)
        self.state.write_cache(key, entry, request.user_id)

    def _payload(self, pipeline: Pipeline, request: Request, ranking: Ranking, shown: NDArray[np.uint64]) -> bytes:
        bundle = pipeline.bundle
        next_cursor = None
        if ranking.more and ranking.picks:
            page = bundle.catalogue.hashes_of(np.array([pick.row for pick in ranking.picks], np.int32))
            next_cursor = cursors.encode(request_fingerprint(request), np.concatenate([shown, page]))
        index_version = pipeline.release.search.index_version
        return answers.dump(answers.recommendation(bundle, index_version, request, ranking, next_cursor))

    def _explain(self, pipeline: Pipeline, ranking: Ranking) -> Ranking:
        catalogue = pipeline.bundle.catalogue
        evidence = [_evidence(catalogue, pick) for pick in ranking.picks]
        deadline = Deadline.within(self.clock, self.options.explain_deadline_s)
        try:
            sentences = self.explainer.explain(evidence, deadline)
        except Unavailable as error:
            return replace(ranking, degraded=(*ranking.degraded, f"explain: {error}"))
        picks = [replace(pick, explanation=text) for pick, text in zip(ranking.picks, sentences, strict=True)]
        return replace(ranking, picks=tuple(picks))

    def _refused(self, command: FeedbackCommand) -> MarqueeError | None:
        catalogue = self._current().bundle.catalogue
        if catalogue.rows_of([command.event.item_id])[0] < 0:
            return _unknown(command.event.item_id)
        if command.event.ts_ms > self.clock.now_ms() + MAX_CLOCK_SKEW_MS:
            return InvalidRequest("ts is more than 5 minutes ahead of the server's clock", "/ts")
        return None


def _evidence(catalogue: Catalogue, pick: Pick) -> Evidence:
    names = tuple(genres.from_mask(int(catalogue.genre_bits[pick.row])))
    return Evidence(catalogue.titles[pick.row], int(catalogue.years[pick.row]) or None, names, pick.reasons)


def _unknown(film: object) -> UnknownFilm:
    return UnknownFilm(f"film {film!r} is not in the catalogue; look ids up with GET /films?q=")


def _row(release: Release, item_id: str | None, tmdb_id: int | None) -> int:
    catalogue = release.bundle.catalogue
    if item_id is not None:
        row = int(catalogue.rows_of([item_id])[0])
    else:
        row = int(catalogue.rows_of_tmdb([tmdb_id or 0])[0])
    if row < 0:
        raise _unknown(item_id if item_id is not None else tmdb_id)
    return row
