"""The tutorial of one's own films, word by word: its commands are run as they stand, what it shows must be said."""

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
    """The commands of the page in order, each with the lines it is said to print."""
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.strip().splitlines()
            yield Step(command, tuple(line for line in shown if line.strip()))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    return tmp_path / ".marquee-tutorial"


def test_every_command_of_the_tutorial_does_what_it_says(tmp_path: Path, home: Path) -> None:
    server: Served | None = None
    path = f"{MARQUEE.parent}{os.pathsep}{os.environ['PATH']}"
    env = environment(home) | {"PATH": path}
    ran = 0
    try:
        for command, shown in steps():
            if command.startswith("export "):
                assert command == f"export MARQUEE_HOME={home.name}"
                continue
            if command.startswith("marquee up "):
                arguments = command.replace("docs/tutorial", str(ROOT / "docs" / "tutorial")).split()[2:]
                server = Served(home, *arguments, verb="up")
                assert "orders.csv  events  events" in server.said
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
            ran += 1
    finally:
        if server is not None:
            server.stop()
    assert ran >= 10


@pytest.mark.parametrize("data", ["docs/tutorial/films.csv", "docs/tutorial", "titles.txt"])
def test_the_first_visit_on_own_data_is_mixed(tmp_path: Path, home: Path, data: str) -> None:
    names = (f"{letter} film {n} ({1950 + n})\n" for letter in "ABCDEFGH" for n in range(12))
    (tmp_path / "titles.txt").write_text("".join(names))
    done = subprocess.run(
        [str(MARQUEE), "build", "--encoder", "none", data], cwd=tmp_path, env=environment(home),
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with Served(home) as server:
        items = server.recommend(k=20)["items"]
    shown = [item["item_id"] for item in items]
    assert shown != sorted(shown)
    assert len({item_id[:6] for item_id in shown}) > 1
    assert not any("Fills up" in reason for item in items for reason in item["reason"])
