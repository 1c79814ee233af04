"""The table of docs/scale.md by ratings: one build and one line per size."""

import pytest

from data_jobs.bench.scale.__main__ import line_of, main, measure
from data_jobs.bench.scale.ratings import DataSize


def test_the_command_prints_a_line_for_each_size(capsys: pytest.CaptureFixture[str]) -> None:
    main(["5000", "10000", "--films", "60", "--people", "40"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all(line.count("|") == lines[0].count("|") for line in lines)
    assert all("| 40 | 60 |" in line for line in lines[2:])


def test_cpu_is_reported_by_step_and_adds_up(tmp_path) -> None:
    row = measure(DataSize.of(10_000), tmp_path)
    assert {"main table", "short-profile table", "SVD and latent factors", "writing the bundle"} <= set(row.steps)
    assert min(row.steps.values()) >= 0
    assert sum(row.steps.values()) <= row.cpu + 0.05 * len(row.steps)
    assert row.peak > 10_000_000
    assert line_of(row).startswith(f"| {row.events:,} |")
