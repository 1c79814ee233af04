"""How films meet conditions: all of them, or which one gives way, and what hints add."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import TraitKind
from services.recommender.domain.genres import NO_GENRES, to_mask
from services.recommender.domain.request import ConditionKind
from services.recommender.query.conditions import Condition, Sure, Understood
from services.recommender.query.demands import Films, Mask, genres_of

Floats = NDArray[np.float32]

# Where fewer films meet all conditions, a guess gives way.
ENOUGH = 8
# What a hint that is met and a keyword of a condition add.
HINT, KEYWORD = 0.3, 0.3
# A film that is of the genres asked for and of no other gains this; one like a film, for having the same genres.
GENRES, LIKE_GENRES = 0.5, 1.0
# What a film that does not match has for meeting all conditions.
NEAREST_CONDITIONS = 0.6


def wanted(understood: Understood, met: dict[str, Mask], films: int) -> Mask:
    """The films that meet all conditions that are no hints, bool[films]. ``met``: the films of each by its id."""
    return all_of([met[each.id] for each in understood.applied if each.hard], films)


def relaxed(understood: Understood, met: dict[str, Mask], films: int) -> Understood:
    """Where too few films meet all of several conditions, the least sure one that helps gives way and becomes a hint: a
    guess where there are few, another where there is none, but never one that was said outright. The list goes on with
    the nearest films in any case. ``met``: the films of each condition by its id.
    """
    conditions = list(understood.conditions)
    while True:
        hard = [each for each in conditions if each.applied and each.hard]
        total = _count(hard, met, films)
        if total >= ENOUGH or (len(hard) < 2 and not understood.words):
            break
        without = {each.id: _count([other for other in hard if other is not each], met, films) for each in hard}
        least = Sure.SAID if not total else Sure.LIKELY
        giving = [each for each in hard if each.sure < least and without[each.id] > total]
        if not giving:
            break
        first = min(giving, key=lambda each: (each.sure, -without[each.id]))
        conditions[conditions.index(first)] = first.not_applied()
    return replace(understood, conditions=tuple(conditions))


def _count(conditions: list[Condition], met: dict[str, Mask], films: int) -> int:
    return int(np.count_nonzero(all_of([met[each.id] for each in conditions], films)))


def hints(understood: Understood, met: dict[str, Mask], films: Films, size: int) -> Floats:
    """What films gain by hints they meet and by the keywords that go with a condition, float32[films]."""
    total = np.zeros(size, np.float32)
    for condition in understood.conditions:
        if condition.negative:
            continue
        if not condition.hard or not condition.applied:
            total += np.float32(HINT) * met[condition.id]
        if condition.kind is ConditionKind.PERSON:
            total += np.float32(HINT) * _made(condition, films)
        if condition.keywords:
            rows = np.unique(films.with_keywords(condition.keywords))
            total[rows] += np.float32(KEYWORD)
    return total + np.float32(LIKE_GENRES if understood.like else GENRES) * _genre_share(understood, films)


def _made(condition: Condition, films: Films) -> Floats:
    """Of people who make films and play in others, those they made, by how often they do, float32[films]."""
    traits = films.catalogue.traits
    total = np.zeros(len(films.catalogue), np.float32)
    made = [trait for trait in condition.traits if traits.kinds[trait] == TraitKind.DIRECTOR]
    if not made or len(made) == len(condition.traits):
        return total
    share = sum(int(traits.films[trait]) for trait in made) / sum(int(traits.films[each]) for each in condition.traits)
    total[films.with_traits(tuple(made))] = share
    return total


def _genre_share(understood: Understood, films: Films) -> Floats:
    """How many of a film's genres are asked for, or are those of a film to be like, float32[films] in 0 ... 1: a film
    of that genre alone is more of it than one of five genres.
    """
    asked = 0
    bits = films.catalogue.genre_bits & np.uint32(~to_mask(NO_GENRES) & 0xFFFFFFFF)
    for condition in understood.applied:
        if condition.kind is ConditionKind.GENRE and not condition.negative:
            asked |= genres_of(condition.demand)
    for row in understood.like:
        asked |= int(bits[row])
    shared = np.bitwise_count(bits & np.uint32(asked)).astype(np.float32)
    union = np.bitwise_count(bits | np.uint32(asked)) if understood.like else np.bitwise_count(bits)
    return np.asarray(shared / np.maximum(union, 1), np.float32)


def nearness(conditions: list[Condition], met: dict[str, Mask], films: int) -> Floats:
    """What a film that does not match has for the conditions it meets, the surer the more, float32[films]."""
    share = np.zeros(films, np.float32)
    total = sum(1 + each.sure for each in conditions)
    for each in conditions:
        share += np.float32((1 + each.sure) / total) * met[each.id]
    return np.asarray(np.float32(NEAREST_CONDITIONS) * share**2, np.float32)


def all_of(masks: list[Mask], films: int) -> Mask:
    """Where all masks hold, bool[films]; everywhere for none."""
    return np.asarray(np.all(masks, axis=0), bool) if masks else np.ones(films, bool)
