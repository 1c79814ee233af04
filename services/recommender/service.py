"""Facade of the recommender, one method per operation; HTTP and the command line use nothing else."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommender import documents, films, importing
from services.recommender.cache import (
    ALL_WORK,
    Answer,
    Work,
    cache_key,
    encode_cursor,
    request_fingerprint,
    shown_before,
)
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.imported_history import ImportedHistory
from services.recommender.domain.profile import CLOCK_SKEW_MS, Profile
from services.recommender.domain.request import Preset, Ranking, Request
from services.recommender.errors import BundleError, InvalidRequest, MarqueeError, StateUnavailable, Unavailable
from services.recommender.export import user_export
from services.recommender.pipeline import Pipeline
from services.recommender.ports import (
    CacheEntry,
    CacheKey,
    Clock,
    Deadline,
    Explainer,
    FeedbackCommand,
    Page,
    Receipt,
    Releases,
    RetrievePort,
    SearchRequest,
    StatePort,
    TextEncoder,
)
from services.recommender.ports.time import Stopwatch
from services.recommender.taste.fold_in import fold_in, with_seeds


@dataclass(frozen=True, slots=True)
class Options:
    """Seconds. ``cache_ttl_s`` 0 disables the response cache. ``cached``: responses that took any of this work are
    cached.
    """

    cache_ttl_s: int = 1_800
    cached: Work = ALL_WORK
    deadline_s: float = 1.2
    explain_deadline_s: float = 6.0


class Recommender:
    """Combines state, search, encoder and explainer; keeps the pipeline of the current release."""

    def __init__(
        self,
        releases: Releases,
        state: StatePort,
        encoder: TextEncoder | None,
        explainer: Explainer,
        clock: Clock,
        options: Options | None = None,
        retriever: RetrievePort | None = None,
    ) -> None:
        self.releases = releases
        self.state = state
        self.explainer = explainer
        self.encoder = encoder
        self.retriever = retriever
        self.clock = clock
        self.options = options or Options()
        self._pipeline: Pipeline | None = None
        self._facts: tuple[Catalogue, dict[str, Any]] | None = None

    def warm(self) -> None:
        """Open the bundle and build the pipeline, as the first request would. Raises BundleError."""
        self._current()

    def recommend(self, request: Request, deadline: Deadline | None = None) -> Answer:
        """Return the cached response if it is current, otherwise compute one and cache it unless it is degraded. One
        release and one deadline serve the whole request.

        Raises InvalidRequest (AllSeedsUnknown, BadCursor) and BundleError; never because a dependency is down: the
        response is then marked ``degraded``.
        """
        deadline = deadline or self._deadline()
        pipeline = self._current()
        watch = Stopwatch(deadline.clock)
        with watch.stage("state"):
            fingerprint = request_fingerprint(request)
            shown = shown_before(request, fingerprint)
            key = self._cache_key(pipeline, request, fingerprint)
            profile, cached, degraded = self._read(request, key, deadline)
        if cached is not None:
            return Answer.of_stored(cached.payload, watch.stages)
        ranking = pipeline.rank(request, profile, deadline, shown)
        ranking = replace(ranking, degraded=(*degraded, *ranking.degraded))
        sentence_counts: Mapping[str, float] = {}
        if request.explain:
            with watch.stage("explain"):
                ranking, sentence_counts = self._explain(pipeline, request, profile, ranking)
        with watch.stage("answer"):
            payload = _payload(pipeline, request, ranking, _next_cursor(pipeline, fingerprint, ranking, shown))
            answer = Answer(
                payload, ranking.strategy, cacheable=key is not None, degraded=ranking.degraded, counts=ranking.counts,
                sentence_counts=sentence_counts,
            )  # fmt: skip
            if key is not None and not ranking.degraded:
                revision = profile.revision if profile is not None else ""
                expires = self.clock.now_ms() // 1_000 + self.options.cache_ttl_s
                self.state.write_cache(key, CacheEntry(revision, answer.stored(), expires))
        return replace(answer, stages={**watch.stages, **ranking.trace})

    def trace(self, request: Request) -> Ranking:
        """Return the ranking behind a response, uncached, with evidence and signals."""
        profile, _, _ = self._read(request, None, self._deadline())
        shown = shown_before(request, request_fingerprint(request))
        return self._current().rank(replace(request, explain=True), profile, self._deadline(), shown)

    def similar(self, item_id: str | None, tmdb_id: int | None, k: int) -> films.FilmsResult:
        """Return ``{item_id, title, items: [{item_id, title, score, reason, year, genres, tmdb_id}], model_version,
        index_version, degraded}``. Raises UnknownFilm.
        """
        return films.similar_films(self._current(), item_id, tmdb_id, k, self._deadline())

    def from_films(
        self, item_ids: Sequence[str], tmdb_ids: Sequence[int], top_n: int, preset: Preset = Preset.DEFAULT
    ) -> films.FilmsResult:
        """Return ``{recommendations: [{movie_id, title, genres, affinity_score}], ignored_ids}``.

        Raises AllSeedsUnknown, PresetUnavailable.
        """
        return films.from_films(self._current(), item_ids, tmdb_ids, top_n, self._deadline(), preset)

    def feedback(
        self, commands: Sequence[FeedbackCommand], deadline: Deadline | None = None
    ) -> list[Receipt | MarqueeError]:
        """Store events under the films' catalogue ids. An unknown film yields UnknownFilm in its place, a time more
        than 5 minutes ahead InvalidRequest(pointer="/ts"). Raises StateUnavailable if nothing was stored.
        """
        checked = [self._checked(command) for command in commands]
        good = [command for command in checked if isinstance(command, FeedbackCommand)]
        receipts = iter(self.state.record(good, deadline or self._deadline()) if good else [])
        return [
            _with_film(next(receipts), command) if isinstance(command, FeedbackCommand) else command
            for command in checked
        ]

    def import_history(self, user_id: str, history: ImportedHistory, deadline: Deadline) -> dict[str, Any]:
        """Store a person's history from another service, one event per film, and recommend; see ``importing``.
        Repeating an import stores nothing. Raises Overloaded before anything is stored, and StateUnavailable, which
        says what to do.
        """
        finder = self._current().finder
        prepared = importing.prepare(finder, user_id, history, self.clock.now_ms(), deadline)
        previous = self.state.export(user_id)
        stored_ids = set() if previous is None else {logged_event.event_id for logged_event in previous.events}
        new_events = [logged_event for logged_event in prepared.events if logged_event.event_id not in stored_ids]
        if new_events:
            try:
                self.state.seed(new_events, deadline)
            except StateUnavailable as error:
                raise type(error)(
                    f"{error}; part of the history may be stored: import it again, nothing is counted twice"
                ) from error
        answer = self.recommend(Request(user_id=user_id))
        first = json.loads(answer.payload)["items"]
        return importing.document(finder, user_id, history, prepared, len(new_events), first)

    def export(self, user_id: str) -> dict[str, Any] | None:
        """Return everything stored about a person, including the derived taste; None if nothing is stored."""
        stored = self.state.export(user_id)
        return None if stored is None else user_export(self._current(), stored)

    def erase(self, user_id: str) -> bool:
        """Delete everything stored about a person; False if there was nothing."""
        return self.state.erase(user_id)

    def film(self, item_id: str) -> dict[str, Any]:
        """Return all details of one film. Raises UnknownFilm."""
        catalogue = self._current().bundle.catalogue
        return documents.film_details(catalogue, films.row_of(catalogue, item_id))

    def films(self, text: str, limit: int) -> dict[str, Any]:
        """Return films by name: ``{items: [{item_id, title, year, genres, tmdb_id}]}``, best match first."""
        return films.films_named(self._current(), text, limit)

    def catalogue(self) -> dict[str, Any]:
        """Return ``{films, genres: [{name, films}], years: {from, to}, languages: [{code, films}]}``; the same object
        as long as the release does not change.
        """
        catalogue = self._current().bundle.catalogue
        facts = self._facts
        if facts is None or facts[0] is not catalogue:
            facts = self._facts = catalogue, documents.catalogue_facts(catalogue)
        return facts[1]

    def versions(self) -> dict[str, Any]:
        """Return ``{model_version, index_version, bundle_version, encoder, films, created_at}``. Raises BundleError."""
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
        """Return the state of each part by name: "ok", the error, or "degraded: " and why a fallback replaces it.
        ``deep`` also checks search.
        """
        parts = {"bundle": "ok", "state": "ok"}
        try:
            release = self._current().release
            if deep:
                parts["search"] = "ok"
                hits = release.search.search(SearchRequest(text="film", size=1), deadline)
                if hits.degraded:
                    parts["search"] = f"degraded: {', '.join(hits.degraded)}"
        except BundleError as error:
            parts["bundle"] = str(error)
        except Unavailable as error:
            parts["search"] = str(error)
        try:
            self.state.ping(deadline)
        except Unavailable as error:
            parts["state"] = str(error)
        return parts

    def _deadline(self) -> Deadline:
        return Deadline.within(self.clock, self.options.deadline_s)

    def _current(self) -> Pipeline:
        release = self.releases.current()
        pipeline = self._pipeline
        if pipeline is None or pipeline.release is not release:
            pipeline = self._pipeline = Pipeline(release, self.encoder, retriever=self.retriever)
        return pipeline

    def _read(
        self, request: Request, key: CacheKey | None, deadline: Deadline
    ) -> tuple[Profile | None, CacheEntry | None, tuple[str, ...]]:
        """Read the profile and the cached response; if the store is down, return neither, and what to report as
        degraded.
        """
        try:
            return *self.state.read(request.user_id, key, deadline), ()
        except StateUnavailable as error:
            return None, None, (f"state: {error}",)

    def _cache_key(self, pipeline: Pipeline, request: Request, fingerprint: bytes) -> CacheKey | None:
        """Return the key of a response; None if it is not to be cached."""
        if self.options.cache_ttl_s <= 0 or not Work.of(request) & self.options.cached:
            return None
        prompt = self.explainer.prompt_version if request.explain else ""
        versions = (pipeline.bundle.version, pipeline.release.search.index_version, prompt)
        return cache_key(request, fingerprint, pipeline.constants, versions)

    def _explain(
        self, pipeline: Pipeline, request: Request, profile: Profile | None, ranking: Ranking
    ) -> tuple[Ranking, Mapping[str, float]]:
        """Return the ranking with its sentences, and the counts of their authors and costs."""
        catalogue = pipeline.bundle.catalogue
        rows = {item.row: documents.evidence(catalogue, item) for item in ranking.items}
        row_of = {evidence.item_id: row for row, evidence in rows.items()}
        page = Page(
            tuple(rows.values()),
            lambda evidence: [documents.record(catalogue, row_of[each.item_id]) for each in evidence],
            lambda: documents.likings(catalogue, liked_rows(catalogue, request, profile)),
        )
        deadline = Deadline.within(self.clock, self.options.explain_deadline_s)
        explained = self.explainer.explain(page, deadline)
        pairs = zip(ranking.items, explained.sentences, strict=True)
        items = tuple(replace(item, explanation=sentence) for item, sentence in pairs)
        reasons = (f"explain: {reason}" for reason in explained.degraded)
        return replace(ranking, items=items, degraded=(*ranking.degraded, *reasons)), explained.counts

    def _checked(self, command: FeedbackCommand) -> FeedbackCommand | MarqueeError:
        """Return the command with the film's catalogue id, or the error that rejects it."""
        catalogue = self._current().bundle.catalogue
        row = int(catalogue.rows_of([command.event.item_id])[0])
        if row < 0:
            return films.unknown_film(command.event.item_id)
        if command.event.ts_ms > self.clock.now_ms() + CLOCK_SKEW_MS:
            return InvalidRequest("ts is more than 5 minutes ahead of the server's clock", "/ts")
        return replace(command, event=replace(command.event, item_id=catalogue.item_ids[row]))


