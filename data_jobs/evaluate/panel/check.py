"""Check that the panel is fair to a catalogue: how many films satisfy each expectation, and does popularity pass?"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from data_jobs.catalogue import arranged, build_catalogue
from data_jobs.evaluate.panel.cases import Case, cases
from data_jobs.evaluate.panel.entries import Entry
from data_jobs.evaluate.panel.facts import FactColumns
from data_jobs.evaluate.panel.predicate import Every, NoneOf, OfWords, Predicate, Some
from data_jobs.evaluate.panel.top_ten import most_popular
from data_jobs.evaluate.panel.verdict import passes
from data_jobs.evaluate.split import liked
from data_jobs.records import Dataset
from data_jobs.train.popularity import popularity


def check(entries: Sequence[Entry], dataset: Dataset) -> Iterator[str]:
    """Yield a line for each applicable entry, then the entries skipped, missing films, and totals."""
    dataset = arranged(dataset)
    catalogue = build_catalogue(dataset.films, dataset.events)
    facts = FactColumns(catalogue)
    likes = np.bincount(dataset.events.film[liked(dataset.events)], minlength=len(catalogue)).astype(np.int64)
    popular = popularity(likes, catalogue.votes)
    applicable, skipped = cases(entries, facts)
    passed = {case.entry: passes(case, most_popular(popular, case)) for case in applicable}
    for case in applicable:
        yield f"{_line(case)}{', POPULARITY PASSES' if passed[case.entry] else ''}"
    for skip in skipped:
        yield f"skipped: {skip.entry.part}, {skip.entry.name}: {skip.why}"
    if missing := _missing(entries, facts):
        yield f"films of a list that are not in the catalogue: {', '.join(missing)}"
    by_part = Counter(entry.part for entry in passed)
    passed_by_part = Counter(entry.part for entry in passed if passed[entry])
    for part, count in by_part.items():
        yield f"{part}: {count} entries, popularity passes {passed_by_part[part]} ({passed_by_part[part] / count:.1%})"


def _line(case: Case) -> str:
    films = ", ".join(f"{each.films} films for {each.want.least} of {each.want.first}" for each in case.expectations)
    never = "" if case.entry.never is None else f", {int(case.never.sum())} must not be there"
    return f"{case.entry.part}, {case.entry.name}: {films}{never}"


def _missing(entries: Sequence[Entry], facts: FactColumns) -> list[str]:
    """Return the films named in a list that the catalogue lacks; they may be misspelt in the panel."""
    statements = [want.where for entry in entries for want in entry.wants]
    statements += [entry.never for entry in entries if entry.never is not None]
    named = {film for statement in statements for film in _films(statement)}
    return sorted(film for film in named if facts.row_of(film) < 0)


def _films(predicate: Predicate) -> Iterator[str]:
    match predicate:
        case OfWords("films", words):
            yield from words
        case Every(parts) | Some(parts):
            for part in parts:
                yield from _films(part)
        case NoneOf(part):
            yield from _films(part)
