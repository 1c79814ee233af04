"""Measure finding a film by name: 500 queries made from a catalogue's titles, with known right answers.

Whole titles, prefixes, other titles, one or two typing errors, a title with its year, a trailing article, and titles in
plain Latin letters; drawn by a seed. ``python -m data_jobs.evaluate.finder`` queries the active bundle.
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
from data_jobs.evaluate.queries import misspelt
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
"""Letters of a title from which one typing error leaves it recognisable, and from which it gets two."""
BEGUN = 8
"""Letters typed of a title, without its article; more if it takes more to narrow it down to few films."""
FEW = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """``wanted``: all films of the name."""

    text: str
    wanted: frozenset[int]


@dataclass(frozen=True, slots=True)
class FinderOutcome(Outcome):
    """``first``: how often a wanted film came first, by kind of query; ``near``: among the first five. ``milliseconds``
    of CPU per query; ``missed``: queries that failed.
    """

    first: Mapping[str, Estimate]
    near: Mapping[str, Estimate]
    milliseconds: Mapping[str, float]
    missed: tuple[str, ...]

    def tables(self) -> Iterator[Table]:
        """Yield one row per kind of query, and what was not found."""
        rows = [(kind, f"{self.first[kind].mean:.1%}", f"{self.near[kind].mean:.1%}") for kind in self.first]
        times = ", ".join(f"{name} {value:.2f} ms" for name, value in self.milliseconds.items())
        yield Table("Finding a film by name", ("query", "first", "first five"), rows, (f"CPU a query: {times}",))
        yield Table.of_failures("Films not found", self.missed, 20)

    def figures(self) -> Iterator[Figure]:
        """Yield one figure per kind of query."""
        for kind, estimate in self.near.items():
            yield "finder", f"{kind}, first five", estimate
        yield "finder", "exact, first", self.first["exact"]

    def bars(self) -> Iterator[Bar]:
        """Yield the bars: the exact title first; everything else among the first five."""
        others = [self.near[kind] for kind in self.near if kind != "exact" and self.near[kind].n]
        queries = sum(each.n for each in others)
        share = sum(each.mean * each.n for each in others) / queries if queries else 1.0
        yield Bar.share("exact title first", self.first["exact"].mean, 0.95)
        yield Bar.share("any other way to name a film, first five", share, 0.92)


def part(job: Job) -> FinderOutcome:
    """Run this part of an evaluation; see the module."""
    return measure(job.bench.pipeline.finder, job.seed)


def measure(finder: Finder, seed: int) -> FinderOutcome:
    """Run all queries."""
    first, near, spent, missed = {}, {}, [], []
    finder.find("warm", 1)
    for kind, queries in make(finder.catalogue, seed).items():
        hits: list[tuple[bool, bool]] = []
        for query in queries:
            begun = time.thread_time()
            rows = finder.find(query.text, NEAR).tolist()
            spent.append((time.thread_time() - begun) * 1_000)
            hits.append((bool(rows) and rows[0] in query.wanted, not query.wanted.isdisjoint(rows)))
            if not hits[-1][kind != "exact"]:
                missed.append(f"{kind}: {query.text}")
        first[kind], near[kind] = (Estimate.of(np.array([hit[at] for hit in hits], float)) for at in (0, 1))
    times = {name: float(np.percentile(spent or [0.0], at)) for name, at in (("p50", 50), ("p95", 95), ("p99", 99))}
    return FinderOutcome(first, near, times, tuple(missed))


def make(catalogue: Catalogue, seed: int) -> dict[str, list[Asked]]:
    """Return the queries by kind; fewer if the catalogue is too small."""
    rng = np.random.default_rng(seed)
    films = _FilmsByName.of(catalogue)
    makers: dict[str, Callable[[int], tuple[str, Sequence[str]] | None]] = {
        "exact": lambda row: (films.titles[row], words_of(films.titles[row])),
        "prefix": films.beginning,
        "other title": films.other,
        "typo": lambda row: films.misspelt(row, rng),
        "with year": films.with_year,
        "article moved": films.moved,
        "latin": films.latin,
    }
    made: dict[str, list[Asked]] = {}
    for kind, count in QUERIES.items():
        made[kind] = []
        for row in rng.permutation(len(catalogue)).tolist():
            query = makers[kind](row)
            if query is not None and query[1]:
                rows = films.of_name[" ".join(query[1])] | {row}
                made[kind].append(Asked(query[0], frozenset(rows)))
            if len(made[kind]) == count:
                break
    return made


@dataclass(frozen=True, slots=True)
class _FilmsByName:
    """``of_name``: films by each of their folded names; ``beginnings``: films by prefix of a name."""

    titles: list[str]
    others: list[list[str]]
    years: list[int]
    of_name: Mapping[str, set[int]]
    beginnings: Mapping[str, set[int]]

    @classmethod
    def of(cls, catalogue: Catalogue) -> "_FilmsByName":
        titles = list(catalogue.titles)
        others = [list(json.loads(details).get("aka", [])) for details in catalogue.details]
        of_name: dict[str, set[int]] = defaultdict(set)
        beginnings: dict[str, set[int]] = defaultdict(set)
        for row, title in enumerate(titles):
            for name in (title, *others[row]):
                for words in spellings(name):
                    of_name[" ".join(words)].add(row)
                    line = " ".join(bare(words))
                    for end in range(BEGUN, min(len(line), 40) + 1):
                        beginnings[line[:end]].add(row)
        return cls(titles, others, catalogue.years.tolist(), of_name, beginnings)

    def beginning(self, row: int) -> tuple[str, Sequence[str]] | None:
        """Return as much of the title as it takes to narrow it down to a few films."""
        words = words_of(self.titles[row])
        line = " ".join(bare(words))
        for end in range(BEGUN, len(line)):
            if len(self.beginnings[line[:end]]) <= FEW and line[:end].strip() == line[:end]:
                return line[:end], words
        return None

    def other(self, row: int) -> tuple[str, Sequence[str]] | None:
        """Return the first other title."""
        name = next((name for name in self.others[row] if words_of(name)), None)
        return None if name is None else (name, words_of(name))

    def misspelt(self, row: int, rng: np.random.Generator) -> tuple[str, Sequence[str]] | None:
        """Return the title with one error, a long one with two."""
        title = self.titles[row]
        letters = sum(map(str.isalpha, title))
        if letters < SHORTEST_TYPO or not title.isascii():
            return None
        wrong = misspelt(title, rng)
        return (misspelt(wrong, rng) if letters >= SECOND_TYPO else wrong), words_of(title)

    def with_year(self, row: int) -> tuple[str, Sequence[str]] | None:
        """Return the title and its year, with or without brackets; only this film is meant."""
        title, year = self.titles[row], self.years[row]
        if not year or not words_of(title):
            return None
        return (f"{title} ({year})" if row % 2 else f"{title} {year}"), ["", str(row)]

    def moved(self, row: int) -> tuple[str, Sequence[str]] | None:
        """Return the title with its article at the end."""
        first, _, rest = self.titles[row].partition(" ")
        if first.lower() not in ARTICLES or not words_of(rest):
            return None
        return f"{rest}, {first}", words_of(self.titles[row])

    def latin(self, row: int) -> tuple[str, Sequence[str]] | None:
        """Return a name with accents, or in another script, as typed on a plain keyboard."""
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
    for each in outcome.tables():
        lines += [each.title, *("  ".join(row) for row in each.rows), *each.notes]
    lines += [f"{bar.name}: {bar.found} (wanted {bar.wanted})" for bar in outcome.bars()]
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    main()
