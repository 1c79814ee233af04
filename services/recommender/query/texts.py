"""How much of a query's words each film tells of, how near its text is to what they mean, and the floor under both."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.weights import Weights
from services.recommender.ports import Mention, TextField
from services.recommender.query.conditions import Understood
from services.recommender.query.demands import Mask, Rows

Floats = NDArray[np.float32]
Worth = tuple[tuple[TextField, float], ...]

# What a word counts in a field, of a description and of a title; a word in several counts a part of the others more.
DESCRIBED = ((TextField.TITLE, 0.7), (TextField.OTHER_TITLE, 0.3), (TextField.KEYWORDS, 1.3), (TextField.OVERVIEW, 1.0))
TITLED = (
    (TextField.TITLE, 1.2), (TextField.OTHER_TITLE, 0.9), (TextField.KEYWORDS, 1.0), (TextField.OVERVIEW, 0.7),
    (TextField.PEOPLE, 0.8),
)  # fmt: skip
ALSO = 0.25
# A word is a name where so many times as many films have somebody of it as tell of it.
NAMED = 2
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


def text_terms(understood: Understood, found: Found, films: int, weights: Weights) -> tuple[dict[str, Floats], Mask]:
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


def covered(found: Found, films: int, worth: Worth) -> tuple[Floats, bool]:
    """How much of the words each film tells of, float32[films]: their rarity, log(1 + films / films with it), times
    what the field is worth, over the rarity of all; and whether any film knows any of them. A word that no film knows
    counts as the mean of the others.
    """
    table, of_people = _field_table(worth), _field_table(TITLED)
    cover = np.zeros(films, np.float32)
    rarities = []
    for _, mention in found.mentions:
        values = (of_people if is_name(mention) else table)[mention.fields]
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


def is_name(mention: Mention) -> bool:
    """Whether a word is somebody's name far more often than a word of a plot."""
    named = int(np.count_nonzero(mention.fields & TextField.PEOPLE))
    return named > NAMED * int(np.count_nonzero(mention.fields & ~np.uint8(TextField.PEOPLE)))


@cache
def _field_table(worth: Worth) -> Floats:
    """What each set of fields is worth, float32[32]."""
    table = np.zeros(1 << len(TextField), np.float32)
    for fields in range(len(table)):
        values = [value for field, value in worth if fields & field]
        if values:
            table[fields] = max(values) + ALSO * (sum(values) - max(values))
    return table


def is_known(found: Found) -> bool:
    """Whether any film has any of the words."""
    return any(len(mention.rows) for _, mention in found.mentions)
