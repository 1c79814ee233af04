"""Measure the lookup of films by name: 500 queries from a catalogue's titles, whose relevant films are known.

Whole titles, prefixes, alternative titles, one or two typing errors, a title with its year or with its article at the
end, and titles in plain Latin letters; drawn by a seed. ``python -m data_jobs.evaluate.parts.finder`` queries the
active bundle.
"""

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Table
from data_jobs.evaluate.parts.queries import misspelt
from services.adapters.bundle.local import LocalBundles
from services.adapters.bundle.reader import open_bundle, text_index_of
from services.adapters.search.name_files import load_names
from services.recommender.domain.catalogue import Catalogue
from services.recommender.names.finder import Finder
from services.recommender.names.folding import ARTICLES, bare, spellings, words_of

QUERIES = {
    "exact": 100,
    "prefix": 80,
    "other title": 80,
    "typo": 100,
    "with year": 60,
    "article moved": 40,
    "latin": 40,
}
NEAR = 5
SHORTEST_TYPO, SECOND_TYPO = 5, 12
"""Minimum letters of a title that gets one typing error, and of one that gets two."""
PREFIX_LETTERS = 8
"""Minimum letters of a prefix, without the article; it grows until at most ``FEW`` films have it."""
FEW = 5


@dataclass(frozen=True, slots=True)
class NameQuery:
    """``relevant``: rows of all films of the name."""

    text: str
    relevant: frozenset[int]


@dataclass(frozen=True, slots=True)
class FinderOutcome(Outcome):
    """``first``: share of queries whose first film is relevant, by kind; ``near``: with a relevant film in the first
    five. ``milliseconds``: percentiles of CPU time per query. ``missed``: queries that failed.
    """

    first: Mapping[str, Estimate]
    near: Mapping[str, Estimate]
    milliseconds: Mapping[str, float]
    missed: tuple[str, ...]

    def tables(self) -> Iterator[Table]:
        """Yield one row per kind of query, then the queries that failed."""
        rows = [(kind, f"{self.first[kind].mean:.1%}", f"{self.near[kind].mean:.1%}") for kind in self.first]
        times = ", ".join(f"{name} {value:.2f} ms" for name, value in self.milliseconds.items())
        yield Table("Finding a film by name", ("query", "first", "first five"), rows, (f"CPU time per query: {times}",))
        yield Table.of_failures("Films not found", self.missed, 20)

    def figures(self) -> Iterator[Figure]:
        """Yield one figure per kind of query."""
        for kind, estimate in self.near.items():
            yield "finder", f"{kind}, first five", estimate
        yield "finder", "exact, first", self.first["exact"]

    def bars(self) -> Iterator[Bar]:
        """Yield the bars: the exact title first; everything else among the first five."""
        estimates = [self.near[kind] for kind in self.near if kind != "exact" and self.near[kind].n]
        queries = sum(each.n for each in estimates)
        share = sum(each.mean * each.n for each in estimates) / queries if queries else 1.0
        yield Bar.share("exact title first", self.first["exact"].mean, 0.95)
        yield Bar.share("any other way to name a film, first five", share, 0.92)


def part(job: Job) -> FinderOutcome:
    """Run this part of an evaluation; see the module."""
    return measure(job.bench.pipeline.finder, job.seed)


def measure(finder: Finder, seed: int) -> FinderOutcome:
    """Run all queries."""
    first, near, durations, missed = {}, {}, [], []
    finder.find("warm", 1)
    for kind, queries in make(finder.catalogue, seed).items():
        hits: list[tuple[bool, bool]] = []
        for query in queries:
            started = time.thread_time()
            rows = finder.find(query.text, NEAR).tolist()
            durations.append((time.thread_time() - started) * 1_000)
            hits.append((bool(rows) and rows[0] in query.relevant, not query.relevant.isdisjoint(rows)))
            if not hits[-1][kind != "exact"]:
                missed.append(f"{kind}: {query.text}")
        first[kind], near[kind] = (Estimate.of(np.array([hit[at] for hit in hits], float)) for at in (0, 1))
    times = {name: float(np.percentile(durations or [0.0], at)) for name, at in (("p50", 50), ("p95", 95), ("p99", 99))}
    return FinderOutcome(first, near, times, tuple(missed))


