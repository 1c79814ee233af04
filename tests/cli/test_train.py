"""``marquee train two-tower``, and a build with its model."""

import json
from importlib import util
from pathlib import Path

import pytest

from data_jobs.sample.load import load_sample
from services.cli.console import ExitCode
from tests.cli.conftest import Marquee
from tests.data_jobs.two_tower.kit import needs_torch
from tests.movielens_layout import write_movielens


def test_without_pytorch_the_install_command_is_printed(
    marquee: Marquee, empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    done = marquee("train", "two-tower")
    assert done.code == ExitCode.UNAVAILABLE
    assert "uv sync --locked --group train" in done.err
    assert not (empty_home / "two_tower").exists()


def test_a_build_without_a_trained_model_says_how_to_train_one(marquee: Marquee, empty_home: Path) -> None:
    done = marquee("build", "--encoder", "none", "--two-tower")
    assert done.code == ExitCode.FAILED
    assert "marquee train two-tower" in done.err
    assert not (empty_home / "bundles").exists()


@needs_torch
def test_it_trains_and_builds(marquee: Marquee, empty_home: Path, tmp_path: Path) -> None:
    trained = marquee("train", "two-tower", "--epochs", "1", "--dims", "8", "--json")
    assert trained.code == 0, trained.err
    report = trained.json
    assert (report["params"]["dims"], len(report["judged"]), report["resumed_epochs"]) == (8, 1, 0)
    folder = empty_home / "two_tower"
    names = {path.name for path in folder.iterdir()}
    assert names == {"model.tar.gz", "two_tower.npz", "report.json", "curve.svg"}
    assert json.loads((folder / "report.json").read_text())["model_version"] == report["model_version"]

    built = marquee("build", "--encoder", "none", "--two-tower", "--json")
    assert built.code == 0, built.err
    assert any(note.startswith(f"{report['model_version']} knows ") for note in built.json["notes"])
    assert marquee("build", "--encoder", "none", "--two-tower", "--if-changed", "--json").json == {"changed": False}


@needs_torch
def test_the_same_data_with_a_genome_has_more_features(marquee: Marquee, empty_home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "movielens"
    write_movielens(load_sample()[0], folder)
    first = (folder / "movies.csv").read_text().splitlines()[1].partition(",")[0]
    (folder / "genome-tags.csv").write_text("tagId,tag\n1,dystopia\n")
    (folder / "genome-scores.csv").write_text(f"movieId,tagId,relevance\n{first},1,0.75\n")
    done = marquee("train", "two-tower", "--movielens", str(folder), "--epochs", "1", "--dims", "4", "--json")
    assert done.code == 0, done.err
    assert done.json["films_known"] > 100
