"""The curve of docs/scale.md: made-up data that reads cleanly, one build, one line of the table."""

from pathlib import Path

import pytest

from data_jobs.bench.scale import FILMS, FULL, PEOPLE, DataSize, main, write_data
from data_jobs.validate import Source, load


def test_the_full_shape_is_that_of_ml_32m() -> None:
    assert DataSize.of(FULL) == (FULL, PEOPLE, FILMS)
    assert DataSize.of(1_000_000).people < PEOPLE / 30


def test_made_up_data_read_without_an_error_and_are_of_their_shape(tmp_path: Path) -> None:
    shape = DataSize.of(20_000)
    write_data(shape, tmp_path)
    data, report = load(Source(movielens=tmp_path))
    assert report.ok
    assert len(data.films) == shape.films
    assert len(data.events.user_ids) == shape.people
    assert shape.ratings * 0.4 < len(data.events) <= shape.ratings


def test_the_command_prints_a_line_for_each_size(capsys: pytest.CaptureFixture[str]) -> None:
    main(["5000", "10000"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all(line.count("|") == lines[0].count("|") for line in lines)
