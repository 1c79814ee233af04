"""Find the causes of a film's score, to check its reasons: the terms of the score, and the score without the citation.

The code that chooses reasons is not used. Each film of the taste is left out in turn, as if the person had never seen
it, and the whole pipeline runs again; likewise for a taste without a cited trait. Scores are sums of the terms in the
response (``signals``), requested for the films of the response alone, which does not change them. The plan is fixed to
that of the whole taste, because with one like less the prior gets more weight, which is not an effect of the film left
out.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.workbench import Workbench, patient, rows_of
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
"""Float32 scores that differ by less than this count as equal."""

Scores = NDArray[np.float64]


class TermCause(StrEnum):
    """The cause to which a term of the score belongs."""

    TASTE = "the films liked"
    TRAIT = "a trait they share"
    POPULARITY = "popularity"


_TERMS = {"popularity": TermCause.POPULARITY, "traits": TermCause.TRAIT, "concept": TermCause.TRAIT}


@dataclass(frozen=True, slots=True)
class FirstReasonCheck:
    """The first reason of a film compared with its largest term. ``popular``: the reason is popularity. ``true``: the
    reason is popularity exactly if the largest term is. ``largest``: the reason is of the kind of the largest term.
    ``words``: the comparison as text.
    """

    popular: bool
    true: bool
    largest: bool
    words: str


@dataclass(frozen=True, slots=True)
class CitationCheck:
    """A cited film or trait. ``score_falls``: the score falls without it. ``largest``: for a film, its influence is
    among the two largest. ``words``: the check as text.
    """

    kind: ReasonKind
    score_falls: bool
    largest: bool
    words: str


def first_reason(bench: Workbench, profile: Profile, item: RankedItem) -> FirstReasonCheck:
    """Compare the first reason of a ranked item (with ``signals``) with its largest term."""
    sums = dict.fromkeys(TermCause, 0.0)
    for term, size in item.signals.items():
        sums[_TERMS.get(term, TermCause.TASTE)] += size
    cause, value = max(sums.items(), key=lambda pair: pair[1])
    reason_cause = _cause_of(item.reasons[0])
    popular = reason_cause is TermCause.POPULARITY
    title, popularity = bench.bundle.catalogue.titles[item.row], item.signals.get("popularity", 0.0)
    words = f"{profile.user_id}, {title}: {item.reasons[0].text}: {cause} {value:.3f}, popularity {popularity:.3f}"
    return FirstReasonCheck(popular, popular == (cause is TermCause.POPULARITY), reason_cause is cause, words)


def _cause_of(reason: Reason) -> TermCause:
    if reason.kind is ReasonKind.POPULAR:
        return TermCause.POPULARITY
    return TermCause.TRAIT if reason.kind in TRAITS else TermCause.TASTE


def examine(bench: Workbench, profile: Profile, items: Sequence[RankedItem]) -> list[list[CitationCheck]]:
    """Check each film and trait that the items cite; one list per item."""
    rows = rows_of(items)
    plan = bench.pipeline.plan(Request(user_id=profile.user_id), profile)
    whole = raw_scores(bench, bench.pipeline, profile, rows, plan)
    influence_of = _influence_of(bench, profile, rows, whole, plan)
    return [
        [
            _citation_check(
                bench,
                profile,
                item,
                reason,
                {film: influence[at] for film, influence in influence_of.items()},
                (float(whole[at]), plan),
            )
            for reason in item.reasons
            if reason.item_id is not None or reason.kind in TRAITS
        ]
        for at, item in enumerate(items)
    ]


def _influence_of(
    bench: Workbench, profile: Profile, rows: NDArray[np.int32], whole: Scores, plan: Plan
) -> dict[str, Scores]:
    """Return item id -> by how much each score falls without that film, float64[rows], for each film of the taste."""
    catalogue = bench.bundle.catalogue
    taste = fold_in(catalogue, profile.history)
    influence_of = {}
    for row in taste.rows.tolist():
        rest = replace(profile, history=profile.history.without(bench.hashes[[row]]))
        influence_of[catalogue.item_ids[row]] = whole - raw_scores(bench, bench.pipeline, rest, rows, plan)
    return influence_of


def _citation_check(
    bench: Workbench,
    profile: Profile,
    item: RankedItem,
    reason: Reason,
    influence_of: dict[str, float],
    whole_and_plan: tuple[float, Plan],
) -> CitationCheck:
    title, (whole, plan) = bench.bundle.catalogue.titles[item.row], whole_and_plan
    if reason.kind is ReasonKind.LIKED:
        influence = influence_of.get(reason.item_id or "", 0.0)
        place = 1 + sum(value > influence + _ROUNDING for value in influence_of.values())
        words = f"{profile.user_id}, {title}: {reason.text}: falls by {influence:.5f}, place {place}"
        return CitationCheck(reason.kind, influence > 0, place <= LARGEST, words)
    reduced = without_trait(bench.pipeline, item.row, reason)
    influence = whole - float(raw_scores(bench, reduced, profile, np.array([item.row], np.int32), plan)[0])
    return CitationCheck(
        reason.kind, influence > 0, True, f"{profile.user_id}, {title}: {reason.text}: falls by {influence:.5f}"
    )


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
    kinds = {trait: TraitKind(int(traits.kinds[trait])) for trait in traits.of(row).tolist()}
    cited = [
        trait
        for trait, kind in kinds.items()
        if kind in trait_kinds(reason.kind) and trait_name(kind, traits.names[trait]) == reason.subject
    ]
    reduced = copy.copy(pipeline)
    values = np.where(np.isin(traits.ids, cited), np.float32(0), trait_rows.values)
    reduced.facts = replace(reduced.facts, trait_rows=replace(trait_rows, values=values))
    return reduced