def _with_film(receipt: Receipt | MarqueeError, command: FeedbackCommand) -> Receipt | MarqueeError:
    """Add the film's catalogue id to a receipt."""
    return replace(receipt, item_id=command.event.item_id) if isinstance(receipt, Receipt) else receipt


def liked_rows(catalogue: Catalogue, request: Request, profile: Profile | None) -> NDArray[np.int32]:
    """Return the liked films, those of the request included, oldest first: int32[n]."""
    history, _, _ = with_seeds(catalogue, request, profile)
    taste = fold_in(catalogue, history)
    liked = taste.base >= 1
    newest_last = np.argsort(-taste.ranks[liked], kind="stable")
    return np.asarray(taste.rows[liked][newest_last], np.int32)


def _next_cursor(pipeline: Pipeline, fingerprint: bytes, ranking: Ranking, shown: NDArray[np.uint64]) -> str | None:
    if not ranking.more or not ranking.items:
        return None
    page = pipeline.film_hashes[[item.row for item in ranking.items]]
    return encode_cursor(fingerprint, np.concatenate([shown, page]))


def _payload(pipeline: Pipeline, request: Request, ranking: Ranking, next_cursor: str | None) -> bytes:
    index_version = pipeline.release.search.index_version
    return documents.dump(documents.recommendation(pipeline.bundle, index_version, request, ranking, next_cursor))
