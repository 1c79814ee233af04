"""Spark and a build count the same, to the last bit."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.readers.events import Columns, keep_standing
from data_jobs.report import Report
from data_jobs.spark import gram_job
from data_jobs.spark.gram_job import FilmEntries, Rules
from data_jobs.train import gram, model, tune
from data_jobs.train.params import TrainParams
from services.recommender.domain.catalogue import hash_id
from services.recommender.domain.history import EventKind, taste_weights
from tests.data_jobs.spark.kit import PARAMS, built, needs_spark, write_world
from tests.patience import DOWNLOAD_S

EVENTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from(list(EventKind)), st.integers(0, 3)), max_size=30
)


def run_spark(out: Path, films: Path, *logs: Path) -> str:
    """Run the job as spark-submit does, and return its output."""
    env = {
        **os.environ,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": "--master local[1] --driver-memory 1g --conf spark.ui.enabled=false "
        f"--conf spark.sql.shuffle.partitions=2 --conf spark.local.dir={out.parent} pyspark-shell",
    }
    command = [sys.executable, gram_job.__file__, "--films", films, "--out", out, "--events", *logs]
    command += ["--max-films", "100", "--parts", "2", "--slab-mb", "0.02"]
    result = subprocess.run(command, env=env, capture_output=True, text=True, timeout=DOWNLOAD_S)
    assert result.returncode == 0, result.stderr[-3_000:]
    return result.stdout


@needs_spark
def test_a_build_from_the_counts_of_spark_is_the_same_bundle(tmp_path: Path) -> None:
    films, log, json_log = write_world(tmp_path)
    output = run_spark(tmp_path / "gram", films, log, json_log)
    for problem in ("unknown-film", "rating-out-of-range", "bad-timestamp", "unknown-event", "missing-value"):
        assert f'"{problem}": 1' in output
    local = built(tmp_path / "here", PARAMS, films, log, json_log)
    from_spark = built(tmp_path / "there", PARAMS, films, gram=tmp_path / "gram")
    assert from_spark.version == local.version
    assert (from_spark.people, from_spark.events) == (local.people, local.events)


@given(EVENTS)
def test_the_standing_event_is_the_same_as_in_a_build(events: list[tuple[int, int, EventKind, int]]) -> None:
    person, film, kind, ts_ms = (np.array([int(event[at]) for event in events], np.int64) for at in range(4))
    line = np.arange(len(events))
    standing = gram_job.standing_events(person, film, kind, ts_ms, line)
    columns = {"line": line, "user": person, "film": film, "kind": kind, "ts_ms": ts_ms}
    frame = pl.DataFrame(columns).with_columns(pl.col("kind").cast(pl.UInt8), value=pl.lit(1.0))
    expected = keep_standing(frame, Columns("log", {}, Report())).sort("user", "film")
    assert standing.tolist() == expected["line"].to_list()


def test_the_rules_are_those_of_the_training() -> None:
    kinds, halves = np.meshgrid(np.arange(7, dtype=np.uint8), np.arange(11, dtype=np.uint8), indexing="ij")
    assert gram_job.taste_weights().tolist() == taste_weights(kinds, halves).tolist()
    assert {kind.label: int(kind) for kind in EventKind} == gram_job.KINDS
    assert (gram_job.TUNING_FILMS, gram_job.GRID_BITS) == (model.TUNING_FILMS, gram.GRID_BITS)
    assert (gram_job.MIN_LIKES, gram_job.MAX_PEOPLE) == (tune.MIN_LIKES, tune.MAX_PEOPLE)
    days = np.array([0, 0, 0, 1, 1, 5, 6, 8, 9], np.int64) * tune.DAY_MS + 12_345
    assert gram_job.moment_of(np.bincount(days // gram_job.DAY_MS, minlength=20)) == tune.moment_of(days)
    assert gram_job.hash_of("Amélie\ud800") == hash_id("Amélie\ud800")
    params = TrainParams()
    assert Rules() == Rules(params.max_films, params.row_exponent, params.graded)
    defaults = gram_job.arguments(["--events", "e", "--films", "f", "--out", "o"])
    assert Rules(defaults.max_films, defaults.row_exponent, not defaults.not_graded) == Rules()


@given(st.integers(1, 60), st.integers(0, 12), st.integers(200, 5_000), st.integers(0, 9))
def test_slabs_of_any_size_make_one_matrix(films: int, people: int, most_bytes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    dense = rng.integers(1, 2**18, (people, films)) * (rng.random((people, films)) < 0.4)
    dense = dense[dense.any(axis=1)]
    liked = dense > 2**17
    person, film = np.nonzero(dense)
    entries = FilmEntries(
        np.bincount(person, minlength=len(dense)), film.astype(np.int32), dense[person, film].astype(np.int32),
        liked[person, film],
    )  # fmt: skip
    matrix, common = np.zeros((films, films), np.int64), np.zeros((films, films), np.int64)
    for first, end in gram_job.slabs_of(films, most_bytes):
        piece = gram_job.piece_of(entries, first, end)
        sums, shared = gram_job.sum_slab([] if piece is None else [piece, piece], first, end, films)
        matrix[first:end, first:], common[first:end, first:] = sums, shared
    assert np.triu(matrix).tolist() == np.triu(2 * dense.T @ dense).tolist()
    assert np.triu(common).tolist() == np.triu(2 * liked.T.astype(int) @ liked).tolist()


def test_a_task_stays_within_its_memory() -> None:
    slabs = gram_job.slabs_of(20_000, 128_000_000)
    assert [slabs[0][0], slabs[-1][1]] == [0, 20_000]
    assert all(end == first for (_, end), (first, _) in pairwise(slabs))
    sizes = [8 * sum(20_000 - row for row in range(first, end)) for first, end in slabs]
    assert max(sizes) < 1.01 * 128_000_000


def test_common_likes_are_capped_at_a_byte() -> None:
    (row,) = gram_job.rows_of("table", 7, np.array([[5]]), np.array([[300]], np.int32))
    assert (row.film, row.shared) == (7, bytearray([255]))
