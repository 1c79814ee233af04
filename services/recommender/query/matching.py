"""How far every film answers a query: conditions as masks, words by where they stand, meaning by vectors.

A film matches or it does not: there is a floor under words and meaning, and a condition that is no mere hint must be
met. Films that match stand above all others, however well known those are; fame orders films that match alike.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.request import ConditionKind
from services.recommender.domain.weights import Weights
from services.recommender.ports import Mention
from services.recommender.query.conditions import Understood
from services.recommender.query.demands import Films, Mask, Rows
from services.recommender.query.meeting import all_of, hints, nearness
from services.recommender.query.texts import Found, is_known, text_terms

Floats = NDArray[np.float32]

# What matching counts by itself, and what is left of a film that does not match.
MATCH, NEAREST = 1.0, 0.1
# Fame beside words, where conditions alone are asked for, and beside what a film to be like has.
FAME, FAME_ALONE, FAME_LIKE = 0.8, 1.0, 0.4
# Films called by their name stand above all others, in order.
FIRST_NAME, LAST_NAME = 9.0, 6.0
# How far the taste counts for a film that meets nothing of the words.
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

    def count(self, among: Mask) -> int:
        """How many of some films match."""
        return int(np.count_nonzero(self.matched & among))


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
    excluded = ~all_of([met[each.id] for each in understood.applied if each.negative or each.kind == _LIKE], size)
    terms, told = text_terms(understood, found, size, weights)
    matched = all_of(hard, size) & told
    matched[leading] = True
    matched &= ~excluded
    if not matched.any() and not hard and not is_known(found):
        terms.clear()
    relevance = np.ones(size, np.float32) if not understood.words else np.minimum(_sum(terms, size), np.float32(1))
    share = np.float32(UNASKED) + np.float32(1 - UNASKED) * relevance
    terms["conditions"] = hints(understood, met, films, size)
    if understood.like:
        terms["popularity"] = np.float32(FAME_LIKE) * fame
    else:
        words = bool(terms.keys() & {"words", "meaning"})
        terms["popularity"] = np.float32(FAME if words else FAME_ALONE) * fame * (relevance if words else 1)
    kept = np.where(matched, np.float32(1), np.float32(NEAREST))
    for term in terms.values():
        term *= kept
    share *= kept
    terms["match"] = np.where(matched, np.float32(MATCH), nearness(asked, met, size))
    terms["name"] = _in_order(terms, leading, size)
    share[leading] = 0
    mentions = tuple(found.mentions)
    return Matches(understood, matched, excluded, terms, share.astype(np.float32), leading, mentions, met)


def _in_order(terms: dict[str, Floats], leading: Rows, films: int) -> Floats:
    """What lifts films that are called by their name above all others, in their order, float32[films]."""
    lift = np.zeros(films, np.float32)
    steps = np.linspace(FIRST_NAME, LAST_NAME, len(leading), dtype=np.float32)
    lift[leading] = steps - _sum({name: term[leading] for name, term in terms.items()}, len(leading))
    return lift


def _sum(terms: dict[str, Floats], films: int) -> Floats:
    total = np.zeros(films, np.float32)
    for term in terms.values():
        total += term
    return total
