"""The way of one request through the recommender: taste, plan, candidates, rank, diversify, reasons.

The server, the command line and the offline evaluation all call this same object. It is bound to one release
and holds nothing of any request.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.events import Event, EventKind
from services.recommender.domain.history import History
from services.recommender.domain.profile import NO_HASHES, Profile
from services.recommender.domain.request import Pick, Ranking, Reason, Request, Strategy
from services.recommender.domain.weights import Weights
from services.recommender.errors import AllSeedsUnknown, EncoderUnavailable, SearchUnavailable
from services.recommender.ports import Deadline, Release, SearchRequest, SearchResult, TextEncoder
from services.recommender.stages import diversity, retrieval
from services.recommender.stages.evidence import Case, find_falls, make_pool
from services.recommender.stages.plan import Plan, make_plan
from services.recommender.stages.ranker import Ranked, rank, shown_score
from services.recommender.stages.reasons import PopularIn, film_reasons, query_reason, trait_reason
from services.recommender.stages.taste import Entries, Taste, entries, fold_in
from services.recommender.stages.traits import TraitTaste, trait_worth

# Query vectors for the content leg: the heaviest films of a taste, unblended, so that two tastes stay two.
TASTE_VECTORS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Seeds:
    """Films named in the request: events that count as the newest, and the ids that are not in the catalogue."""

    history: History
    ignored: tuple[str, ...]
    rows: NDArray[np.int32]


class Stopwatch:
    """Milliseconds by stage."""

    def __init__(self, deadline: Deadline) -> None:
        self._now = deadline.clock.monotonic
        self.stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block under a name; blocks of one name add up."""
        start = self._now()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + (self._now() - start) * 1_000


@dataclass(slots=True, eq=False)
class _Found:
    """What retrieval hands to the ranker."""

    collaborative: retrieval.CollaborativeSignal | None
    found: Entries | None
    signals: retrieval.Signals
    degraded: list[str]


