"""Focused tastes of people unseen in training: three likes of one director, genre, language, decade or series, and the
person's other likes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.folds import Fold
from data_jobs.evaluate.parts.shared_traits import SharedTraits, shared_traits
from data_jobs.evaluate.split import liked
from services.recommender.domain.profile import Profile

KNOWN = 3
MIN_HIDDEN = 2
TRAITS_EACH = 2
MAX_PER_KIND = 200

Rows = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class TraitTaste:
    """``known_likes``: rows of the three likes; ``profile``: a person with only these. ``of_trait``: rows of the other
    likes with the trait; ``others``: of all other likes; ``films``: of all films with the trait.
    """

    kind: str
    code: int
    known_likes: Rows
    profile: Profile
    of_trait: Rows
    others: Rows
    films: Rows


def draw(fold: Fold, seed: int) -> list[TraitTaste]:
    """Draw the tastes of a fold, by kind."""
    dataset = fold.people.dataset
    counts = np.bincount(dataset.events.film[liked(dataset.events)], minlength=len(dataset.films))
    codes = np.random.default_rng(seed).permutation(fold.codes).tolist()
    tastes = []
    for place, shared in enumerate(shared_traits(dataset.films, fold.bench.bundle.catalogue)):
        niche, of_kind = shared.niche(counts), list[TraitTaste]()
        for code in codes:
            of_kind += _of_person(fold, code, shared, niche, np.random.default_rng((seed, code, place)))
            if len(of_kind) >= MAX_PER_KIND:
                break
        tastes += of_kind[:MAX_PER_KIND]
    return tastes


def _of_person(
    fold: Fold, code: int, shared: SharedTraits, niche: frozenset[str], rng: np.random.Generator
) -> list[TraitTaste]:
    """Return at most two tastes of a kind."""
    events = fold.people.dataset.events
    likes_at = fold.people.likes_of(code)
    rows = events.film[likes_at]
    traits = [
        trait for trait, films in shared.among(rows).items() if trait in niche and len(films) >= KNOWN + MIN_HIDDEN
    ]
    tastes = []
    for trait in rng.permutation(traits)[:TRAITS_EACH].tolist():
        of_trait = rng.permutation(likes_at[np.isin(rows, shared.films[trait])])
        known_at, rest_at = of_trait[:KNOWN], of_trait[KNOWN:]
        profile = fold.people.profile_of(events.user_ids[code], known_at)
        others = events.film[np.setdiff1d(likes_at, known_at)]
        tastes.append(
            TraitTaste(
                shared.kind, code, events.film[known_at], profile, events.film[rest_at], others, shared.films[trait]
            )
        )
    return tastes
