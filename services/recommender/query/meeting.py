"""How films meet a query's conditions: all of them, or which one is relaxed, and the bonus of hints."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import TraitKind
from services.recommender.domain.genres import NO_GENRES, to_mask
from services.recommender.domain.request import ConditionKind
from services.recommender.query.conditions import Condition, Sure, Understood
from services.recommender.query.demands import Films, Mask, genres_of

Floats = NDArray[np.float32]

# If fewer films meet all conditions, a guessed one is relaxed.
ENOUGH = 8
# Bonus for a hint that is met, and for a keyword of a condition.
HINT, KEYWORD = 0.3, 0.3
# Bonus for having only the requested genres, or the same genres as an example film.
GENRES, LIKE_GENRES = 0.5, 1.0
# Score of a non-matching film that meets all conditions.
NEAREST_CONDITIONS = 0.6


def wanted(understood: Understood, met: dict[str, Mask], films: int) -> Mask:
    """Return the films that meet all hard conditions, bool[films]. ``met``: the films of each by its id."""
    return all_of([met[each.id] for each in understood.applied if each.hard], films)


def relaxed(understood: Understood, met: dict[str, Mask], films: int) -> Understood:
    """Relax the least certain helpful condition if too few films meet all of several, so that it becomes a hint: a
    guessed one if there are few films, any other if there are none, but never an explicit one. The list continues with
    the closest films anyway. ``met``: the films of each condition by its id.
    """
    conditions = list(understood.conditions)
    while True:
        hard = [each for each in conditions if each.applied and each.hard]
        total = _count(hard, met, films)
        if total >= ENOUGH or (len(hard) < 2 and not understood.words):
            break
        without = {each.id: _count([other for other in hard if other is not each], met, films) for each in hard}
        least = Sure.SAID if not total else Sure.LIKELY
        relaxable = [each for each in hard if each.sure < least and without[each.id] > total]
        if not relaxable:
            break
        least_sure = min(relaxable, key=lambda each: (each.sure, -without[each.id]))
        conditions[conditions.index(least_sure)] = least_sure.not_applied()
    return replace(understood, conditions=tuple(conditions))


def _count(conditions: list[Condition], met: dict[str, Mask], films: int) -> int:
    return int(np.count_nonzero(all_of([met[each.id] for each in conditions], films)))


def hints(understood: Understood, met: dict[str, Mask], films: Films, size: int) -> Floats:
    """Return the bonus for hints that films meet and for the keywords of conditions, float32[films]."""
    total = np.zeros(size, np.float32)
    for condition in understood.conditions:
        if condition.negative:
            continue
        if not condition.hard or not condition.applied:
            total += np.float32(HINT) * met[condition.id]
        if condition.kind is ConditionKind.PERSON:
            total += np.float32(HINT) * _directed(condition, films)
        if condition.keywords:
            rows = np.unique(films.with_keywords(condition.keywords))
            total[rows] += np.float32(KEYWORD)
    return total + np.float32(LIKE_GENRES if understood.like else GENRES) * _genre_share(understood, films)


def _directed(condition: Condition, films: Films) -> Floats:
    """Return a bonus for films directed by people who direct and act, by how often they direct, float32[films]."""
    traits = films.catalogue.traits
    total = np.zeros(len(films.catalogue), np.float32)
    directing = [trait for trait in condition.traits if traits.kinds[trait] == TraitKind.DIRECTOR]
    if not directing or len(directing) == len(condition.traits):
        return total
    share = sum(int(traits.films[trait]) for trait in directing) / sum(
        int(traits.films[each]) for each in condition.traits
    )
    total[films.with_traits(tuple(directing))] = share
    return total


def _genre_share(understood: Understood, films: Films) -> Floats:
    """Return the share of a film's genres that are requested, or shared with an example film, float32[films] in 0 ...
    1: a film of only that genre gets more than one of five genres.
    """
    genre_bits = 0
    bits = films.catalogue.genre_bits & np.uint32(~to_mask(NO_GENRES) & 0xFFFFFFFF)
    for condition in understood.applied:
        if condition.kind is ConditionKind.GENRE and not condition.negative:
            genre_bits |= genres_of(condition.demand)
    for row in understood.like:
        genre_bits |= int(bits[row])
    shared = np.bitwise_count(bits & np.uint32(genre_bits)).astype(np.float32)
    union = np.bitwise_count(bits | np.uint32(genre_bits)) if understood.like else np.bitwise_count(bits)
    return np.asarray(shared / np.maximum(union, 1), np.float32)


def nearness(conditions: list[Condition], met: dict[str, Mask], films: int) -> Floats:
    """Return the score of a non-matching film for the conditions it meets, weighted by certainty, float32[films]."""
    share = np.zeros(films, np.float32)
    total = sum(1 + each.sure for each in conditions)
    for each in conditions:
        share += np.float32((1 + each.sure) / total) * met[each.id]
    return np.asarray(np.float32(NEAREST_CONDITIONS) * share**2, np.float32)


def all_of(masks: list[Mask], films: int) -> Mask:
    """Return where all masks hold, bool[films]; everywhere for none."""
    return np.asarray(np.all(masks, axis=0), bool) if masks else np.ones(films, bool)
