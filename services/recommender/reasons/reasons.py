"""Truthful reasons: each names evidence without which the film's raw score would be lower.

A cited film is the one with the largest influence; a trait is cited only for its term in the score; "popular in
Western" is used if nothing personal contributed. The largest cause comes first. Films similar to a given film have one
reason each: what they share with it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import counted
from services.recommender.domain.catalogue import Catalogue, TraitKind, display_title, language_name
from services.recommender.domain.request import RankedItem, Reason, ReasonKind
from services.recommender.domain.weights import Weights
from services.recommender.query.match_reasons import query_reasons
from services.recommender.query.matching import Matches
from services.recommender.ranking.ranker import Ranked, shown_score
from services.recommender.reasons.leave_one_out import influences, largest
from services.recommender.signals import Concept, Inputs, Mixture, TraitMatch
from services.recommender.signals.signal import Cites

CITED = 2
# A further cause is named if it is at least this share of the raw score.
WORTH_SAYING = 0.1
# A keyword characterises a taste if at least this many of its films have it.
SHARED_KEYWORD = 2
# Minimum weight of a second cited film relative to the first; minimum share of a trait.
SECOND_FILM = 0.5
SHARED_TRAIT = 0.02
# Minimum number of people who like both films to say that the same people like them.
SHARED_PEOPLE = 2

OF_FILMS = (Cites.FILMS, Cites.LIKED_TOGETHER)

Terms = dict[str, float]
Influential = list[tuple[int, float]]
"""The most influential films of the taste: index into it, and by how much the score falls without the film."""


def make_items(
    top: Ranked, reasons: "PageReasons | None", constants: Weights, explain: bool, matches: Matches | None = None
) -> tuple[RankedItem, ...]:
    """Return the films of ``top`` in order; without ``reasons`` they have none."""
    scores = shown_score(top.raw, constants).tolist()
    terms = [dict(zip(top.names, values, strict=True)) for values in top.terms.tolist()]
    of_films = reasons.of(top.rows, terms) if reasons is not None else [()] * len(terms)
    match = matches.matched[top.rows].tolist() if matches is not None else [None] * len(terms)
    return tuple(
        RankedItem(row, score, why, signals if explain else {}, match=matched)
        for row, score, why, signals, matched in zip(top.rows.tolist(), scores, of_films, terms, match, strict=True)
    )


@dataclass(frozen=True, slots=True, eq=False)
class PageReasons:
    """Reasons for the films of one request. ``cites``: what a reason names for each term, by name; terms not listed
    name nothing. The wording of each cited film is made once.
    """

    inputs: Inputs
    mixture: Mixture
    cites: Mapping[str, Cites]
    _wordings: dict[int, tuple[str, str, str]] = field(default_factory=dict)

    def of(self, rows: NDArray[np.int32], terms: list[Terms]) -> list[tuple[Reason, ...]]:
        """Return the reasons of some films with their terms: the largest cause first, then others worth mentioning. For
        a query: what a film matches, then reasons of the taste.
        """
        inputs = self.inputs
        matches = inputs.matches
        if matches is None:
            return self._of_taste(rows, terms)
        of_query = query_reasons(matches, inputs.bundle.catalogue, rows)
        if inputs.taste.is_empty:
            return [
                reasons or (self._popular(row, of_film),)
                for reasons, row, of_film in zip(of_query, rows.tolist(), terms, strict=True)
            ]
        like_films = bool(matches.understood.like)
        own = likeness_reasons(inputs, self.mixture, rows, terms) if like_films else self._of_taste(rows, terms)
        return [_combined(*pair) for pair in zip(of_query, own, strict=True)]

    def cited(self, influential: Influential) -> list[Reason]:
        """Return reasons for the most influential film of the taste, and a second with at least half its influence.
        ``influential``: the two largest.
        """
        return [
            self._cite(index, influence)
            for index, influence in influential
            if influence >= SECOND_FILM * influential[0][1]
        ]

    def _of_taste(self, rows: NDArray[np.int32], terms: list[Terms]) -> list[tuple[Reason, ...]]:
        """Return the reasons from the taste and the catalogue."""
        influential = [[]] * len(terms) if self.inputs.taste.is_empty else self._influential(rows)
        traits, shares = self._strongest_traits(rows)
        columns = (rows.tolist(), terms, influential, traits.tolist(), shares.tolist())
        return [tuple(self._of_film(*film)) for film in zip(*columns, strict=True)]

    def _influential(self, rows: NDArray[np.int32]) -> list[Influential]:
        """Return the films of the taste that influenced each film most. One is cited if people who like both films
        support it, or if at least half of its influence has other sources: a single rater is weak evidence.
        """
        inputs = self.inputs
        films, influence_of = influences(inputs.constants, inputs.taste, self.mixture, rows)
        if not influence_of:
            return [[] for _ in rows]
        total = np.asarray(sum(influence_of.values()), np.float32)
        together = [
            influence for name, influence in influence_of.items() if self.cites.get(name) is Cites.LIKED_TOGETHER
        ]
        of_people = np.asarray(sum(together, np.zeros_like(total)), np.float32)
        supported = inputs.bundle.collaborative.supported(inputs.taste.rows[films], rows, SHARED_PEOPLE)
        return largest(films, total, CITED, supported | (total >= 2 * of_people))

    def _strongest_traits(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return each film's trait with the largest contribution, and the contribution; 0 if traits have no weight."""
        match, concept = self.mixture.find(TraitMatch), self.mixture.find(Concept)
        trait, share = np.zeros(len(rows), np.int32), np.zeros(len(rows), np.float32)
        if match is not None:
            trait, share = match.strongest(rows, _single_keywords(self.inputs))
        if concept is None or not len(concept.traits):
            return trait, share
        shared = concept.influence_by_trait(rows)
        if match is not None:
            shared = shared + match.parts(rows, concept.traits)
        best = np.argmax(shared, axis=1)
        most = shared[np.arange(len(rows)), best]
        return np.where(most > share, concept.traits[best], trait), np.maximum(most, share)

    def _of_film(self, row: int, terms: Terms, influential: Influential, trait: int, share: float) -> Iterator[Reason]:
        """Yield the reasons of a film by the size of their causes; popularity only if it is the largest. ``trait``: its
        strongest, with its ``share`` of the score.
        """
        worth = WORTH_SAYING * sum([term for term in terms.values() if term > 0])
        is_first = True
        for size, cause in sorted(self._causes(terms), key=lambda pair: -pair[0]):
            if size <= 0 or (not is_first and (size < worth or cause == "popularity")):
                continue
            reasons: list[Reason | None] = []
            if cause == "films":
                reasons += self.cited(influential) if influential else [taste_reason(size)]
            elif cause == "traits":
                reasons.append(trait_reason(self.inputs.bundle.catalogue, trait, share))
            else:
                reasons.append(self._popular(row, terms))
            for reason in reasons:
                if reason is not None:
                    is_first = False
                    yield reason
        if is_first:
            yield self._popular(row, terms)

    def _causes(self, terms: Terms) -> Iterator[tuple[float, str]]:
        """Yield the size of each cause: the films of the taste, its traits, the film's popularity."""
        yield sum([term for name, term in terms.items() if self.cites.get(name) in OF_FILMS]), "films"
        yield sum([term for name, term in terms.items() if self.cites.get(name) is Cites.TRAITS]), "traits"
        yield terms.get("popularity", 0.0), "popularity"

    def _popular(self, row: int, terms: Terms) -> Reason:
        return self.inputs.facts.popular_in.reason(row, terms.get("popularity", 0.0))

    def _cite(self, index: int, influence: float) -> Reason:
        wording = self._wordings.get(index)
        if wording is None:
            wording = self._wordings[index] = self._wording(index)
        text, title, item_id = wording
        return Reason(ReasonKind.LIKED, text, title, influence, item_id)

    def _wording(self, index: int) -> tuple[str, str, str]:
        """Return the reason's text for a film of the taste, its title and its id."""
        catalogue, taste = self.inputs.bundle.catalogue, self.inputs.taste
        row, base = int(taste.rows[index]), float(taste.base[index])
        title = display_title(catalogue, row)
        verb = "liked" if base >= 1 else "watched" if base >= 0.3 else "looked at"
        return f"Because you {verb} {title}", title, catalogue.item_ids[row]


