"""Pipeline of one recommendation request: taste, plan, candidates, ranking, diversity, reasons.

The server, the command line and the offline evaluation all use this object. It is bound to one release and holds no
state of any request.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.candidates import retrieval
from services.recommender.domain.history import History
from services.recommender.domain.profile import NO_HASHES, Profile
from services.recommender.domain.request import Preset, Ranking, Request, Strategy
from services.recommender.domain.weights import Weights
from services.recommender.errors import SearchUnavailable
from services.recommender.facts import Facts, familiarity_factor
from services.recommender.names.finder import Finder
from services.recommender.ports import Deadline, Hits, Release, RetrievePort, SearchResult, TextEncoder
from services.recommender.ports.time import Stopwatch
from services.recommender.presets import baseline, svd, two_tower
from services.recommender.query.conditions import Understood
from services.recommender.query.queries import Queries
from services.recommender.ranking.ranker import (
    Ranked,
    first_page,
    interests_of,
    matching_first,
    next_part_first,
    page_of_interests,
    rank,
)
from services.recommender.reasons.reasons import PageReasons, make_items
from services.recommender.signals import Inputs, Mixture, mixture_of
from services.recommender.signals.plan import Plan, against_dislikes, coherence_of, likeness_plan, make_plan
from services.recommender.taste.fold_in import Taste, coherence, fold_in, read_shelf, with_seeds
from services.recommender.taste.traits import FilmTraits


@dataclass(frozen=True, slots=True, eq=False)
class Retrieved:
    """Result of retrieval: the candidates, and the signals to rank them by. ``allowed``: the films that may be shown.
    ``counts``: films by retriever, for the log. ``hits`` of the engines that ran, by their names in metrics and logs.
    """

    inputs: Inputs
    mixture: Mixture
    rows: NDArray[np.int32]
    allowed: NDArray[np.bool_]
    degraded: Sequence[str]
    counts: dict[str, int]
    hits: dict[str, Hits] = field(default_factory=dict)


class Pipeline:
    """Ranking over one release. ``constants`` override the bundle's weights; ``retriever``: the two-tower model's
    endpoint, None where the bundle's own vectors answer.
    """

    def __init__(
        self,
        release: Release,
        encoder: TextEncoder | None,
        constants: Weights | None = None,
        retriever: RetrievePort | None = None,
    ) -> None:
        self.release = release
        self.encoder = encoder
        self.retriever = retriever
        self.bundle = release.bundle
        self.constants = constants or release.bundle.weights
        self.facts = Facts.of(self.bundle, self.constants)
        self.queries = Queries(self.facts, release.search)
        self.finder = Finder(release.search.names, self.bundle.catalogue, self.bundle.popularity)

    @property
    def trait_rows(self) -> FilmTraits:
        """Weighted traits of every film."""
        return self.facts.trait_rows

    @property
    def film_hashes(self) -> NDArray[np.uint64]:
        """Hash of each film, by row."""
        return self.facts.film_hashes

    def rank(
        self,
        request: Request,
        profile: Profile | None,
        deadline: Deadline,
        shown: NDArray[np.uint64] = NO_HASHES,
        with_reasons: bool = True,
        plan: Plan | None = None,
    ) -> Ranking:
        """Return the best ``request.k`` films. ``shown``: film hashes of earlier pages, left out. ``plan``: overrides
        the weights derived from the taste (to see the effect of leaving out a film of the taste).

        Raises AllSeedsUnknown if seeds were given, none is known, and there is neither person nor query, and
        PresetUnavailable if the bundle was not built for the preset.
        """
        self._check(request.preset)
        watch = Stopwatch(deadline.clock)
        understood, read_error = None, None
        if request.query is not None:
            with watch.stage("understand"):
                understood, read_error = self._read(request)
        with watch.stage("taste"):
            request, off_shelf = read_shelf(self.bundle.catalogue, request)
            history, seeds, unknown = with_seeds(self.bundle.catalogue, request, profile)
            taste = self._taste(history, understood)
            # With a given plan the child check is skipped: it could exclude a film that the full taste allows.
            child = plan is None and self.facts.audience.asks_for_less(request, taste)
            plan = plan or self._plan(request, profile, taste, understood)
        with watch.stage("retrieval"):
            passing = request.filters.mask(self.bundle.catalogue)
            allowed = self._allowed(passing, request, profile, seeds, taste, shown)
            retrieved = self._retrieve(request, understood, taste, plan, allowed, child, deadline)
        matches = retrieved.inputs.matches
        watch.stages |= {name: hits.ms for name, hits in retrieved.hits.items()}
        with watch.stage("rank"):
            ranked = rank(retrieved.rows, retrieved.mixture.terms(retrieved.rows))
            if matches is not None:
                ranked = matching_first(ranked, matches.matched)
            if understood is None:
                ranked = next_part_first(ranked, self.bundle.catalogue, taste.rows)
        with watch.stage("diversify"):
            top = self._page(ranked, plan, request, taste, retrieved)
        with watch.stage("reasons"):
            cites = svd.CITES if request.preset is Preset.SVD else retrieved.mixture.cites
            reasons = PageReasons(retrieved.inputs, retrieved.mixture, cites) if with_reasons else None
            items = make_items(top, reasons, self.constants, request.explain, matches)
            if request.preset is Preset.SVD:
                items = svd.with_affinity(items, top)
        counts = {"ranked": len(retrieved.rows)} | {name: len(hits.rows) for name, hits in retrieved.hits.items()}
        return Ranking(
            items,
            plan.strategy,
            (*([read_error] if read_error else []), *retrieved.degraded),
            (*unknown, *off_shelf),
            int(np.count_nonzero(retrieved.allowed)) > len(items),
            watch.stages,
            counts | retrieved.counts,
            None if matches is None else matches.understood.shown,
            None if matches is None else matches.count(passing),
        )

    def _check(self, preset: Preset) -> None:
        """Raise PresetUnavailable if the release lacks what the preset needs."""
        if preset is Preset.SVD:
            svd.factors_of(self.bundle)
        elif preset is Preset.TWO_TOWER:
            two_tower.check(self.bundle, self.retriever)

    def _page(self, ranked: Ranked, plan: Plan, request: Request, taste: Taste, retrieved: Retrieved) -> Ranked:
        """Return the films of the page in the preset's order; several clear interests share it."""
        if request.preset is Preset.SVD:
            return svd.rerank(self.bundle, ranked.rows, taste, request.k)
        matches = retrieved.inputs.matches
        # An ordinary taste has no coherence, and with a query the words decide.
        if request.diversity > 0 and plan.coherence and matches is None and request.preset is Preset.DEFAULT:
            interests = interests_of(self.bundle, self.trait_rows, taste)
            if interests:
                return page_of_interests(
                    self.bundle, ranked, plan, request, taste, interests, retrieved.mixture, self.constants
                )
        return first_page(self.bundle, ranked, plan, request, matches, self.constants.mmr_likeness)

    def _read(self, request: Request) -> tuple[Understood | None, str | None]:
        """Read the query. If the index of the films' words cannot be read, return None and the reason."""
        try:
            return self.queries.read(request), None
        except SearchUnavailable as error:
            return None, f"search: {error}"

    def plan(self, request: Request, profile: Profile | None) -> Plan:
        """Return the weights that a request is ranked with. Raises as :meth:`rank`."""
        understood, _ = self._read(request)
        history, _, _ = with_seeds(self.bundle.catalogue, request, profile)
        taste = self._taste(history, understood)
        return self._plan(request, profile, taste, understood)

    def _taste(self, history: History, understood: Understood | None) -> Taste:
        """Return the person's taste, seeds first; or that of the films named in the query as examples, if any."""
        own = fold_in(self.bundle.catalogue, history)
        if understood is None or not understood.like:
            return own
        return replace(Taste.of_films(understood.like), disliked=own.disliked, dislike_weights=own.dislike_weights)

    def _plan(self, request: Request, profile: Profile | None, taste: Taste, understood: Understood | None) -> Plan:
        if understood is not None and understood.like:
            plan = likeness_plan(self.constants, self.facts.maturity, Strategy.QUERY)
            return against_dislikes(plan, self.constants, taste)
        stored = profile is not None and len(profile.history) > 0
        certainty, maturity = self.facts.certainty(taste), self.facts.maturity
        clear = 0.0
        # A long taste of known films never counts as coherent.
        if not request.query and coherence_of(self.constants, taste, 1.0, certainty, maturity):
            clear = coherence(self.constants, taste, self.trait_rows, stored)
        return make_plan(self.constants, taste, request.query, stored, clear, certainty, maturity)

    def _retrieve(
        self,
        request: Request,
        understood: Understood | None,
        taste: Taste,
        plan: Plan,
        allowed: NDArray[np.bool_],
        child: bool,
        deadline: Deadline,
    ) -> Retrieved:
        inputs = Inputs(self.facts, self.constants, plan, taste)
        tables = self.bundle.collaborative
        # Familiarity scales the terms of taste and prior, before candidates are chosen.
        factor = familiarity_factor(self.facts.renown, request.familiarity)
        if request.preset is Preset.TWO_TOWER:
            proposal = two_tower.find(self.bundle, self.retriever, request.user_id, taste, deadline)
            mixture = Mixture.of_terms(tables, two_tower.terms(self.bundle, proposal), factor, two_tower.CITES)
            allowed, counts = self._for_children(child, request, taste, allowed)
            rows = retrieval.candidates(mixture.base(), allowed)
            counts[f"by_{proposal.source}"] = 1
            hits = {} if proposal.hits is None else {"retrieve": proposal.hits}
            return Retrieved(inputs, mixture, rows, allowed, proposal.degraded, counts, hits)
        if plan.baseline:
            terms, degraded = baseline.baseline_terms(self.release, self.trait_rows, taste, deadline, request.filters)
            mixture = Mixture.of_terms(tables, terms, factor, baseline.CITES)
            allowed, counts = self._for_children(child, request, taste, allowed)
            return Retrieved(inputs, mixture, retrieval.candidates(mixture.base(), allowed), allowed, degraded, counts)
        result, vectors = retrieval.search_for(
            request, understood, plan, taste, self.constants, self.release, self.encoder, deadline
        )
        degraded = list(result.degraded)
        if understood is not None:
            try:
                matches = self.queries.match(understood, vectors, result, factor)
                inputs = replace(inputs, matches=matches)
                allowed = allowed & ~matches.excluded
            except SearchUnavailable as error:
                degraded.append(f"search: {error}")
        mixture = mixture_of(inputs, factor)
        allowed, counts = self._for_children(child, request, taste, allowed, result)
        eligible = allowed if inputs.matches is None else allowed & inputs.matches.matched
        by_retriever = {"traits": retrieval.by_traits(inputs, eligible)}
        by_retriever["series"] = retrieval.by_series(self.facts, taste, eligible)
        if vectors is None:
            by_retriever["vectors"] = retrieval.by_vectors(result.knn)
        rows = retrieval.candidates_of(self.facts, mixture, allowed, bool(plan.novelty), list(by_retriever.values()))
        counts |= {f"{name}_retrieved": len(films) for name, films in by_retriever.items() if len(films)}
        hits = {name: engine for name, engine in (("knn", result.knn), ("bm25", result.text)) if engine is not None}
        return Retrieved(inputs, mixture, rows, allowed, degraded, counts, hits)

    def _for_children(
        self,
        child: bool,
        request: Request,
        taste: Taste,
        allowed: NDArray[np.bool_],
        hits: SearchResult | None = None,
    ) -> tuple[NDArray[np.bool_], dict[str, int]]:
        """Return the films allowed for a child, and counts of those left out."""
        if not child:
            return allowed, {}
        fitting = allowed & self.facts.audience.fitting(request, taste, hits.text if hits is not None else None)
        return fitting, {"not_for_children": int(np.count_nonzero(allowed) - np.count_nonzero(fitting))}

    def _allowed(
        self,
        passing: NDArray[np.bool_],
        request: Request,
        profile: Profile | None,
        seeds: NDArray[np.int32],
        taste: Taste,
        shown: NDArray[np.uint64],
    ) -> NDArray[np.bool_]:
        """Return the films that pass the filters, except those seen, excluded, given or shown before: bool[films]."""
        catalogue, allowed = self.bundle.catalogue, passing.copy()
        hidden = [shown]
        if profile is not None:
            hidden.append(profile.disliked if request.include_seen else profile.seen)
        rows = catalogue.rows_of_hashes(np.concatenate(hidden))
        allowed[rows[rows >= 0]] = False
        excluded = catalogue.rows_of(request.exclude_item_ids)
        allowed[excluded[excluded >= 0]] = False
        allowed[taste.disliked] = False
        allowed[seeds] = False
        return allowed
