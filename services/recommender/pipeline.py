"""The way of one request through the recommender: taste, plan, candidates, rank, diversify, reasons.

The server, the command line and the offline evaluation all call this same object. It is bound to one release
and holds nothing of any request.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.profile import NO_HASHES, Profile
from services.recommender.domain.request import Ranking, Request, Strategy
from services.recommender.domain.weights import Weights
from services.recommender.ports import Deadline, Leg, Release, SearchResult, TextEncoder
from services.recommender.stages import diversity, retrieval, retrievers
from services.recommender.stages.coherence import coherence
from services.recommender.stages.facts import Facts
from services.recommender.stages.familiarity import familiarity_factor
from services.recommender.stages.legs import search_legs
from services.recommender.stages.picks import Context, make_picks
from services.recommender.stages.plan import Plan, make_plan
from services.recommender.stages.playbook import playbook_legs
from services.recommender.stages.ranker import Ranked, next_part_first, rank
from services.recommender.stages.seeds import Seeds, read_seeds
from services.recommender.stages.shelf import read_shelf
from services.recommender.stages.signals import Inputs, Mixture, mixture_of
from services.recommender.stages.taste import Taste, fold_in
from services.recommender.stages.traits import Known, TraitRows
from services.recommender.stopwatch import Stopwatch


@dataclass(frozen=True, slots=True, eq=False)
class Retrieved:
    """What retrieval hands on: the candidates, and the signals that rank them. ``allowed`` bool[films]: what may be
    picked. ``counts``: films by retriever.
    """

    inputs: Inputs
    mixture: Mixture
    allowed: NDArray[np.bool_]
    rows: NDArray[np.int32]
    degraded: list[str]
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def legs(self) -> dict[str, Leg]:
        """The legs of search that were asked for, by the names they have in metrics and logs."""
        legs = {"knn": self.inputs.hits.knn, "bm25": self.inputs.hits.text}
        return {name: leg for name, leg in legs.items() if leg is not None}


class Pipeline:
    """Ranking over one release. ``constants`` override the bundle's weights."""

    def __init__(self, release: Release, encoder: TextEncoder | None, constants: Weights | None = None) -> None:
        self.release = release
        self.bundle = release.bundle
        self.constants = constants or release.bundle.weights
        self.facts = Facts.of(self.bundle, self.constants)
        self._encoder = encoder

    @property
    def trait_rows(self) -> TraitRows:
        """The weighed traits of every film."""
        return self.facts.trait_rows

    @property
    def film_hashes(self) -> NDArray[np.uint64]:
        """The hash of each film, by row."""
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
        """The best ``request.k`` films. ``shown``: film hashes of earlier pages, left out. ``plan``: the weights to
        rank with, where they are not to be those of the taste (to see what a film of the taste changes by itself).

        Raises AllSeedsUnknown if seeds were given, none is known, and there is neither person nor query.
        """
        watch = Stopwatch(deadline.clock)
        with watch.stage("taste"):
            request, off_shelf = read_shelf(self.bundle.catalogue, request)
            seeds = read_seeds(self.bundle.catalogue, request, profile)
            taste = fold_in(self.bundle.catalogue, seeds.after(profile))
            known = self._known(taste)
            # Under a given plan a film is looked for that may not be one for what is left of a taste.
            child = plan is None and self.facts.audience.asks_for_less(request, taste)
            plan = plan or self._plan(request, profile, taste)
        with watch.stage("retrieval"):
            allowed = self._allowed(request, profile, seeds, taste, shown)
            found = self._retrieve(request, taste, known, plan, allowed, child, deadline)
        watch.stages |= {name: leg.ms for name, leg in found.legs.items()}
        with watch.stage("rank"):
            ranked = rank(found.rows, found.mixture.terms(found.rows))
            ranked = next_part_first(ranked, self.bundle.catalogue, taste.rows)
        with watch.stage("diversify"):
            top = self._diversify(ranked, plan, request)
        with watch.stage("reasons"):
            context = Context(found.inputs, found.mixture, request.query) if with_reasons else None
            picks = make_picks(top, context, self.constants, request.explain)
        left = int(np.count_nonzero(found.allowed))
        counts = {"ranked": len(found.rows), **{name: len(leg.rows) for name, leg in found.legs.items()}}
        if left < (before := int(np.count_nonzero(allowed))):
            counts["not_for_children"] = before - left
        ignored = (*seeds.ignored, *off_shelf)
        more, counts = left > len(picks), counts | found.counts
        return Ranking(picks, plan.strategy, tuple(found.degraded), ignored, more, watch.stages, counts)

    def plan(self, request: Request, profile: Profile | None) -> Plan:
        """The weights that a request is ranked with. Raises as :meth:`rank`."""
        seeds = read_seeds(self.bundle.catalogue, request, profile)
        taste = fold_in(self.bundle.catalogue, seeds.after(profile))
        return self._plan(request, profile, taste)

    def _known(self, taste: Taste) -> Known:
        films = self.trait_rows.films(taste.rows)
        return Known(self.trait_rows, films, films.mean(taste.weights(self.constants)))

    def _plan(self, request: Request, profile: Profile | None, taste: Taste) -> Plan:
        stored = profile is not None and len(profile.history) > 0
        clear = 0.0 if request.query else coherence(self.constants, taste, self.trait_rows, stored)
        return make_plan(
            self.constants, taste, request.query, stored, clear, self.facts.certainty(taste), self.facts.maturity
        )

    def _retrieve(
        self,
        request: Request,
        taste: Taste,
        known: Known,
        plan: Plan,
        allowed: NDArray[np.bool_],
        child: bool,
        deadline: Deadline,
    ) -> Retrieved:
        inputs = Inputs(self.facts, self.constants, plan, taste, known, SearchResult())
        tables = self.bundle.collaborative
        # Familiarity: a factor on the terms of the taste and of the prior, before candidates are chosen.
        factor = familiarity_factor(self.facts.renown, request.familiarity)
        if plan.playbook:
            terms, degraded = playbook_legs(self.release, self.trait_rows, taste, deadline, request.filters)
            mixture = Mixture.of_terms(tables, terms, factor)
            allowed = allowed & self.facts.audience.fitting(request, taste) if child else allowed
            return Retrieved(inputs, mixture, allowed, retrieval.candidates(mixture.base(), allowed), degraded)
        hits, degraded = search_legs(self.release, self._encoder, request, plan, taste, self.constants, deadline)
        inputs = replace(inputs, hits=hits)
        mixture = mixture_of(inputs, factor)
        allowed = allowed & self.facts.audience.fitting(request, taste, hits.text) if child else allowed
        brought = {"traits": retrievers.by_traits(self.facts, known, plan, allowed)}
        brought["series"] = retrievers.by_series(self.bundle.catalogue, taste, allowed)
        if request.query is None:
            brought["vectors"] = retrievers.by_vectors(hits.knn)
        novelty = self.facts.novelty if plan.novelty else None
        rows = retrieval.candidates(mixture.base(), allowed, novelty, list(brought.values()))
        counts = {f"{name}_retrieved": len(found) for name, found in brought.items() if len(found)}
        return Retrieved(inputs, mixture, allowed, rows, degraded, counts)

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
        # By place: films of a series may have traded theirs.
        relevance = np.sort(ranked.raw[:window])[::-1]
        order = diversity.mmr(relevance, similar, request.diversity, page)
        return ranked.take(np.concatenate([order, np.arange(window, max(window, page))]))
