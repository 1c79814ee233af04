"""Reasons for the similarity of two films: shared makers, themes and audience."""

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue, TraitKind
from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.reasons.phrases import SHARED_PEOPLE, trait_reason
from services.recommender.signals import Inputs, Mixture, TraitMatch


def likeness_reasons(
    inputs: Inputs, mixture: Mixture, rows: NDArray[np.int32], terms: list[dict[str, float]]
) -> list[tuple[Reason, ...]]:
    """Return one reason per film: its makers or theme if a trait says so, otherwise the largest cause."""
    tables, catalogue = inputs.bundle.collaborative, inputs.bundle.catalogue
    people = np.asarray(tables.supported(inputs.taste.rows, rows, SHARED_PEOPLE).any(axis=0)).tolist()
    own = inputs.known.films.ids
    telling = np.isin(catalogue.traits.kinds[own], _TELLING)
    specific, common = (_of_traits(catalogue, mixture, rows, excluded) for excluded in (own[~telling], own[telling]))
    return [(_reason(*film),) for film in zip(terms, people, specific, common, strict=True)]


def _of_traits(
    catalogue: Catalogue, mixture: Mixture, rows: NDArray[np.int32], excluded: NDArray[np.int32]
) -> list[Reason | None]:
    """Return the reason for each film's strongest trait, excluding the ids ``excluded``."""
    signal = mixture.find(TraitMatch)
    if signal is None:
        return [None] * len(rows)
    traits, shares = signal.strongest(rows, excluded)
    return [trait_reason(catalogue, *pair) for pair in zip(traits.tolist(), shares.tolist(), strict=True)]


def _reason(terms: dict[str, float], people: bool, specific: Reason | None, common: Reason | None) -> Reason:
    together = terms.get("collaborative", 0.0) if people else 0.0
    about = terms.get("content", 0.0)
    if specific is not None:
        # "Also in the Matrix series", but a person called The Brothers keeps the article.
        name = specific.subject.removeprefix("The ") if specific.kind is ReasonKind.SERIES else specific.subject
        return Reason(specific.kind, _SHARED[specific.kind].format(name), specific.subject, specific.weight)
    if together >= about and together > 0:
        return Reason(ReasonKind.LIKED, "Liked by the same people", "the same people", together)
    if about > 0:
        return Reason(ReasonKind.KEYWORD, "A similar story", "the story", about)
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
_TELLING: NDArray[np.uint8] = np.array([TraitKind[kind.name] for kind in _SHARED], np.uint8)
