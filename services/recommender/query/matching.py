"""How far every film answers a query: conditions as masks, words by where they stand, meaning by vectors.

A film matches or it does not: there is a floor under words and meaning, and a condition that is no mere hint must be
met. Films that match stand above all others, however well known those are; fame orders films that match alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import TraitKind
from services.recommender.domain.genres import NO_GENRES, to_mask
from services.recommender.domain.request import ConditionKind
from services.recommender.domain.weights import Weights
from services.recommender.ports import Mention, TextField
from services.recommender.query.conditions import Condition, Sure, Understood
from services.recommender.query.demands import Films, Mask, genres_of

Floats = NDArray[np.float32]
Rows = NDArray[np.int32]

# Where too few films meet all conditions, the least sure one gives way.
ENOUGH = 8
# What a word counts in a field, of a description and of a title; a word in several counts a part of the others more.
DESCRIBED = {TextField.TITLE: 0.7, TextField.OTHER_TITLE: 0.3, TextField.KEYWORDS: 1.3, TextField.OVERVIEW: 1.0}
TITLED = {TextField.TITLE: 1.2, TextField.OTHER_TITLE: 0.9, TextField.KEYWORDS: 1.0, TextField.OVERVIEW: 0.7,
          TextField.PEOPLE: 0.8}  # fmt: skip
ALSO = 0.25
# A whole phrase that is a keyword ("time travel") is worth this much more than its words.
PHRASE = 0.3
# A cosine of NEAR is a near text; FAR says nothing.
FAR, NEAR = 0.2, 0.55
MOST_MEANING = 1.4
# The floor: so much of the words, or less of them and a near meaning, or meaning alone.
WORDS, SOME_WORDS, SOME_MEANING, MEANING = 0.5, 0.25, 0.45, 0.7
# With words that no film has, meaning alone must be nearer.
UNKNOWN_MEANING = 0.85
MOST_TEXT = 1.5
# What matching counts by itself, what a hint that is met and a keyword add; what is left of a film that does not match.
MATCH, HINT, KEYWORD = 1.0, 0.3, 0.3
# A film that is of the genres asked for and no other gains this.
GENRES = 0.5
# Films like a film: how much of its genres they have.
LIKE_GENRES = 1.0
NEAREST, NEAREST_CONDITIONS = 0.1, 0.6
# Fame beside words, and where conditions alone are asked for.
FAME, FAME_ALONE = 0.5, 1.0
NAME, LAST_NAME = 9.0, 6.0
UNASKED = 0.05
_LIKE = ConditionKind.LIKE


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """``understood`` with the conditions that gave way marked. ``matched`` bool[films]; ``excluded`` bool[films]: films
    that were asked not to be there. ``terms`` float32[films] each, by name: they add up to how far a film answers.
    ``share`` float32[films]: how far the taste counts for it. ``leading`` int32[n]: films called by their name, and
    their series, in order. ``mentions``: where each word stands. ``met``: the films of each condition.
    """

    understood: Understood
    matched: Mask
    excluded: Mask
    terms: dict[str, Floats]
    share: Floats
    leading: Rows
    mentions: tuple[tuple[str, Mention], ...]
    met: dict[str, Mask]

    @property
    def count(self) -> int:
        """How many films match."""
        return int(np.count_nonzero(self.matched & ~self.excluded))


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What was looked up for the words: ``mentions`` of each; ``phrases``: films of a keyword that stands in them, with
    the share of the words it covers; ``cosines`` float32[films], 0 where unknown, and ``text`` float32[films], BM25
    over its reference; either may be None.
    """

    mentions: Sequence[tuple[str, Mention]]
    phrases: Sequence[tuple[Rows, float]] = ()
    cosines: Floats | None = None
    text: Floats | None = None


def wanted(understood: Understood, met: dict[str, Mask], films: int) -> Mask:
    """The films that meet all conditions that are no hints, bool[films]. ``met``: the films of each by its id."""
    return _all([met[each.id] for each in understood.applied if each.hard], films)


def match(
    understood: Understood,
    met: dict[str, Mask],
    found: Found,
    films: Films,
    leading: Rows,
    fame: Floats,
    weights: Weights,
) -> Matches:
    """Match every film. ``understood`` after :func:`relaxed`; ``fame`` float32[films], 0 ... 1."""
    size = len(fame)
    asked = [each for each in understood.applied if each.hard and not each.negative and each.kind != _LIKE]
    hard = [met[each.id] for each in asked]
    excluded = ~_all([met[each.id] for each in understood.applied if each.negative or each.kind == _LIKE], size)
    terms, told = _text_terms(understood, found, size, weights)
    matched = _all(hard, size) & told
    matched[leading] = True
    matched &= ~excluded
    if not matched.any() and not hard and not _is_known(found):
        terms.clear()
    relevance = np.ones(size, np.float32) if not understood.words else np.minimum(_sum(terms, size), np.float32(1))
    share = np.float32(UNASKED) + np.float32(1 - UNASKED) * relevance
    terms["conditions"] = _hints(understood, met, films, size)
    if not understood.like:
        beside = FAME if terms.keys() & {"words", "meaning"} else FAME_ALONE
        terms["popularity"] = np.float32(beside) * (relevance if beside == FAME else np.float32(1)) * fame
    kept = np.where(matched, np.float32(1), np.float32(NEAREST))
    for term in terms.values():
        term *= kept
    share *= kept
    terms["match"] = np.where(matched, np.float32(MATCH), _nearness(asked, met, size))
    terms["name"] = _in_order(terms, leading, size)
    share[leading] = 0
    mentions = tuple(found.mentions)
    return Matches(understood, matched, excluded, terms, share.astype(np.float32), leading, mentions, met)


