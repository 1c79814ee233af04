"""Ranked items: films with score, reasons and signals; the first per-film objects of a request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import counted
from services.recommender.domain.catalogue import TraitKind
from services.recommender.domain.request import RankedItem, Reason, ReasonKind
from services.recommender.domain.weights import Weights
from services.recommender.query.match_reasons import query_reasons
from services.recommender.query.matching import Matches
from services.recommender.ranking.ranker import Ranked, shown_score
from services.recommender.reasons.leave_one_out import Influence, influences
from services.recommender.reasons.likeness import likeness_reasons
from services.recommender.reasons.phrases import SHARED_PEOPLE, Citations, taste_reason, trait_reason
from services.recommender.signals import Concept, Inputs, Mixture, TraitMatch
from services.recommender.signals.signal import Cites

CITED = 2
# A further cause is named if it is at least this share of the raw score.
WORTH_SAYING = 0.1
# A keyword characterises a taste if at least this many of its films have it.
SHARED_KEYWORD = 2


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """Inputs of the reasons. ``cites``: what a reason names for each term, by name; terms not listed name nothing."""

    inputs: Inputs
    mixture: Mixture
    cites: Mapping[str, Cites]


class _FilmEvidence(NamedTuple):
    """Evidence for one ranked film: its terms, the most influential films of the taste, and its strongest trait with
    its share of the score.
    """

    row: int
    terms: dict[str, float]
    influential: list[tuple[int, float]]
    trait: int
    share: float


def make_items(
    top: Ranked, context: Context | None, constants: Weights, explain: bool, matches: Matches | None = None
) -> tuple[RankedItem, ...]:
    """Return the films of ``top`` in order; without a context they have no reasons."""
    scores = shown_score(top.raw, constants).tolist()
    terms = [dict(zip(top.names, values, strict=True)) for values in top.terms.tolist()]
    reasons = _reasons(context, top.rows, terms) if context is not None else [()] * len(terms)
    match = matches.matched[top.rows].tolist() if matches is not None else [None] * len(terms)
    return tuple(
        RankedItem(row, score, why, signals if explain else {}, match=matched)
        for row, score, why, signals, matched in zip(top.rows.tolist(), scores, reasons, terms, match, strict=True)
    )


def _reasons(context: Context, rows: NDArray[np.int32], terms: list[dict[str, float]]) -> list[tuple[Reason, ...]]:
    """Return the largest cause first, then others worth mentioning. For a query: what a film matches, then reasons of
    the taste.
    """
    inputs = context.inputs
    matches = inputs.matches
    if matches is None:
        return _of_taste(context, rows, terms)
    asked = query_reasons(matches, inputs.bundle.catalogue, rows)
    if inputs.taste.is_empty:
        return [
            said or (_popular(context, row, of_film),)
            for said, row, of_film in zip(asked, rows.tolist(), terms, strict=True)
        ]
    own = (
        likeness_reasons(inputs, context.mixture, rows, terms)
        if matches.understood.like
        else _of_taste(context, rows, terms)
    )
    return [_together(*pair) for pair in zip(asked, own, strict=True)]


def _together(asked: tuple[Reason, ...], own: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Combine query reasons with those of the taste; a non-matching film keeps only the former."""
    if any(reason.kind is ReasonKind.NEAREST for reason in asked):
        return asked
    said = [reason for reason in own if reason.kind is not ReasonKind.POPULAR or not asked]
    return (*asked, *said)


def _of_taste(context: Context, rows: NDArray[np.int32], terms: list[dict[str, float]]) -> list[tuple[Reason, ...]]:
    """Return the reasons from the taste and the catalogue."""
    inputs = context.inputs
    influential = [[]] * len(terms) if inputs.taste.is_empty else _cited(context, rows)
    traits, shares = _strongest_traits(context, rows)
    citations = Citations(inputs.bundle.catalogue, inputs.taste)
    columns = (rows.tolist(), terms, influential, traits.tolist(), shares.tolist())
    return [tuple(_of_film(context, citations, _FilmEvidence(*film))) for film in zip(*columns, strict=True)]


