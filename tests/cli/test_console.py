"""Output, tables, progress, and the demo file of seeded people."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from data_jobs.records import Dataset, Events, Film
from data_jobs.report import Silent
from services.cli.console import Output, table
from services.cli.demo import FILE, Demo, seed_events, typical_people
from services.cli.progress_bars import bars
from services.cli.up import curl_lines


def test_result_is_text_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    Output().result({"film": "Amélie"}, ["one", "two"])
    assert capsys.readouterr().out == "one\ntwo\n"
    Output(as_json=True).result({"film": "Amélie", "path": Path("x")}, ["one"])
    assert json.loads(capsys.readouterr().out) == {"film": "Amélie", "path": "x"}


def test_status_lines_go_to_stderr_but_not_under_json(capsys: pytest.CaptureFixture[str]) -> None:
    Output().say("a word")
    Output(as_json=True).say("not a word")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "a word\n")


def test_tables_are_aligned() -> None:
    lines = table(("film", "score"), [("Heat", "0.9"), ("A longer title", "10.25")])
    assert lines == ["film            score", "Heat              0.9", "A longer title  10.25"]
    assert table(("a", "b"), []) == ["a  b"]


def test_there_is_no_progress_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Output().progress() as progress:
        assert isinstance(progress, Silent)
        progress.advance("step", 1, 2)
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with Output().progress() as progress:
        progress.advance("embedding texts", 1, 2)
        assert not isinstance(progress, Silent)
    with Output(as_json=True).progress() as progress:
        assert isinstance(progress, Silent)


def test_each_step_has_a_bar() -> None:
    screen = io.StringIO()
    with bars(Console(file=screen, force_terminal=True, width=100)) as progress:
        progress.advance("reading", 1, None)
        progress.advance("embedding texts", 3, 7)
        progress.advance("embedding texts", 7, 7)
    assert "embedding texts" in screen.getvalue()
    assert "7/7" in screen.getvalue()


def people(sizes: dict[str, int]) -> Dataset:
    films = tuple(Film(f"f{n}", f"Film {n}") for n in range(max(sizes.values())))
    users = np.repeat(np.arange(len(sizes), dtype=np.int32), list(sizes.values()))
    rows = np.concatenate([np.arange(size, dtype=np.int32) for size in sizes.values()])
    ones = np.ones(len(rows), np.float32)
    events = Events(tuple(sizes), users, rows, ones.astype(np.uint8), ones, np.arange(len(rows), dtype=np.int64))
    return Dataset(films, events, ("test",))


def test_demo_people_have_a_typical_number_of_events() -> None:
    dataset = people({"few": 2, "typical": 58, "also": 64, "many": 300})
    assert typical_people(dataset.events, 2) == ("typical", "also")
    assert set(typical_people(dataset.events)) == {"few", "typical", "also", "many"}


def test_seed_events_are_the_same_every_time() -> None:
    dataset = people({"ann": 3, "ben": 2})
    lines = seed_events(dataset)
    assert lines == seed_events(dataset)
    assert len({(line.user_id, line.event_id) for line in lines}) == 5
    assert {line.user_id for line in seed_events(dataset, ["ben"])} == {"ben"}


def test_the_demo_file(tmp_path: Path) -> None:
    assert Demo.load(tmp_path) == Demo()
    demo = Demo(("1", "2"), ("10",))
    demo.save(tmp_path / "home")
    assert Demo.load(tmp_path / "home") == demo
    (tmp_path / "home" / FILE).write_text('{"users": ')
    assert Demo.load(tmp_path / "home") == Demo()


def test_curl_lines_use_existing_ids() -> None:
    lines = "\n".join(curl_lines(Demo(("42",), ("318", "296"))))
    assert lines.count("curl ") == 3
    assert '"user_id": "42"' in lines
    assert '"liked": ["318", "296"]' in lines
    assert "{url}/feedback" in lines
    assert len(curl_lines(Demo())) == 4


def test_control_characters_in_stored_text_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a\x1b[2J\x07\x9b\r\tb"
    Output().result(None, [name])
    Output().say(name)
    Output(as_json=True).result({"name": name}, [])
    out, err = capsys.readouterr()
    assert out.startswith("a\\x1b[2J\\x07\\x9b\\x0d\tb\n")
    assert err == "a\\x1b[2J\\x07\\x9b\\x0d\tb\n"
    assert json.loads(out.partition("\n")[2]) == {"name": name}
    assert not set("\x1b\x07\x9b\r") & set(out + err)
