"""The way of one request through the recommender: taste, plan, candidates, rank, diversify, reasons.

The server, the command line and the offline evaluation all call this same object. It is bound to one release
and holds nothing of any request.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.profile import NO_HASHES, Profile
from services.recommender.domain.request import Ranking, Request, Strategy
from services.recommender.domain.weights import Weights
from services.recommender.ports import Deadline, Leg, Release, SearchResult, TextEncoder
from services.recommender.stages import diversity, retrieval
from services.recommender.stages.legs import search_legs
from services.recommender.stages.novelty import novel_content
from services.recommender.stages.picks import Context, make_picks
from services.recommender.stages.plan import Plan, make_plan
from services.recommender.stages.playbook import playbook_legs
from services.recommender.stages.ranker import Ranked, rank
from services.recommender.stages.reasons import PopularIn
from services.recommender.stages.seeds import Seeds, read_seeds
from services.recommender.stages.taste import Entries, Taste, entries, fold_in
from services.recommender.stages.traits import Known, TraitRows
from services.recommender.stopwatch import Stopwatch


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What retrieval hands on: dense signals, what the reasons need of the tables, and what was missing."""

    signals: retrieval.Signals
    collaborative: retrieval.CollaborativeSignal | None
    entries: Entries | None
    degraded: list[str]
    hits: SearchResult = field(default_factory=SearchResult)

    @property
    def legs(self) -> dict[str, Leg]:
        """The legs of search that were asked for, by the names they have in metrics and logs."""
        found = {"knn": self.hits.knn, "bm25": self.hits.text}
        return {name: leg for name, leg in found.items() if leg is not None}


class Pipeline:
    """Ranking over one release. ``constants`` override the bundle's weights."""

    def __init__(self, release: Release, encoder: TextEncoder | None, constants: Weights | None = None) -> None:
        self.release = release
        self.bundle = release.bundle
        self.constants = constants or release.bundle.weights
        self._encoder = encoder
        catalogue = self.bundle.catalogue
        self.trait_rows = TraitRows.of(catalogue.traits)
        self.film_hashes = catalogue.film_hashes()
        self.novelty = self.bundle.collaborative.novelty()
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
        watch = Stopwatch(deadline.clock)
        with watch.stage("taste"):
            seeds = read_seeds(self.bundle.catalogue, request, profile)
            taste = fold_in(self.bundle.catalogue, seeds.after(profile))
            stored = profile is not None and len(profile.history) > 0
            plan = make_plan(self.constants, taste, request.query, stored)
        with watch.stage("retrieval"):
            found = self._retrieve(request, taste, plan, deadline)
            allowed = self._allowed(request, profile, seeds, taste, shown)
            novelty = self.novelty if plan.novelty else None
            base = found.signals.base(self.bundle.collaborative)
            rows = retrieval.candidates(base, allowed, novelty)
        watch.stages |= {name: leg.ms for name, leg in found.legs.items()}
        with watch.stage("rank"):
            mine = self.trait_rows.films(taste.rows)
            known = Known(self.trait_rows, mine, mine.mean(taste.weights(self.constants)))
            ranked = self._rank(rows, found.signals, known, taste, plan)
        with watch.stage("diversify"):
            top = self._diversify(ranked, plan, request)
        with watch.stage("reasons"):
            context = self._context(taste, plan, request, known, found) if with_reasons else None
            picks = make_picks(top, context, self.constants, request.explain)
        more = int(np.count_nonzero(allowed)) > len(picks)
        counts = {"ranked": len(rows), **{name: len(leg.rows) for name, leg in found.legs.items()}}
        return Ranking(picks, plan.strategy, tuple(found.degraded), seeds.ignored, more, watch.stages, counts)

    def _retrieve(self, request: Request, taste: Taste, plan: Plan, deadline: Deadline) -> Found:
        if plan.playbook:
            terms, degraded = playbook_legs(self.release, self.trait_rows, taste, deadline, request.filters)
            return Found(retrieval.Signals(terms), None, None, degraded)
        tables, films = self.bundle.collaborative, len(self.bundle.catalogue)
        signals = retrieval.Signals({"popularity": np.float32(plan.popularity) * self.bundle.popularity})
        signal, touched = None, None
        if plan.main or plan.short:
            touched = entries(tables, taste.rows)
            signal = retrieval.collaborative(tables, touched, taste.weights(self.constants), plan)
            signals.tables["collaborative"] = signal.blend
        if plan.dislike:
            unwelcome = entries(tables, taste.disliked)
            penalty = retrieval.dislike_penalty(tables, unwelcome, taste.dislike_weights)
            signals.tables["dislike"] = np.float32(-plan.dislike) * penalty
        degraded, hits = [], SearchResult()
        if plan.text or plan.content:
            hits, degraded = search_legs(self.release, self._encoder, request, plan, taste, self.constants, deadline)
            legs = signals.matches if request.query is not None else signals.films
            for name, weight, leg in (("content", plan.content, hits.knn), ("text", plan.text, hits.text)):
                if weight:
                    legs[name] = np.float32(weight) * retrieval.leg_signal(leg, films)
        return Found(signals, signal, touched, degraded, hits)

    def _allowed(
        self, request: Request, profile: Profile | None, seeds: Seeds, taste: Taste, shown: NDArray[np.uint64]
    ) -> NDArray[np.bool_]:
        """Filters, then what was seen, excluded, named or shown before: bool[films]."""
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

    def _rank(
        self, rows: NDArray[np.int32], signals: retrieval.Signals, known: Known, taste: Taste, plan: Plan
    ) -> Ranked:
        terms = signals.at(self.bundle.collaborative, rows)
        if plan.traits:
            terms["traits"] = np.float32(plan.traits) * self.trait_rows.films(rows).scores(known.taste)
        if plan.novelty and self.bundle.embeddings is not None:
            terms["novelty"] = np.float32(plan.novelty) * novel_content(
                self.bundle.embeddings,
                self.novelty,
                taste.rows,
                taste.weights(self.constants),
                rows,
            )
        return rank(rows, signals.gated(terms, rows))

    def _diversify(self, ranked: Ranked, plan: Plan, request: Request) -> Ranked:
        """The films of the page: the best 50 by maximal marginal relevance, then by relevance."""
        page = min(request.k, len(ranked.rows))
        if request.diversity <= 0:
            return ranked.take(np.arange(page))
        window = min(diversity.WINDOW, len(ranked.rows))
        rows = ranked.rows[:window]
        if plan.strategy is Strategy.POPULAR:
            similar = diversity.likeness_by_facts(self.bundle.catalogue, rows)
        else:
            similar = diversity.likeness(self.bundle, rows)
        order = diversity.mmr(ranked.raw[:window], similar, request.diversity, page)
        return ranked.take(np.concatenate([order, np.arange(window, max(window, page))]))

    def _context(self, taste: Taste, plan: Plan, request: Request, known: Known, found: Found) -> Context:
        return Context(
            self.bundle,
            self.constants,
            taste,
            plan,
            request.query,
            known,
            self._popular_in,
            found.collaborative,
            found.entries,
        )
