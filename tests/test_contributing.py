"""CONTRIBUTING.md: its paths exist, its recipes open few files, and its walk follows a request through the files."""

import re
import shutil
from pathlib import Path

import pytest

from tests.builders import make_bundle
from tests.walk import walks_of

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
# How many files each recipe may open.
RECIPES = {"signal": 4, "endpoint": 4, "adapter": 5, "setting": 3, "CLI verb": 4}

# How many files and classes a recommendation and a feedback may pass, over a bundle with vectors: a reader has to know
# them all.
MOST_FILES, MOST_CLASSES = (41, 22), (69, 28)


def section(title: str) -> str:
    """The text below a heading, up to the next one of any level."""
    (text,) = re.findall(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", TEXT, re.DOTALL | re.MULTILINE)
    return str(text)


def paths(text: str) -> list[str]:
    names = re.findall(r"`([\w.]+/[\w./*]+|\.env\.example)`", text)
    return [path for path in names if "NAME" not in path and "PORT" not in path]


def test_every_path_exists() -> None:
    assert len(paths(TEXT)) > 50
    assert [path for path in paths(TEXT) if not list(ROOT.glob(path)) and path not in (".tools/", "site/")] == []


@pytest.mark.parametrize("what", RECIPES)
def test_a_recipe_opens_few_files_and_names_tests_that_exist(what: str) -> None:
    recipe = section(f"Add a{'n' if what[0] in 'ae' else ''} {what}")
    (opened,) = re.findall(r"^Open: (.+)$", recipe, re.MULTILINE)
    assert 0 < len(paths(opened)) <= RECIPES[what]
    (failing,) = re.findall(r"^Fails until done: (.+)$", recipe, re.MULTILINE)
    for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", failing):
        assert f"def {name}(" in (ROOT / path).read_text("utf-8"), failing


def test_the_walks_follow_a_request_each(small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    home = Path(shutil.copytree(small_home, tmp_path / "home"))
    ids = make_bundle().catalogue.item_ids
    walks = walks_of(home, (ids[0], ids[3]))
    texts = section("One request, file by file").split("One `POST /feedback`")
    for walk, text, most_files, most_classes in zip(walks, texts, MOST_FILES, MOST_CLASSES, strict=True):
        assert len(walk.files) <= most_files, list(walk.files)
        assert len(walk.classes) <= most_classes, list(walk.classes)
        passed = list(walk.files)
        described = [paths(line)[0] for line in text.splitlines() if re.match(r"\d+\. ", line)]
        assert len(described) > 4
        assert [path for path in described if path not in passed] == []
        assert described == sorted(described, key=passed.index)
