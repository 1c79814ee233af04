"""Matching of every film to a query: conditions as masks, words by where they occur, meaning by vectors.

Matching is binary: words and meaning must reach a threshold, and hard conditions must be met. Matching films rank
above all others, however well known; fame orders films that match equally well. "Growing up in a small town" does not
ask for horror: horror films score lower unless they are common among the films that match best.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import shrunk_lift
from services.recommender.domain.genres import to_mask
from services.recommender.domain.request import ConditionKind
from services.recommender.domain.weights import Weights
from services.recommender.ports import Mention
from services.recommender.query.conditions import Understood
from services.recommender.query.demands import Films, Mask, Rows
from services.recommender.query.meeting import all_of, hints, nearness
from services.recommender.query.texts import WordMatches, is_known, text_terms

Floats = NDArray[np.float32]

# Bonus for matching, and the factor on the terms of a film that does not match.
MATCH, NEAREST = 1.0, 0.1
# Weight of fame together with words, with conditions alone, and with example films.
FAME, FAME_ALONE, FAME_LIKE = 0.8, 1.0, 0.4
# Films named by the query rank above all others, in order.
FIRST_NAME, LAST_NAME = 9.0, 6.0
# Weight of the taste for a film that matches none of the words.
UNASKED = 0.05
# Penalty for horror that a query does not ask for, and the number of best matches that show whether it does.
HORROR, CLOSEST = 1.0, 50
_HORROR = np.uint32(to_mask(("Horror",)))
_LIKE = ConditionKind.LIKE


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """``understood`` with the relaxed conditions marked. ``matched`` bool[films]; ``excluded`` bool[films]: films
    excluded by the query. ``terms`` float32[films] each, by name; their sum is a film's score for the query. ``share``
    float32[films]: weight of the taste for each film. ``leading`` int32[n]: films named by the query and their series,
    in order. ``mentions``: where each word occurs. ``met``: the films of each condition.
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
        """Return how many of some films match."""
        return int(np.count_nonzero(self.matched & among))


def match(
    understood: Understood,
    met: dict[str, Mask],
    word_matches: WordMatches,
    films: Films,
    leading: Rows,
    fame: Floats,
    weights: Weights,
) -> Matches:
    """Match every film. ``understood`` after :func:`relaxed`; ``fame`` float32[films], 0 ... 1."""
    size = len(fame)
    demanded = [each for each in understood.applied if each.hard and not each.negative and each.kind != _LIKE]
    hard = [met[each.id] for each in demanded]
    excluded = ~all_of([met[each.id] for each in understood.applied if each.negative or each.kind == _LIKE], size)
    terms, by_text = text_terms(understood, word_matches, size, weights)
    matched = all_of(hard, size) & by_text
    matched[leading] = True
    matched &= ~excluded
    if not matched.any() and not hard and not is_known(word_matches):
        terms.clear()
    text = _sum(terms, size)
    relevance = np.ones(size, np.float32) if not understood.words else np.minimum(text, np.float32(1))
    share = np.float32(UNASKED) + np.float32(1 - UNASKED) * relevance
    if understood.words and not understood.titled and not understood.like:
        terms["mood"] = np.float32(-HORROR) * relevance * _unasked_horror(understood, met, text, matched, films)
    terms["conditions"] = hints(understood, met, films, size)
    if understood.like:
        terms["popularity"] = np.float32(FAME_LIKE) * fame
    else:
        words = bool(terms.keys() & {"words", "meaning"})
        terms["popularity"] = np.float32(FAME if words else FAME_ALONE) * fame * (relevance if words else 1)
    factor = np.where(matched, np.float32(1), np.float32(NEAREST))
    for term in terms.values():
        term *= factor
    share *= factor
    terms["match"] = np.where(matched, np.float32(MATCH), nearness(demanded, met, size))
    terms["name"] = _in_order(terms, leading, size)
    share[leading] = 0
    mentions = tuple(word_matches.mentions)
    return Matches(understood, matched, excluded, terms, share.astype(np.float32), leading, mentions, met)


def _unasked_horror(understood: Understood, met: dict[str, Mask], text: Floats, matched: Mask, films: Films) -> Floats:
    """Return how far horror is out of place, float32[films] in 0 ... 1; 0 for other films. It is 1 for a horror film
    that fails a mood of the query; otherwise the larger, the rarer horror is among the matches with the best ``text``
    (float32[films]) than among all films.
    """
    horror = (films.catalogue.genre_bits & _HORROR) != 0
    rows = np.flatnonzero(matched)
    best = rows[np.argsort(-text[rows], kind="stable")[:CLOSEST]]
    counts = int(np.count_nonzero(horror[best])), len(best), int(np.count_nonzero(horror))
    out_of_place = np.full(len(horror), max(1 - float(shrunk_lift(*counts, len(horror))), 0), np.float32)
    for each in understood.conditions:
        if each.kind is ConditionKind.MOOD and not each.negative:
            out_of_place[~met[each.id]] = 1
    return np.asarray(out_of_place * horror, np.float32)


def _in_order(terms: dict[str, Floats], leading: Rows, films: int) -> Floats:
    """Return what lifts films named by the query above all others, in order, float32[films]."""
    lift = np.zeros(films, np.float32)
    steps = np.linspace(FIRST_NAME, LAST_NAME, len(leading), dtype=np.float32)
    lift[leading] = steps - _sum({name: term[leading] for name, term in terms.items()}, len(leading))
    return lift


def _sum(terms: dict[str, Floats], films: int) -> Floats:
    total = np.zeros(films, np.float32)
    for term in terms.values():
        total += term
    return total
