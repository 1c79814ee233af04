"""The command that counts how many films of a list the active bundle recognises."""

from pathlib import Path

import pytest

from data_jobs.bench.imports import main
from data_jobs.build import Order, build
from data_jobs.report import Silent
from data_jobs.validate import Source


def test_matches_are_counted_and_differences_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    films = tmp_path / "films.csv"
    films.write_text("item_id,title,year,original_title\n1,Heat,1995,\n2,Hidden,2005,Caché\n3,The Kid,1921,\n")
    build(Order(home=tmp_path / "home", source=Source(paths=(films,))), Silent())
    monkeypatch.setenv("MARQUEE_HOME", str(tmp_path / "home"))
    list_file = tmp_path / "list.txt"
    list_file.write_text("Heat|1995\nCaché|2005\nStalker|1979\n")
    main([str(list_file)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 films, 2 matched, 1 of them with the same title and year"
    assert "Caché (2005) is Hidden (2005), 2" in lines
    assert "not found: Stalker (1979)" in lines
    main([str(list_file), "--all"])
    assert "Heat (1995) is Heat (1995), 1" in capsys.readouterr().out
