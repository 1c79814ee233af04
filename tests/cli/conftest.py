"""Commands run in this process, under a home of their own with the sample catalogue in it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from data_jobs.build import Order, build
from data_jobs.report import Silent
from services.cli.main import main
from services.settings import Settings
from tests.e2e.kit import copy_home
from tests.patience import LONGEST_MS


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Marquee = Callable[..., Done]


@pytest.fixture(scope="session")
def built_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("cli") / "home"
    build(Order(home=home), Silent())
    return home


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MARQUEE_HOME", str(home))
    monkeypatch.setenv("REQUEST_DEADLINE_MS", str(LONGEST_MS))
    return home


@pytest.fixture
def home(empty_home: Path, built_home: Path) -> Path:
    empty_home.rmdir()
    return copy_home(built_home, empty_home)


@pytest.fixture
def marquee(empty_home: Path, capsys: pytest.CaptureFixture[str]) -> Marquee:
    def run(*arguments: str) -> Done:
        capsys.readouterr()
        code = main(arguments)
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run
