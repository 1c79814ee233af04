"""Find what moved a film's score, to check its reasons: the score's terms, and the score without what is cited.

The reasons' own code is not used: every film of the taste is removed once, as if it had never been touched, and the
whole pipeline runs again; likewise for a taste without a cited trait. Scores are sums of the terms in the response
(``signals``), requested for the films of the response alone, which does not change them. The plan is fixed: the weights
stay those of the whole taste, since with one like less the prior gets more weight, which is not an effect of the
removed film.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.workbench import Workbench, patient
from services.recommender.domain.catalogue import TraitKind
from services.recommender.domain.profile import Profile
from services.recommender.domain.request import RankedItem, Reason, ReasonKind, Request
from services.recommender.pipeline import Pipeline
from services.recommender.reasons.reasons import trait_kinds, trait_name
from services.recommender.signals.plan import Plan
from services.recommender.taste.fold_in import fold_in

LARGEST = 2
TRAITS = frozenset(kind for kind in ReasonKind if trait_kinds(kind))
_ROUNDING = 1e-6
"""Float32 scores that differ by less count as equal."""

Scores = NDArray[np.float64]


class TermCause(StrEnum):
    """Cause that a term of the score belongs to."""

    TASTE = "the films liked"
    TRAIT = "a trait they share"
    POPULARITY = "popularity"


_TERMS = {"popularity": TermCause.POPULARITY, "traits": TermCause.TRAIT, "concept": TermCause.TRAIT}


@dataclass(frozen=True, slots=True)
class First:
    """The first reason of a response compared with its largest term. ``true``: "popular" is said exactly if popularity
    outweighs the taste; ``largest``: the largest term itself is named.
    """

    popular: bool
    true: bool
    largest: bool
    words: str


@dataclass(frozen=True, slots=True)
class CitationCheck:
    """A cited film or trait: does the score fall without it, and is the fall among the two largest?"""

    kind: ReasonKind
    falls: bool
    largest: bool
    words: str


def first_reason(bench: Workbench, profile: Profile, item: RankedItem) -> First:
    """Compare the first reason of a ranked item (with ``signals``) with its largest term."""
    sums = dict.fromkeys(TermCause, 0.0)
    for term, size in item.signals.items():
        sums[_TERMS.get(term, TermCause.TASTE)] += size
    cause, value = max(sums.items(), key=lambda each: each[1])
    said = _said(item.reasons[0])
    popular = said is TermCause.POPULARITY
    title, popularity = bench.bundle.catalogue.titles[item.row], item.signals.get("popularity", 0.0)
    words = f"{profile.user_id}, {title}: {item.reasons[0].text}: {cause} {value:.3f}, popularity {popularity:.3f}"
    return First(popular, popular == (cause is TermCause.POPULARITY), said is cause, words)


def _said(reason: Reason) -> TermCause:
    if reason.kind is ReasonKind.POPULAR:
        return TermCause.POPULARITY
    return TermCause.TRAIT if reason.kind in TRAITS else TermCause.TASTE


def examine(bench: Workbench, profile: Profile, items: Sequence[RankedItem]) -> list[list[CitationCheck]]:
    """Return a verdict for every film and trait that an item cites, one list per item."""
    rows = np.array([item.row for item in items], np.int32)
    plan = bench.pipeline.plan(Request(user_id=profile.user_id), profile)
    whole = raw_scores(bench, bench.pipeline, profile, rows, plan)
    falls = _falls(bench, profile, rows, whole, plan)
    return [
        [
            _judged(
                bench, profile, item, reason, {film: each[at] for film, each in falls.items()}, (float(whole[at]), plan)
            )
            for reason in item.reasons
            if reason.item_id is not None or reason.kind in TRAITS
        ]
        for at, item in enumerate(items)
    ]


def _falls(bench: Workbench, profile: Profile, rows: NDArray[np.int32], whole: Scores, plan: Plan) -> dict[str, Scores]:
    """Return, by item id of each film of the taste, how much each score falls without it."""
    catalogue = bench.bundle.catalogue
    taste = fold_in(catalogue, profile.history)
    falls = {}
    for row in taste.rows.tolist():
        rest = replace(profile, history=profile.history.without(bench.hashes[[row]]))
        falls[catalogue.item_ids[row]] = whole - raw_scores(bench, bench.pipeline, rest, rows, plan)
    return falls


def _judged(
    bench: Workbench,
    profile: Profile,
    item: RankedItem,
    reason: Reason,
    falls: dict[str, float],
    before: tuple[float, Plan],
) -> CitationCheck:
    title, (whole, plan) = bench.bundle.catalogue.titles[item.row], before
    if reason.kind is ReasonKind.LIKED:
        fall = falls.get(reason.item_id or "", 0.0)
        place = 1 + sum(other > fall + _ROUNDING for other in falls.values())
        words = f"{profile.user_id}, {title}: {reason.text}: falls by {fall:.5f}, place {place}"
        return CitationCheck(reason.kind, fall > 0, place <= LARGEST, words)
    less = without_trait(bench.pipeline, item.row, reason)
    fall = whole - float(raw_scores(bench, less, profile, np.array([item.row], np.int32), plan)[0])
    return CitationCheck(reason.kind, fall > 0, True, f"{profile.user_id}, {title}: {reason.text}: falls by {fall:.5f}")


def raw_scores(bench: Workbench, pipeline: Pipeline, profile: Profile, rows: NDArray[np.int32], plan: Plan) -> Scores:
    """Return the raw scores of some unseen films under a plan, float64[rows]."""
    request = Request(user_id=profile.user_id, k=len(rows), diversity=0.0, explain=True)
    others = np.delete(bench.hashes, rows)
    items = pipeline.rank(request, profile, patient(), others, with_reasons=False, plan=plan).items
    score_of = {item.row: sum(item.signals.values()) for item in items}
    return np.array([score_of[row] for row in rows.tolist()], np.float64)


def without_trait(pipeline: Pipeline, row: int, reason: Reason) -> Pipeline:
    """Return the same pipeline for a taste without the trait that a reason cites for the film ``row``."""
    trait_rows = pipeline.trait_rows
    traits = pipeline.bundle.catalogue.traits
    traits_of_film = [(each, TraitKind(int(traits.kinds[each]))) for each in traits.of(row).tolist()]
    cited = [
        each
        for each, kind in traits_of_film
        if kind in trait_kinds(reason.kind) and trait_name(kind, traits.names[each]) == reason.subject
    ]
    less = copy.copy(pipeline)
    values = np.where(np.isin(traits.ids, cited), np.float32(0), trait_rows.values)
    less.facts = replace(less.facts, trait_rows=replace(trait_rows, values=values))
    return less
