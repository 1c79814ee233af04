"""Count how many films of a list the active bundle recognises by title and year, as an import of a history does.

Run as ``python -m data_jobs.bench.imports FILE`` with one film per line, "Heat|1995". Prints how many were matched and
by what, each film with another name or year in the catalogue, and each unmatched one; ``--all`` prints every match.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.adapters.bundle.local import LocalBundles
from services.adapters.bundle.reader import open_bundle, text_index_of
from services.adapters.search.name_files import load_names
from services.recommender.domain.history import EventKind
from services.recommender.domain.imported_history import ImportedRow
from services.recommender.names.finder import Finder
from services.recommender.names.folding import bare, words_of
from services.recommender.names.row_matching import Matcher


def films_of(path: Path) -> list[ImportedRow]:
    """Return the films of a list as rows of a history."""
    lines = [line.rpartition("|") for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [
        ImportedRow(f"line {at}", (title,), int(year), EventKind.WATCH, 1.0, None, ())
        for at, (title, _, year) in enumerate(lines, 1)
    ]


def lines_of(finder: Finder, films: Sequence[ImportedRow], *, everything: bool) -> Iterator[str]:
    """Yield the report line by line."""
    matcher, catalogue, methods, equal = Matcher(finder), finder.catalogue, Counter[str](), 0
    differing, unmatched = [], []
    for imported in films:
        match = matcher.match(imported)
        film = f"{imported.titles[0]} ({imported.year})"
        if match.row < 0:
            rows = match.candidates or matcher.candidates(imported)
            names = "; ".join(f"{catalogue.titles[row]} ({catalogue.years[row]})" for row in rows)
            reason = "doubtful" if match.candidates else "not found"
            unmatched.append(f"{reason}: {film}{f': {names}?' if names else ''}")
            continue
        methods[str(match.how)] += 1
        title, year = catalogue.titles[match.row], int(catalogue.years[match.row])
        is_same = bare(words_of(title)) == bare(words_of(imported.titles[0])) and year == imported.year
        equal += is_same
        if everything or not is_same:
            differing.append(f"{film} is {title} ({year}), {catalogue.item_ids[match.row]}")
    yield f"{len(films):,} films, {sum(methods.values()):,} matched, {equal:,} of them with the same title and year"
    yield from (f"  {count:,} by {name}" for name, count in methods.most_common())
    yield from (*differing, *unmatched)


def main(arguments: Sequence[str] | None = None) -> None:
    """Match a list against the films of the active bundle and print the report."""
    parser = argparse.ArgumentParser(prog="python -m data_jobs.bench.imports", description=__doc__)
    parser.add_argument("films", type=Path)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args(arguments)
    path = LocalBundles(Path(os.environ.get("MARQUEE_HOME", ".marquee"))).current_path()
    bundle = open_bundle(path)
    finder = Finder(load_names(text_index_of(path)), bundle.catalogue, bundle.popularity)
    sys.stdout.writelines(f"{line}\n" for line in lines_of(finder, films_of(options.films), everything=options.all))


if __name__ == "__main__":
    main()
