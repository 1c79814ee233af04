"""Text relevance: how many of a query's words a film mentions, how close its text is in meaning, and the thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.weights import Weights
from services.recommender.ports import Mention, TextField
from services.recommender.query.conditions import Understood
from services.recommender.query.demands import Mask, Rows
from services.recommender.query.tokens import tokens_of

Floats = NDArray[np.float32]
Worth = tuple[tuple[TextField, float], ...]

# Weight of a word by field, in a description and in a title; further fields add a part of their weight.
DESCRIBED = ((TextField.TITLE, 0.7), (TextField.OTHER_TITLE, 0.3), (TextField.KEYWORDS, 1.3), (TextField.OVERVIEW, 1.0))
TITLED = (
    (TextField.TITLE, 1.2), (TextField.OTHER_TITLE, 0.9), (TextField.KEYWORDS, 1.0), (TextField.OVERVIEW, 0.7),
    (TextField.PEOPLE, 0.8),
)  # fmt: skip
ALSO = 0.25
# A word is a name if this many times more films have a person of that name than mention the word.
NAMED = 2
# Bonus for a phrase that is a whole keyword ("time travel") over its single words.
PHRASE = 0.3
# A cosine of NEAR means a close text; at FAR or below it means nothing.
FAR, NEAR = 0.2, 0.55
MOST_MEANING = 1.4
# Thresholds: share of the words, or fewer of them with a close meaning, or meaning alone.
WORDS, SOME_WORDS, SOME_MEANING, MEANING = 0.5, 0.25, 0.45, 0.7
# With words that no film contains, meaning alone must be closer.
UNKNOWN_MEANING = 0.85
MOST_TEXT = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class WordMatches:
    """Look-up results of the words: ``mentions`` of each; ``phrases``: films of a keyword among the words, with the
    share of words it covers; ``cosines`` float32[films], 0 if unknown, and ``text`` float32[films], BM25 over its
    reference; either may be None.
    """

    mentions: Sequence[tuple[str, Mention]]
    phrases: Sequence[tuple[Rows, float]] = ()
    cosines: Floats | None = None
    text: Floats | None = None


def text_terms(
    understood: Understood, word_matches: WordMatches, films: int, weights: Weights
) -> tuple[dict[str, Floats], Mask]:
    """Return the terms of words and meaning, and which films reach the threshold: all if no words are left to search
    for, none if there never were any ("?!").
    """
    if not understood.words:
        return {}, np.full(films, bool(tokens_of(understood.query)))
    cover, in_catalogue = covered(word_matches, films, TITLED if understood.titled else DESCRIBED)
    terms = {"words": np.float32(weights.query_text) * cover}
    matched = cover >= WORDS
    if word_matches.cosines is not None:
        meaning = np.clip((word_matches.cosines - FAR) / (NEAR - FAR), 0, MOST_MEANING).astype(np.float32)
        matched |= (cover >= SOME_WORDS) & (meaning >= SOME_MEANING)
        matched |= meaning >= (MEANING if in_catalogue else UNKNOWN_MEANING)
        terms["meaning"] = np.float32(weights.query_content) * meaning
    if word_matches.text is not None:
        terms["text"] = np.float32(weights.query_text) * np.minimum(word_matches.text, np.float32(MOST_TEXT))
    return terms, matched


def covered(word_matches: WordMatches, films: int, worth: Worth) -> tuple[Floats, bool]:
    """Return the covered share of the words per film, float32[films]: rarities log(1 + films / films with it) times
    field weights, over the rarity of all words; and whether any film contains any of them. A word that no film contains
    counts as the mean of the others.
    """
    table, of_people = _field_table(worth), _field_table(TITLED)
    cover = np.zeros(films, np.float32)
    rarities = []
    for _, mention in word_matches.mentions:
        values = (of_people if is_name(mention) else table)[mention.fields]
        counted = values > 0
        count = int(np.count_nonzero(counted))
        if not count:
            continue
        rarity = float(np.log1p(films / count))
        rarities.append(rarity)
        cover[mention.rows[counted]] += np.float32(rarity) * values[counted]
    if not rarities:
        return cover, False
    cover /= np.float32(len(word_matches.mentions) * sum(rarities) / len(rarities))
    for rows, share in word_matches.phrases:
        cover[rows] += np.float32(PHRASE * share)
    return cover, True


def is_name(mention: Mention) -> bool:
    """Return whether a word is a person's name far more often than a word of a plot."""
    of_people = int(np.count_nonzero(mention.fields & TextField.PEOPLE))
    return of_people > NAMED * int(np.count_nonzero(mention.fields & ~np.uint8(TextField.PEOPLE)))


@cache
def _field_table(worth: Worth) -> Floats:
    """Return the weight of each set of fields, float32[32]."""
    table = np.zeros(1 << len(TextField), np.float32)
    for fields in range(len(table)):
        values = [value for field, value in worth if fields & field]
        if values:
            table[fields] = max(values) + ALSO * (sum(values) - max(values))
    return table


def is_known(word_matches: WordMatches) -> bool:
    """Return whether any film contains any of the words."""
    return any(len(mention.rows) for _, mention in word_matches.mentions)
