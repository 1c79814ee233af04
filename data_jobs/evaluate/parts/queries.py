"""Known-item search: queries made from the catalogue, whose relevant films are known.

50 exact titles, 50 titles with one typing error (a letter dropped, doubled, replaced, or swapped with the next), and 50
directors of several films; and 200 taglines, which are neither indexed nor embedded if a film has an overview, so that
only a search by meaning finds their films. Drawn by a seed; sent without a user id, with the API's defaults.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.evaluation import PIPELINE
from data_jobs.evaluate.job import Job
from data_jobs.evaluate.outcome import Bar, Figure, Outcome, Table
from data_jobs.evaluate.protocol import TOP
from data_jobs.evaluate.workbench import Workbench, patient, rows_of
from data_jobs.readers.text import fold
from data_jobs.report import Progress
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.request import Request

EACH, TAGLINES = 50, 200
NEAR = 5
FEWEST_WORDS = 5
"""Minimum words of a tagline that is taken to describe its film."""
SHORTEST = 5
"""Minimum letters of a title that stays recognisable with a typing error."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

Rows = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """``relevant``: the rows to find; for a title, every film of that name."""

    text: str
    relevant: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class QueriesOutcome(Outcome):
    """``exact``: a film of that title comes first; ``typo``: one is among the first 5; ``director``: share of a
    director's films (ten at most) among the first 10; ``tagline``: its film is among the first 10. ``missed``: queries
    that failed, without taglines.
    """

    exact: Estimate
    typo: Estimate
    director: Estimate
    tagline: Estimate
    missed: tuple[str, ...]

    def tables(self) -> Iterator[Table]:
        """Yield one row per kind of query, then the queries that failed."""
        kinds = (
            ("exact title, first", self.exact), ("title with a typo, in the first 5", self.typo),
            ("director, their films in the first 10", self.director),
            ("tagline, its film in the first 10", self.tagline),
        )  # fmt: skip
        rows = [(kind, str(each.n), each.percent) for kind, each in kinds if each.n]
        yield Table("Searches with known answers", ("query", "n", "found"), rows)
        yield Table.of_failures("Known-item queries that failed", self.missed)

    def figures(self) -> Iterator[Figure]:
        """Yield one figure per kind of query."""
        yield PIPELINE, "exact", self.exact
        yield PIPELINE, "typo", self.typo
        yield PIPELINE, "director", self.director
        if self.tagline.n:
            yield PIPELINE, "tagline", self.tagline

    def bars(self) -> Iterator[Bar]:
        """Yield one bar per kind of query."""
        yield Bar.share("exact title first", self.exact.mean, 0.95)
        yield Bar.share("title with a typo in the top 5", self.typo.mean, 0.85)
        yield Bar.share("a director's films in the top 10", self.director.mean, 0.90)


def part(job: Job) -> QueriesOutcome:
    """Run this part of an evaluation; see the module."""
    return queries(job.bench, job.seed, job.progress)


def queries(bench: Workbench, seed: int, progress: Progress) -> QueriesOutcome:
    """Run all queries on the pipeline."""
    queries_of = {**make(bench.bundle.catalogue, seed), "tagline": taglines(bench.bundle.catalogue, seed)}
    done, missed = 0, []
    figures: dict[str, list[float]] = {}
    for kind, of_kind in queries_of.items():
        figures[kind] = []
        for query in of_kind:
            score = _score(kind, query, search(bench, query.text))
            figures[kind].append(score)
            if score < 1 and kind != "tagline":
                missed.append(f"{kind}: {query.text}")
            done += 1
            progress.advance("known-item queries", done, sum(map(len, queries_of.values())))
    exact, typo, director, tagline = (Estimate.of(np.array(figures[kind])) for kind in queries_of)
    return QueriesOutcome(exact, typo, director, tagline, tuple(missed))


def make(catalogue: Catalogue, seed: int) -> dict[str, list[JudgedQuery]]:
    """Return the queries by kind: "exact", "typo", "director"; fewer if the catalogue is too small."""
    rng = np.random.default_rng(seed)
    named, directed = _by_title(catalogue), _by_director(catalogue)
    exact = [JudgedQuery(title, named[fold(title)]) for title in _sample(rng, list(catalogue.titles))]
    long_enough = [title for title in catalogue.titles if sum(map(str.isalpha, title)) >= SHORTEST]
    typo = [JudgedQuery(misspelt(title, rng), named[fold(title)]) for title in _sample(rng, long_enough)]
    several = sorted(name for name, rows in directed.items() if len(rows) > 1)
    director = [JudgedQuery(name, directed[name]) for name in _sample(rng, several)]
    return {"exact": exact, "typo": typo, "director": director}


def taglines(catalogue: Catalogue, seed: int) -> list[JudgedQuery]:
    """Return the taglines of films with an overview, which is embedded and indexed instead; none that contains its
    film's title.
    """
    rng = np.random.default_rng((seed, TAGLINES))
    rows_of: dict[str, int] = {}
    for row, text in enumerate(catalogue.details):
        details = json.loads(text)
        tagline = details.get("tagline") or ""
        named = fold(catalogue.titles[row]) in fold(tagline)
        if details.get("overview") and len(tagline.split()) >= FEWEST_WORDS and not named:
            rows_of[tagline] = row
    return [JudgedQuery(tagline, (rows_of[tagline],)) for tagline in _sample(rng, list(rows_of), TAGLINES)]


def misspelt(title: str, rng: np.random.Generator) -> str:
    """Return the title with one typing error; never the title itself."""
    letters = [at for at, char in enumerate(title) if char.isalpha()]
    while True:
        at = int(rng.choice(letters))
        letter = str(rng.choice(list(_LETTERS)))
        variant = (
            title[:at] + title[at + 1 :],
            title[:at] + title[at] + title[at:],
            title[:at] + letter + title[at + 1 :],
            title[:at] + title[at + 1 : at + 2] + title[at] + title[at + 2 :],
        )[int(rng.integers(4))]
        if fold(variant) != fold(title):
            return variant


def search(bench: Workbench, text: str) -> Rows:
    """Return the first ten films for a query."""
    ranking = bench.pipeline.rank(Request(k=TOP, query=text), None, patient(), with_reasons=False)
    return rows_of(ranking.items)


def _score(kind: str, query: JudgedQuery, rows: Rows) -> float:
    if kind == "director":
        return float(np.isin(rows, query.relevant).sum() / min(TOP, len(query.relevant)))
    if kind == "tagline":
        return float(np.isin(rows, query.relevant).any())
    return float(np.isin(rows[: 1 if kind == "exact" else NEAR], query.relevant).any())


def _sample(rng: np.random.Generator, names: list[str], limit: int = EACH) -> list[str]:
    if not names:
        return []
    return [names[int(at)] for at in rng.choice(len(names), min(limit, len(names)), replace=False)]


def _by_title(catalogue: Catalogue) -> dict[str, tuple[int, ...]]:
    return _grouped((fold(title), row) for row, title in enumerate(catalogue.titles))


def _by_director(catalogue: Catalogue) -> dict[str, tuple[int, ...]]:
    return _grouped((name, row) for row, text in enumerate(catalogue.details) for name in json.loads(text)["directors"])


def _grouped(pairs: Iterator[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    rows = defaultdict(list)
    for name, row in pairs:
        rows[name].append(row)
    return {name: tuple(films) for name, films in rows.items()}