def _cited(context: Context, rows: NDArray[np.int32]) -> list[list[tuple[int, float]]]:
    """Return the films of the taste that influenced each film most. One is cited if people who like both films support
    it, or if at least half of its influence is not collaborative: a single rater is weak evidence.
    """
    inputs = context.inputs
    parts = influences(inputs.constants, inputs.taste, context.mixture, rows)
    if not parts:
        return [[] for _ in rows]
    films = next(iter(parts.values())).films
    total = np.asarray(sum(part.values for part in parts.values()), np.float32)
    of_people = parts["collaborative"].values if "collaborative" in parts else np.zeros_like(total)
    supported = inputs.bundle.collaborative.supported(inputs.taste.rows[films], rows, SHARED_PEOPLE)
    return Influence(films, total).largest(CITED, supported | (total >= 2 * of_people))


def _strongest_traits(context: Context, rows: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return each film's trait with the largest contribution, and the contribution; 0 if traits have no weight."""
    match, concept = context.mixture.find(TraitMatch), context.mixture.find(Concept)
    trait, share = np.zeros(len(rows), np.int32), np.zeros(len(rows), np.float32)
    if match is not None:
        trait, share = match.strongest(rows, _single_keywords(context.inputs))
    if concept is None or not len(concept.traits):
        return trait, share
    shared = concept.influence_by_trait(rows)
    if match is not None:
        shared = shared + match.parts(rows, concept.traits)
    best = np.argmax(shared, axis=1)
    most = shared[np.arange(len(rows)), best]
    return np.where(most > share, concept.traits[best], trait), np.maximum(most, share)


def _single_keywords(inputs: Inputs) -> NDArray[np.int32]:
    """Return the traits (ids) that do not characterise the taste: keywords of only one of several films."""
    if len(inputs.taste.rows) < SHARED_KEYWORD:
        return np.empty(0, np.int32)
    ids, films = counted(inputs.known.films.ids)
    return np.asarray(ids[(inputs.bundle.catalogue.traits.kinds[ids] == TraitKind.KEYWORD) & (films < SHARED_KEYWORD)])


def _of_film(context: Context, citations: Citations, evidence: _FilmEvidence) -> Iterator[Reason]:
    """Yield reasons by the size of their causes; popularity only if it is the largest."""
    worth = WORTH_SAYING * sum(max(term, 0.0) for term in evidence.terms.values())
    causes = sorted(_causes(evidence.terms, context.cites), key=lambda cause: -cause[0])
    said = False
    for size, cause in causes:
        if size <= 0 or (said and (size < worth or cause == "popularity")):
            continue
        for reason in _in_words(context, citations, evidence, cause, size):
            said = True
            yield reason
    if not said:
        yield _popular(context, evidence.row, evidence.terms)


def _popular(context: Context, row: int, terms: dict[str, float]) -> Reason:
    return context.inputs.facts.popular_in.reason(row, terms.get("popularity", 0.0))


def _causes(terms: dict[str, float], cites: Mapping[str, Cites]) -> Iterator[tuple[float, str]]:
    """Yield the size of each cause: the films of the taste, its traits, the film's popularity."""
    yield sum(term for name, term in terms.items() if cites.get(name) is Cites.FILMS), "films"
    yield sum(term for name, term in terms.items() if cites.get(name) is Cites.TRAITS), "traits"
    yield terms.get("popularity", 0.0), "popularity"


def _in_words(
    context: Context, citations: Citations, evidence: _FilmEvidence, cause: str, size: float
) -> Iterator[Reason]:
    if cause == "films":
        if evidence.influential:
            yield from citations.reasons(evidence.influential)
        else:
            yield taste_reason(size)
    elif cause == "traits":
        shared = trait_reason(context.inputs.bundle.catalogue, evidence.trait, evidence.share)
        if shared is not None:
            yield shared
    elif cause == "popularity":
        yield _popular(context, evidence.row, evidence.terms)