def _combined(of_query: tuple[Reason, ...], own: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Combine query reasons with those of the taste; a non-matching film keeps only the former."""
    if any(reason.kind is ReasonKind.NEAREST for reason in of_query):
        return of_query
    return (*of_query, *(reason for reason in own if reason.kind is not ReasonKind.POPULAR or not of_query))


def _single_keywords(inputs: Inputs) -> NDArray[np.int32]:
    """Return the traits (ids) that do not characterise the taste: keywords of only one of several films."""
    if len(inputs.taste.rows) < SHARED_KEYWORD:
        return np.empty(0, np.int32)
    ids, films = counted(inputs.film_traits.ids)
    return np.asarray(ids[(inputs.bundle.catalogue.traits.kinds[ids] == TraitKind.KEYWORD) & (films < SHARED_KEYWORD)])


_PHRASES = {
    TraitKind.DIRECTOR: (ReasonKind.DIRECTOR, "Directed by {}, whose films you liked"),
    TraitKind.KEYWORD: (ReasonKind.KEYWORD, "About “{}”, like films you liked"),
    TraitKind.GENRE: (ReasonKind.GENRE, "{}, a genre you like"),
    TraitKind.DECADE: (ReasonKind.DECADE, "From the {}, a decade you like"),
    TraitKind.CAST: (ReasonKind.CAST, "With {}, whom you have liked before"),
    TraitKind.SERIES: (ReasonKind.SERIES, "From the {} series, which you like"),
    TraitKind.ERA: (ReasonKind.DECADE, "From the {}, like films you liked"),
    TraitKind.LANGUAGE: (ReasonKind.LANGUAGE, "In {}, like films you liked"),
}


def trait_kinds(kind: ReasonKind) -> tuple[TraitKind, ...]:
    """Return the kinds of trait that a kind of reason cites; none for other reasons."""
    return tuple(of_kind for of_kind, (cited_as, _) in _PHRASES.items() if cited_as is kind)


def trait_reason(catalogue: Catalogue, trait: int, share: float) -> Reason | None:
    """Return the reason for a film's trait (id) with its share of the score, if large enough."""
    if share < SHARED_TRAIT:
        return None
    of_kind = TraitKind(int(catalogue.traits.kinds[trait]))
    kind, phrase = _PHRASES[of_kind]
    name = trait_name(of_kind, catalogue.traits.names[trait])
    return Reason(kind, phrase.format(name), name, share)


def trait_name(kind: TraitKind, name: str) -> str:
    """Return a trait's name for reasons: a language by its name, not its code."""
    return language_name(name) if kind is TraitKind.LANGUAGE else name


def taste_reason(term: float) -> Reason:
    """Return the reason that refers to the taste as a whole, if no single film of it stands out."""
    return Reason(ReasonKind.LIKED, "Close to what you like", "what you like", term)


def likeness_reasons(
    inputs: Inputs, mixture: Mixture, rows: NDArray[np.int32], terms: list[Terms]
) -> list[tuple[Reason, ...]]:
    """Return one reason for the likeness of each film to those of the taste: its makers or theme if a trait says so,
    otherwise the largest cause.
    """
    tables, catalogue = inputs.bundle.collaborative, inputs.bundle.catalogue
    people = np.asarray(tables.supported(inputs.taste.rows, rows, SHARED_PEOPLE).any(axis=0)).tolist()
    own = inputs.film_traits.ids
    is_specific = np.isin(catalogue.traits.kinds[own], _SPECIFIC)
    specific, common = (
        _of_traits(catalogue, mixture, rows, excluded) for excluded in (own[~is_specific], own[is_specific])
    )
    return [(_of_likeness(*film),) for film in zip(terms, people, specific, common, strict=True)]


def _of_traits(
    catalogue: Catalogue, mixture: Mixture, rows: NDArray[np.int32], excluded: NDArray[np.int32]
) -> list[Reason | None]:
    """Return the reason for each film's strongest trait, excluding the ids ``excluded``."""
    signal = mixture.find(TraitMatch)
    if signal is None:
        return [None] * len(rows)
    traits, shares = signal.strongest(rows, excluded)
    return [trait_reason(catalogue, *pair) for pair in zip(traits.tolist(), shares.tolist(), strict=True)]


def _of_likeness(terms: Terms, people: bool, specific: Reason | None, common: Reason | None) -> Reason:
    collaborative = terms.get("collaborative", 0.0) if people else 0.0
    content = terms.get("content", 0.0)
    if specific is not None:
        # "Also in the Matrix series", but a person called The Brothers keeps the article.
        name = specific.subject.removeprefix("The ") if specific.kind is ReasonKind.SERIES else specific.subject
        return Reason(specific.kind, _SHARED[specific.kind].format(name), specific.subject, specific.weight)
    if collaborative >= content and collaborative > 0:
        return Reason(ReasonKind.LIKED, "Liked by the same people", "the same people", collaborative)
    if content > 0:
        return Reason(ReasonKind.KEYWORD, "A similar story", "the story", content)
    if common is not None:
        phrase = _COMMON.get(common.kind, "Also {}")
        return Reason(common.kind, phrase.format(common.subject), common.subject, common.weight)
    return Reason(ReasonKind.GENRE, "Closest of the remaining films", "the catalogue", 0.0)


_SHARED = {
    ReasonKind.DIRECTOR: "Also directed by {}",
    ReasonKind.KEYWORD: "Also about “{}”",
    ReasonKind.CAST: "Also with {}",
    ReasonKind.SERIES: "Also in the {} series",
}
_COMMON = {
    ReasonKind.DECADE: "Also from the {}",
    ReasonKind.LANGUAGE: "Also in {}",
}
_SPECIFIC: NDArray[np.uint8] = np.array([TraitKind[kind.name] for kind in _SHARED], np.uint8)
