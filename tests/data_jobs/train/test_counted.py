"""A build from counts is the build from events."""

import json
import shutil
from pathlib import Path

import pytest

from data_jobs.build import Order
from data_jobs.report import DataError
from data_jobs.spark.gram_job import Rules
from data_jobs.train.counted import CountedLog
from data_jobs.train.params import TrainParams
from data_jobs.validate import Source
from tests.data_jobs.spark.kit import PARAMS, built, count_here, write_world

FEW = 300


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    films, log, more = write_world(folder, FEW)
    count_here(folder / "gram", Order(folder, Source(paths=(films, log, more))), Rules(max_films=100))
    return folder


@pytest.mark.parametrize("rules", [Rules(100), Rules(100, 0.5), Rules(FEW, -0.25, False)])
def test_the_bundle_is_the_same(world: Path, tmp_path: Path, rules: Rules) -> None:
    films, log, more = (world / name for name in ("films.csv", "log.csv", "more.jsonl"))
    count_here(tmp_path / "gram", Order(world, Source(paths=(films, log, more))), rules)
    params = {"train": {**PARAMS["train"], **rules._asdict()}}
    here = built(tmp_path / "here", params, films, log, more)
    there = built(tmp_path / "there", params, films, log, gram=tmp_path / "gram")
    assert there.version == here.version
    assert any("300 people were counted" in note for note in there.notes)


def test_a_film_that_left_the_catalogue_is_left_out_and_noted(world: Path, tmp_path: Path) -> None:
    lines = (world / "films.csv").read_text().splitlines(keepends=True)
    (tmp_path / "films.csv").write_text("".join(line for line in lines if not line.startswith("f5,")))
    result = built(tmp_path / "home", PARAMS, tmp_path / "films.csv", gram=world / "gram")
    assert "1 of its films are not in the catalogue" in result.notes
    assert len(result.dataset.films) == len(lines) - 2


def test_other_parameters_than_the_jobs_are_refused(world: Path) -> None:
    log = CountedLog.read(world / "gram")
    with pytest.raises(DataError, match=r"max_films 100, and the build has 20000; run the job with --max-films"):
        log.require(TrainParams())


def test_an_unfinished_copy_is_refused(world: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="about, films, sample, gram without _SUCCESS"):
        CountedLog.read(tmp_path)
    shutil.copytree(world / "gram", tmp_path / "gram")
    about = tmp_path / "gram" / "about" / "part-0.txt"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"format": 1}))
    with pytest.raises(DataError, match="another version"):
        CountedLog.read(tmp_path / "gram")
    about.write_text("[]")
    with pytest.raises(DataError, match="cannot be read"):
        CountedLog.read(tmp_path / "gram")


def test_two_films_of_the_job_that_are_one_here_are_refused(world: Path) -> None:
    log = CountedLog.read(world / "gram")
    with pytest.raises(DataError, match="one film of the catalogue"):
        log.on({"f1": 0, "f2": 0}, 1)


def test_missing_rows_are_an_error(world: Path, tmp_path: Path) -> None:
    shutil.copytree(world / "gram", tmp_path / "gram")
    (tmp_path / "gram" / "gram" / "part-0.parquet").unlink()
    with pytest.raises(DataError, match="0 of 100 rows"):
        built(tmp_path / "home", PARAMS, world / "films.csv", gram=tmp_path / "gram")


def test_counts_cannot_be_combined_with_a_holdout_or_the_sample_catalogue(world: Path, tmp_path: Path) -> None:
    from data_jobs.build import read_counted
    from data_jobs.report import Silent

    log = CountedLog.read(world / "gram")
    for order in (Order(tmp_path), Order(tmp_path, Source(paths=(world / "films.csv",)), holdout=world / "log.csv")):
        with pytest.raises(DataError, match="counted events"):
            read_counted(order, log, TrainParams(max_films=100), Silent())