def _in_order(terms: dict[str, Floats], leading: Rows, films: int) -> Floats:
    """What lifts films that are called by their name above all others, in their order, float32[films]."""
    lift = np.zeros(films, np.float32)
    steps = np.linspace(NAME, LAST_NAME, len(leading), dtype=np.float32)
    lift[leading] = steps - _sum({name: term[leading] for name, term in terms.items()}, len(leading))
    return lift


def _is_known(found: Found) -> bool:
    """Whether any film has any of the words."""
    return any(len(mention.rows) for _, mention in found.mentions)


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
        least = Sure.SAID if not total else Sure.SURE
        giving = [each for each in hard if each.sure < least and without[each.id] > total]
        if not giving:
            break
        first = min(giving, key=lambda each: (each.sure, -without[each.id]))
        conditions[conditions.index(first)] = first.not_applied()
    return replace(understood, conditions=tuple(conditions))


def _count(conditions: list[Condition], met: dict[str, Mask], films: int) -> int:
    return int(np.count_nonzero(_all([met[each.id] for each in conditions], films)))


def _text_terms(understood: Understood, found: Found, films: int, weights: Weights) -> tuple[dict[str, Floats], Mask]:
    """The terms of words and meaning, and which films reach the floor: all where there are no words."""
    if not understood.words:
        return {}, np.ones(films, bool)
    cover, known = covered(found, films, TITLED if understood.titled else DESCRIBED)
    terms = {"words": np.float32(weights.query_text) * cover}
    told = cover >= WORDS
    if found.cosines is not None:
        meaning = np.clip((found.cosines - FAR) / (NEAR - FAR), 0, MOST_MEANING).astype(np.float32)
        told |= (cover >= SOME_WORDS) & (meaning >= SOME_MEANING)
        told |= meaning >= (MEANING if known else UNKNOWN_MEANING)
        terms["meaning"] = np.float32(weights.query_content) * meaning
    if found.text is not None:
        terms["text"] = np.float32(weights.query_text) * np.minimum(found.text, np.float32(MOST_TEXT))
    return terms, told


def covered(found: Found, films: int, worth: dict[TextField, float]) -> tuple[Floats, bool]:
    """How much of the words each film tells of, float32[films]: their rarity, log(1 + films / films with it), times
    what the field is worth, over the rarity of all; and whether any film knows any of them. A word that no film knows
    counts as the mean of the others.
    """
    table = _field_table(worth)
    cover = np.zeros(films, np.float32)
    rarities = []
    for _, mention in found.mentions:
        values = table[mention.fields]
        told = values > 0
        count = int(np.count_nonzero(told))
        if not count:
            continue
        rarity = float(np.log1p(films / count))
        rarities.append(rarity)
        cover[mention.rows[told]] += np.float32(rarity) * values[told]
    if not rarities:
        return cover, False
    cover /= np.float32(len(found.mentions) * sum(rarities) / len(rarities))
    for rows, share in found.phrases:
        cover[rows] += np.float32(PHRASE * share)
    return cover, True


def _field_table(worth: dict[TextField, float]) -> Floats:
    """What each set of fields is worth, float32[32]."""
    table = np.zeros(1 << len(TextField), np.float32)
    for fields in range(len(table)):
        values = [value for field, value in worth.items() if fields & field]
        if values:
            table[fields] = max(values) + ALSO * (sum(values) - max(values))
    return table


def _hints(understood: Understood, met: dict[str, Mask], films: Films, size: int) -> Floats:
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


def _nearness(conditions: list[Condition], met: dict[str, Mask], films: int) -> Floats:
    """What a film that does not match has for the conditions it meets, the surer the more, float32[films]."""
    share = np.zeros(films, np.float32)
    total = sum(1 + each.sure for each in conditions)
    for each in conditions:
        share += np.float32((1 + each.sure) / total) * met[each.id]
    return np.asarray(np.float32(NEAREST_CONDITIONS) * share**2, np.float32)


def _all(masks: list[Mask], films: int) -> Mask:
    return np.asarray(np.all(masks, axis=0), bool) if masks else np.ones(films, bool)


def _sum(terms: dict[str, Floats], films: int) -> Floats:
    total = np.zeros(films, np.float32)
    for term in terms.values():
        total += term
    return total