def make(catalogue: Catalogue, seed: int) -> dict[str, list[NameQuery]]:
    """Return the queries by kind; fewer if the catalogue is too small."""
    rng = np.random.default_rng(seed)
    films = _FilmsByName.of(catalogue)
    makers: dict[str, Callable[[int], tuple[str, Sequence[str]] | None]] = {
        "exact": lambda row: (films.titles[row], words_of(films.titles[row])),
        "prefix": films.prefix,
        "other title": films.other_title,
        "typo": lambda row: films.misspelt(row, rng),
        "with year": films.with_year,
        "article moved": films.with_article_last,
        "latin": films.latin,
    }
    queries_of: dict[str, list[NameQuery]] = {}
    for kind, count in QUERIES.items():
        queries_of[kind] = []
        for row in rng.permutation(len(catalogue)).tolist():
            query = makers[kind](row)
            if query is not None and query[1]:
                rows = films.of_name[" ".join(query[1])] | {row}
                queries_of[kind].append(NameQuery(query[0], frozenset(rows)))
            if len(queries_of[kind]) == count:
                break
    return queries_of


@dataclass(frozen=True, slots=True)
class _FilmsByName:
    """``of_name``: rows by folded name; ``by_prefix``: rows by prefix of a name."""

    titles: list[str]
    others: list[list[str]]
    years: list[int]
    of_name: Mapping[str, set[int]]
    by_prefix: Mapping[str, set[int]]

    @classmethod
    def of(cls, catalogue: Catalogue) -> "_FilmsByName":
        titles = list(catalogue.titles)
        others = [list(json.loads(details).get("aka", [])) for details in catalogue.details]
        of_name: dict[str, set[int]] = defaultdict(set)
        by_prefix: dict[str, set[int]] = defaultdict(set)
        for row, title in enumerate(titles):
            for name in (title, *others[row]):
                for words in spellings(name):
                    of_name[" ".join(words)].add(row)
                    line = " ".join(bare(words))
                    for end in range(PREFIX_LETTERS, min(len(line), 40) + 1):
                        by_prefix[line[:end]].add(row)
        return cls(titles, others, catalogue.years.tolist(), of_name, by_prefix)

    def prefix(self, row: int) -> tuple[str, Sequence[str]] | None:
        """Return the shortest prefix of the title that at most ``FEW`` films have."""
        words = words_of(self.titles[row])
        line = " ".join(bare(words))
        for end in range(PREFIX_LETTERS, len(line)):
            if len(self.by_prefix[line[:end]]) <= FEW and line[:end].strip() == line[:end]:
                return line[:end], words
        return None

    def other_title(self, row: int) -> tuple[str, Sequence[str]] | None:
        """Return the first alternative title."""
        name = next((name for name in self.others[row] if words_of(name)), None)
        return None if name is None else (name, words_of(name))

    def misspelt(self, row: int, rng: np.random.Generator) -> tuple[str, Sequence[str]] | None:
        """Return the title with one typing error, or two if it is long."""
        title = self.titles[row]
        letters = sum(map(str.isalpha, title))
        if letters < SHORTEST_TYPO or not title.isascii():
            return None
        wrong = misspelt(title, rng)
        return (misspelt(wrong, rng) if letters >= SECOND_TYPO else wrong), words_of(title)

    def with_year(self, row: int) -> tuple[str, Sequence[str]] | None:
        """Return the title and its year, with or without brackets; only this film is relevant."""
        title, year = self.titles[row], self.years[row]
        if not year or not words_of(title):
            return None
        return (f"{title} ({year})" if row % 2 else f"{title} {year}"), ["", str(row)]

    def with_article_last(self, row: int) -> tuple[str, Sequence[str]] | None:
        """Return the title with its article at the end."""
        first, _, rest = self.titles[row].partition(" ")
        if first.lower() not in ARTICLES or not words_of(rest):
            return None
        return f"{rest}, {first}", words_of(self.titles[row])

    def latin(self, row: int) -> tuple[str, Sequence[str]] | None:
        """Return a name with accents or in another script, transcribed to plain Latin letters."""
        for name in (self.titles[row], *self.others[row]):
            words = (spellings(name) or [[]])[-1]
            line = " ".join(words)
            if not name.isascii() and len(line) > 1 and line.isascii():
                return line, words
        return None


def main() -> None:
    """Query the films of the active bundle and print the result."""
    home = LocalBundles(Path(os.environ.get("MARQUEE_HOME", ".marquee")))
    path = home.current_path()
    bundle = open_bundle(path)
    outcome = measure(Finder(load_names(text_index_of(path)), bundle.catalogue, bundle.popularity), seed=0)
    lines = [f"{len(bundle.catalogue):,} films"]
    for table in outcome.tables():
        lines += [table.title, *("  ".join(row) for row in table.rows), *table.notes]
    lines += [f"{bar.name}: {bar.found} (target {bar.wanted})" for bar in outcome.bars()]
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    main()