class Pipeline:
    """Ranking over one release. ``constants`` override the bundle's weights."""

    def __init__(self, release: Release, encoder: TextEncoder | None, constants: Weights | None = None) -> None:
        self.release = release
        self.bundle = release.bundle
        self.constants = constants or release.bundle.weights
        self._encoder = encoder
        catalogue = self.bundle.catalogue
        self._worth = trait_worth(catalogue.traits, len(catalogue))
        self._popular_in = PopularIn.of(catalogue, self.bundle.popularity)

    def rank(
        self,
        request: Request,
        profile: Profile | None,
        deadline: Deadline,
        shown: NDArray[np.uint64] = NO_HASHES,
        with_reasons: bool = True,
    ) -> Ranking:
        """The best ``request.k`` films. ``shown``: film hashes of earlier pages, left out.

        Raises AllSeedsUnknown if seeds were given, none is known, and there is neither person nor query.
        """
        watch = Stopwatch(deadline)
        with watch.stage("taste"):
            seeds = self._seeds(request, profile)
            stored = profile is not None and len(profile.history) > 0
            history = profile.history if profile is not None else History.empty()
            if len(seeds.history):
                history = history.without(seeds.history.hashes).joined(seeds.history)
            taste = fold_in(self.bundle.catalogue, history)
            plan = make_plan(self.constants, taste, request.query, stored)
        with watch.stage("retrieval"):
            found = self._retrieve(request, taste, plan, deadline)
            allowed = self._allowed(request, profile, seeds, taste, shown)
            rows = retrieval.candidates(found.signals.base, allowed)
        with watch.stage("rank"):
            ranked, known = self._rank(rows, found, taste, plan)
        with watch.stage("diversify"):
            ranked = self._diversify(ranked, plan, request.diversity)
            top = ranked.take(np.arange(min(request.k, len(ranked.rows))))
        with watch.stage("reasons"):
            bare = self._picks(top, found, taste, plan, known, request) if with_reasons else _bare(top)
            picks = self._scored(bare, top, request.explain)
        more = int(np.count_nonzero(allowed)) > len(picks)
        return Ranking(picks, plan.strategy, tuple(found.degraded), seeds.ignored, more, watch.stages)

    def _seeds(self, request: Request, profile: Profile | None) -> Seeds:
        catalogue = self.bundle.catalogue
        by_tmdb = catalogue.rows_of_tmdb(request.tmdb_ids)
        liked, disliked = catalogue.rows_of(request.liked), catalogue.rows_of(request.disliked)
        named = [*request.liked, *request.disliked, *map(str, request.tmdb_ids)]
        rows = np.concatenate([liked, disliked, by_tmdb]).astype(np.int32)
        ignored = tuple(name for name, row in zip(named, rows.tolist(), strict=True) if row < 0)
        if named and len(ignored) == len(named) and request.query is None and profile is None:
            raise AllSeedsUnknown(
                f"none of the {len(named)} films given is in the catalogue; look ids up with GET /films?q=", "/liked"
            )
        newest = int(profile.history.ts_ms[-1]) + 1 if profile is not None and len(profile.history) else 1
        kinds = dict.fromkeys([*by_tmdb.tolist(), *liked.tolist()], EventKind.LIKE)
        kinds |= dict.fromkeys(disliked.tolist(), EventKind.DISLIKE)
        events = [Event(catalogue.item_ids[row], kind, 1.0, newest) for row, kind in kinds.items() if row >= 0]
        return Seeds(History.of(events), ignored, rows[rows >= 0])

    def _retrieve(self, request: Request, taste: Taste, plan: Plan, deadline: Deadline) -> _Found:
        tables, films = self.bundle.collaborative, len(self.bundle.catalogue)
        parts: dict[str, tuple[float, retrieval.Dense]] = {}
        degraded: list[str] = []
        signal, found = None, None
        if plan.main or plan.short:
            found = entries(tables, taste.rows)
            signal = retrieval.collaborative(tables, found, taste.weights(self.constants), plan)
            parts["collaborative"] = (1.0, signal.blend)
        if plan.dislike:
            penalty = retrieval.dislike_penalty(tables, entries(tables, taste.disliked))
            parts["dislike"] = (-plan.dislike, penalty)
        if plan.text or plan.content:
            hits = self._search(request, taste, plan, deadline, degraded)
            parts["content"] = (plan.content, retrieval.leg_signal(hits.knn, films))
            parts["text"] = (plan.text, retrieval.leg_signal(hits.text, films))
        return _Found(signal, found, retrieval.combine(self.bundle, plan, parts), degraded)

    def _search(
        self, request: Request, taste: Taste, plan: Plan, deadline: Deadline, degraded: list[str]
    ) -> SearchResult:
        vectors = self._query_vectors(request, taste, plan, degraded)
        text = request.query if plan.text else None
        if text is None and vectors is None:
            return SearchResult()
        try:
            return self.release.search.search(
                SearchRequest(text, vectors, request.filters, retrieval.SEARCH_SIZE), deadline
            )
        except SearchUnavailable as error:
            degraded.append(f"search: {error}")
            return SearchResult()

    def _query_vectors(
        self, request: Request, taste: Taste, plan: Plan, degraded: list[str]
    ) -> NDArray[np.float32] | None:
        embeddings = self.bundle.embeddings
        if not plan.content or embeddings is None:
            return None
        if request.query is None:
            heaviest = np.argsort(-taste.weights(self.constants), kind="stable")[:TASTE_VECTORS]
            return embeddings.rows(taste.rows[heaviest])
        try:
            if self._encoder is None:
                raise EncoderUnavailable("no text encoder is installed; words are matched, meaning is not")
            return self._encoder.encode([request.query])
        except EncoderUnavailable as error:
            degraded.append(f"encoder: {error}")
            return None

    def _allowed(
        self, request: Request, profile: Profile | None, seeds: Seeds, taste: Taste, shown: NDArray[np.uint64]
    ) -> NDArray[np.bool_]:
        catalogue = self.bundle.catalogue
        allowed = request.filters.mask(catalogue)
        left = [shown]
        if profile is not None:
            left.append(profile.disliked if request.include_seen else profile.seen)
        gone = catalogue.rows_of_hashes(np.concatenate(left))
        allowed[gone[gone >= 0]] = False
        excluded = catalogue.rows_of(request.exclude_item_ids)
        allowed[excluded[excluded >= 0]] = False
        allowed[taste.disliked] = False
        allowed[seeds.rows] = False
        return allowed

    def _rank(self, rows: NDArray[np.int32], found: _Found, taste: Taste, plan: Plan) -> tuple[Ranked, TraitTaste]:
        traits = self.bundle.catalogue.traits
        terms = {name: term[rows] for name, term in found.signals.terms.items()}
        known = TraitTaste.of(traits, taste.rows, taste.weights(self.constants), self._worth)
        if plan.traits:
            terms["traits"] = np.float32(plan.traits) * known.scores(traits, rows)
        return rank(rows, terms), known

    def _diversify(self, ranked: Ranked, plan: Plan, amount: float) -> Ranked:
        if amount <= 0:
            return ranked
        window = np.arange(min(diversity.WINDOW, len(ranked.rows)))
        rows = ranked.rows[window]
        if plan.strategy is Strategy.POPULAR:
            similar = diversity.likeness_by_facts(self.bundle.catalogue, rows)
        else:
            similar = diversity.likeness(self.bundle, rows)
        order = diversity.mmr(ranked.raw[window], similar, amount)
        return ranked.take(np.concatenate([order, np.arange(len(window), len(ranked.rows))]))

    def _picks(
        self, top: Ranked, found: _Found, taste: Taste, plan: Plan, known: TraitTaste, request: Request
    ) -> list[Pick]:
        falls = None
        if found.collaborative is not None and found.found is not None:
            pool = make_pool(self.bundle.collaborative, found.found, len(taste.rows), found.collaborative, top.rows)
            case = Case(self.bundle, self.constants, taste, plan, self._worth, request.query, top.rows)
            falls = find_falls(case, pool)
        catalogue = self.bundle.catalogue
        picks = []
        for index, row in enumerate(top.rows.tolist()):
            terms = dict(zip(top.names, top.terms[index].tolist(), strict=True))
            reasons: list[Reason] = film_reasons(catalogue, taste, falls, index) if falls is not None else []
            trait_terms = np.float32(plan.traits) * known.share[catalogue.traits.of(row)]
            trait = trait_reason(catalogue, row, trait_terms)
            matched = terms.get("text", 0.0) + terms.get("content", 0.0)
            if request.query and matched > 0:
                reasons.insert(0, query_reason(request.query, matched))
            if trait is not None:
                reasons.append(trait)
            if not reasons:
                popularity = float(self.bundle.popularity[row])
                reasons = [self._popular_in.reason(catalogue, row, popularity, terms["popularity"])]
            picks.append(Pick(row, 0.0, tuple(reasons), terms))
        return picks

    def _scored(self, picks: list[Pick], top: Ranked, explain: bool) -> tuple[Pick, ...]:
        scores = shown_score(top.raw, self.constants).tolist()
        return tuple(
            replace(pick, score=score, signals=pick.signals if explain else {})
            for pick, score in zip(picks, scores, strict=True)
        )


def _bare(top: Ranked) -> list[Pick]:
    return [Pick(row, 0.0) for row in top.rows.tolist()]
