"""Reasons of a query's results: what a film matches, or that it does not."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue, TraitKind
from services.recommender.domain.request import ConditionKind, Reason, ReasonKind
from services.recommender.query.lookup import MENTIONED
from services.recommender.query.matching import Matches
from services.recommender.query.texts import is_name
from services.recommender.query.words import grammar

MOST = 3
MOST_WORDS = 3
LONGEST = 40
# Minimum meaning term to mention it.
NEAR = 0.4

Rows = NDArray[np.int32]


def query_reasons(matches: Matches, catalogue: Catalogue, rows: Rows) -> list[tuple[Reason, ...]]:
    """Return the reasons of some films, at most :data:`MOST` each; a single one for a non-matching film."""
    words = _words(matches, rows)
    matched, named = matches.matched[rows].tolist(), np.isin(rows, matches.understood.named).tolist()
    leading = np.isin(rows, matches.leading).tolist()
    meaning = matches.terms["meaning"][rows].tolist() if "meaning" in matches.terms else [0.0] * len(rows)
    reasons_of_rows: list[tuple[Reason, ...]] = []
    for at, row in enumerate(rows.tolist()):
        if not matched[at]:
            reasons_of_rows.append((_nearest(matches, row),))
            continue
        reasons = [*_name(catalogue, row, named[at], leading[at]), *_people(matches, catalogue, row)]
        if words[at] and not named[at]:
            reasons += _of_words(words[at], float(matches.terms["words"][row]))
        if not words[at] and meaning[at] >= NEAR:
            shown = _short(matches.understood.text)
            reasons.append(Reason(ReasonKind.QUERY, f"Close in meaning to “{shown}”", shown, meaning[at]))
        reasons += _of_conditions(matches, catalogue, row)
        reasons_of_rows.append(tuple(_distinct(reasons)[:MOST]))
    return reasons_of_rows


def _nearest(matches: Matches, row: int) -> Reason:
    query = _short(matches.understood.query)
    terms = (matches.terms[name][row] for name in ("words", "meaning", "match") if name in matches.terms)
    if any(float(term) for term in terms):
        return Reason(ReasonKind.NEAREST, "Closest to your query", query, 0.0)
    text = "Popular; does not match" if matches.matched.any() else "Popular; nothing matched"
    return Reason(ReasonKind.NEAREST, text, query, 0.0)


def _name(catalogue: Catalogue, row: int, named: bool, leading: bool) -> Iterator[Reason]:
    if named:
        title = catalogue.titles[row]
        yield Reason(ReasonKind.QUERY, f"Titled “{_short(title)}”", title, 1.0)
    elif leading and catalogue.series[row] >= 0:
        traits = catalogue.traits.of(row)
        for trait in traits[catalogue.traits.kinds[traits] == TraitKind.SERIES].tolist():
            name = catalogue.traits.names[trait]
            yield Reason(ReasonKind.QUERY, f"From the {name.removeprefix('The ')} series", name, 1.0)


def _people(matches: Matches, catalogue: Catalogue, row: int) -> Iterator[Reason]:
    own = set(catalogue.traits.of(row).tolist())
    for condition in matches.understood.applied:
        if condition.kind is not ConditionKind.PERSON or condition.negative:
            continue
        if not condition.traits and matches.met[condition.id][row]:
            # A person with a single film is not a trait; the condition has their role in it.
            text = condition.text[0].upper() + condition.text[1:]
            yield Reason(ReasonKind.QUERY, text, condition.text.partition(" ")[2].removeprefix("by "), 1.0)
        for trait in condition.traits:
            if trait in own:
                name = catalogue.traits.names[trait]
                directed = catalogue.traits.kinds[trait] == TraitKind.DIRECTOR
                yield Reason(ReasonKind.QUERY, f"Directed by {name}" if directed else f"With {name}", name, 1.0)
                break


def _of_words(words: list[str], term: float) -> list[Reason]:
    quoted = ", ".join(f"“{word}”" for word in words)
    return [Reason(ReasonKind.QUERY, f"Matches {quoted}", " ".join(words), term)]


def _of_conditions(matches: Matches, catalogue: Catalogue, row: int) -> Iterator[Reason]:
    other_kinds = (ConditionKind.PERSON, ConditionKind.SERIES, ConditionKind.LIKE)
    for condition in matches.understood.conditions:
        if condition.kind in other_kinds or condition.negative or not matches.met[condition.id][row]:
            continue
        text = condition.text[0].upper() + condition.text[1:]
        if condition.kind is ConditionKind.YEAR:
            text = f"From {int(catalogue.years[row])}"
        elif condition.kind is ConditionKind.RUNTIME:
            text = f"{int(catalogue.runtimes[row])} minutes"
        yield Reason(ReasonKind.QUERY, text, condition.text, 1.0)


def _words(matches: Matches, rows: Rows) -> list[list[str]]:
    """Return the rarest words that occur in each film, at most :data:`MOST_WORDS`, in the query's order; words such as
    "of" only if there are no others.
    """
    words: list[tuple[bool, int, int, str, list[bool]]] = []
    for place, (word, mention) in enumerate(matches.mentions):
        people = matches.understood.titled or is_name(mention)
        mentioned = mention.rows if people else mention.rows[(mention.fields & MENTIONED) != 0]
        words.append((word in grammar.STOP, len(mentioned), place, word, np.isin(rows, mentioned).tolist()))
    words.sort(key=lambda each: each[:3])
    words_of_rows = []
    for at in range(len(rows)):
        inside = [(place, word) for stop, _, place, word, occurs in words if occurs[at] and not stop]
        inside = inside or [(place, word) for _, _, place, word, occurs in words if occurs[at]]
        words_of_rows.append([word for _, word in sorted(inside[:MOST_WORDS])])
    return words_of_rows


def _distinct(reasons: list[Reason]) -> list[Reason]:
    return list({reason.text: reason for reason in reasons}.values())


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
