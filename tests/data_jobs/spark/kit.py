"""A small log with every kind of invalid event, and the job's steps without Spark."""

import json
import shutil
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from data_jobs.build import Built, Order, build
from data_jobs.report import Silent
from data_jobs.spark import gram_job
from data_jobs.spark.gram_job import Group, Rules
from data_jobs.validate import Source

needs_spark = pytest.mark.skipif(
    find_spec("pyspark") is None or shutil.which("java") is None,
    reason="Spark is not installed: `uv sync --locked --group spark` (480 MB), Java 17 or 21; or `make test SPARK=1`",
)
PEOPLE, FILMS = 2_300, 120
PARAMS = {"train": {"max_films": 100, "svd_k": 0, "latent_k": 0, "neighbours_by_people": False}}
"""Fewer films in the tables than exist, so that likes and votes decide. Neighbours by people need the events."""


def write_world(folder: Path, people: int = PEOPLE) -> tuple[Path, Path, Path]:
    """Write a catalogue, a log as CSV and another as JSON lines, and return their paths."""
    rng = np.random.default_rng(3)
    films, log, json_log = folder / "films.csv", folder / "log.csv", folder / "more.jsonl"
    votes = rng.integers(0, 9, FILMS)
    rows = [f"f{film},Film {film},{1950 + film % 60},{('Drama', 'War')[film % 2]}" for film in range(FILMS)]
    counts = [str(votes[film]) if film % 7 else "" for film in range(FILMS)]
    films.write_text(
        "item_id,title,year,genres,vote_count\n" + "".join(f"{r},{c}\n" for r, c in zip(rows, counts, strict=True))
    )
    lines: list[tuple[str, str, str, str, int]] = []
    for person in range(people):
        for film in rng.choice(FILMS - 4, 22, replace=False).tolist():
            kind = rng.choice(["rating", "rating", "rating", "like", "dislike", "watch", "click"])
            stars = str(rng.integers(1, 11) / 2) if kind == "rating" else ""
            lines.append((str(person + 1), f"f{film}", str(kind), stars, 1_600_000_000 + int(rng.integers(0, 10**6))))
    # Further events on the same films: a clear, an opinion after a watch, a watch after an opinion, an equal time.
    for user, item, _, _, ts in lines[:: len(lines) // 900]:
        kind = str(rng.choice(["clear", "like", "watch", "click", "dislike"]))
        lines.append((user, item, kind, "", ts + int(rng.choice([-9, 0, 0, 9]))))
    cut = len(lines) * 3 // 4
    invalid = ["1,f999,like,,1600000000", "2,f1,rating,7,1600000000", "3,f2,like,,yesterday", "4,f3,nod,,1600000000",
             ",f1,like,,1600000000"]  # fmt: skip
    texts = [*(",".join(map(str, line)) for line in lines[:cut]), *invalid]
    log.write_text("user_id,item_id,event,value,ts\n" + "".join(f"{text}\n" for text in texts))
    json_log.write_text("".join(f"{json.dumps(record(line))}\n" for line in lines[cut:]))
    return films, log, json_log


def record(line: tuple[str, str, str, str, int]) -> dict[str, Any]:
    """Return a line of the log as a JSON object, with its time in milliseconds."""
    user, item, kind, stars, ts = line
    document = {"user_id": user, "item_id": item, "event": kind, "ts": ts * 1000}
    return document | ({"value": float(stars)} if stars else {})


def built(home: Path, params: dict[str, Any], films: Path, *logs: Path, gram: Path | None = None) -> Built:
    """Build from a catalogue and logs, or from the result of the job."""
    file = home.with_suffix(".json")
    file.write_text(json.dumps(params))
    return build(Order(home=home, source=Source(paths=(films, *logs)), params=file, gram=gram), Silent())


def count_here(folder: Path, order: Order, rules: Rules, slab_bytes: int = 20_000) -> None:
    """Write the result of the job from the events as a build reads them: its steps in this process, without Spark."""
    from data_jobs.build import read

    dataset, _ = read(order, Silent(), [])
    ids = sorted((film.item_id for film in dataset.films), key=lambda item: (gram_job.hash_of(item), item))
    place = {item: at for at, item in enumerate(ids)}
    votes_of = {film.item_id: film.vote_count for film in dataset.films}
    film = np.array([place[record.item_id] for record in dataset.films])[dataset.events.film]
    events = dataset.events
    code = film * 256 + events.kind.astype(np.int64) * 16 + np.rint(events.value * 2).astype(np.int64)
    rows = []
    for at, user in enumerate(events.user_ids):
        is_own = events.user == at
        rows.append((user, code[is_own].tolist(), events.ts_ms[is_own].tolist(), [0] * int(is_own.sum())))
    groups = [gram_job.group_of(rows[start : start + 700]) for start in range(0, len(rows), 700)]
    counts = sum(gram_job.film_counts(group, len(ids)) for group in groups)
    assert isinstance(counts, np.ndarray)
    sizes = (rules.max_films, min(gram_job.TUNING_FILMS, rules.max_films))
    chosen = [gram_job.most_liked(counts, [votes_of[item] for item in ids], ids, most) for most in sizes]
    table, tuning = (gram_job.positions_of(films, len(ids)) for films in chosen)
    rdd = _LocalRdd(groups)
    moment_ms = gram_job.moment_of(rdd.map(gram_job.day_counts).treeReduce(np.add))
    matrices = gram_job.matrices_of(rdd, table, tuning, moment_ms)
    _write(folder, "films", [
        {"item_id": item, "table": int(table[at]), "tuning": int(tuning[at]), "likes": int(counts[0, at]),
         "welcomes": int(counts[1, at]), "events": int(counts[2, at])} for at, item in enumerate(ids)
    ])  # fmt: skip
    _write(folder, "sample", [
        {"person": person, "item_id": ids[film], "kind": kind, "half_stars": half, "ts_ms": ts}
        for person, film, kind, half, ts in gram_job.tuning_sample(rdd, tuning)
    ])  # fmt: skip
    _write(folder, "gram", [
        row for matrix in matrices
        for row in _rows(matrix.groups.collect(), matrix.position, rules, matrix.name, slab_bytes)
    ])  # fmt: skip
    lengths = {each.name: gram_job.lengths_of(each.groups, each.position, rules) for each in matrices}
    about = {"format": 2, "grid_bits": 18, "people": len(rows), "events": len(events), "left_out": {}}
    about |= {"lengths": lengths, "params": rules._asdict(), "moment_ms": moment_ms}
    (folder / "about").mkdir()
    (folder / "about" / "part-0.txt").write_text(json.dumps(about))
    (folder / "about" / "_SUCCESS").touch()


class _LocalRdd:
    """The few methods of an RDD that the job's steps use, on a list."""

    def __init__(self, values: Iterable[Any]) -> None:
        self._values = list(values)

    def map(self, change: Any) -> "_LocalRdd":
        return _LocalRdd(map(change, self._values))

    def flatMap(self, change: Any) -> "_LocalRdd":
        return _LocalRdd(result for value in self._values for result in change(value))

    def treeReduce(self, join: Any) -> Any:
        total, *rest = self._values
        for value in rest:
            total = join(total, value)
        return total

    def takeOrdered(self, count: int) -> list[Any]:
        return sorted(self._values)[:count]

    def collect(self) -> list[Any]:
        return self._values


def _write(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    (folder / name).mkdir(parents=True)
    pl.DataFrame(rows).write_parquet(folder / name / "part-0.parquet")
    (folder / name / "_SUCCESS").touch()


def _rows(
    groups: list[Group], position: np.ndarray, rules: Rules, name: str, slab_bytes: int
) -> Iterable[dict[str, Any]]:
    films = int(position.max()) + 1
    entries = [gram_job.entries_of(group, position, rules, films) for group in groups]
    for first, end in gram_job.slabs_of(films, slab_bytes):
        pieces = (gram_job.piece_of(group, first, end) for group in entries)
        sums, shared = gram_job.sum_slab((piece for piece in pieces if piece is not None), first, end, films)
        for row in gram_job.rows_of(name, first, sums, shared):
            yield row._asdict() | {"sums": bytes(row.sums), "shared": bytes(row.shared)}
