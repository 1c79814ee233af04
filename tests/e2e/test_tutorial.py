"""The tutorial "your own films": its commands are run unchanged and must print what it shows."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.kit import MARQUEE, Served, environment
from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "tutorial-your-own-films.md"
ADDRESS = "http://127.0.0.1:8000"


class Step(NamedTuple):
    command: str
    shown: tuple[str, ...]


def steps() -> Iterator[Step]:
    """The commands of the page in order, each with the output lines shown below it."""
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.strip().splitlines()
            yield Step(command, tuple(line for line in shown if line.strip()))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    return tmp_path / ".marquee-tutorial"


def test_every_command_of_the_tutorial_prints_what_it_shows(tmp_path: Path, home: Path) -> None:
    server: Served | None = None
    path = f"{MARQUEE.parent}{os.pathsep}{os.environ['PATH']}"
    env = environment(home) | {"PATH": path}
    count = 0
    try:
        for command, shown in steps():
            if command.startswith("export "):
                assert command == f"export MARQUEE_HOME={home.name}"
                continue
            if command.startswith("marquee up "):
                arguments = command.replace("docs/tutorial", str(ROOT / "docs" / "tutorial")).split()[2:]
                server = Served(home, *arguments, verb="up")
                assert "orders.csv  events  events" in server.log
                continue
            if server is not None:
                command = command.replace(ADDRESS, server.url)
            done = subprocess.run(
                command, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=PATIENCE_S,
                check=False,
            )  # fmt: skip
            assert done.returncode == 0, (command, done.stderr)
            for line in shown:
                assert line in done.stdout, (command, line, done.stdout)
            count += 1
    finally:
        if server is not None:
            server.stop()
    assert count >= 10


@pytest.mark.parametrize("data", ["docs/tutorial/films.csv", "docs/tutorial", "titles.txt"])
def test_recommendations_without_events_are_mixed(tmp_path: Path, home: Path, data: str) -> None:
    names = (f"{letter} film {n} ({1950 + n})\n" for letter in "ABCDEFGH" for n in range(12))
    (tmp_path / "titles.txt").write_text("".join(names))
    done = subprocess.run(
        [str(MARQUEE), "build", "--encoder", "none", data], cwd=tmp_path, env=environment(home),
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with Served(home) as server:
        items = server.recommend(k=20)["items"]
    item_ids = [item["item_id"] for item in items]
    assert item_ids != sorted(item_ids)
    assert len({item_id[:6] for item_id in item_ids}) > 1
    assert not any("Fills up" in reason for item in items for reason in item["reason"])
