"""The tool that compares two trees: the same answers twice, and different ones when the ranking changes."""

import json
from pathlib import Path

from tests.same_answers import requests, without_volatile, write_answers

SOME = r"^(recommend-no-taste|similar-204|feedback-(stored|replayed|mismatch)|recommend-pages)$"


def texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.txt")}


def test_names_are_unique_since_each_is_a_file() -> None:
    names = [request.name for request in requests()]
    assert len(set(names)) == len(names) > 130


def test_the_same_tree_answers_the_same(tmp_path: Path) -> None:
    for run in ("first", "second"):
        assert len(write_answers(tmp_path / run, ["vectors"], only=SOME)) == 6
    first = texts(tmp_path / "first")
    assert first == texts(tmp_path / "second")
    # The first page and four more.
    assert first["vectors/recommend-pages.txt"].count("200 application/json") == 5


def test_another_weight_gives_other_answers(tmp_path: Path) -> None:
    params = tmp_path / "params.json"
    params.write_text(json.dumps({"weights": {"popularity": 0.9}}), "utf-8")
    write_answers(tmp_path / "default", ["words"], only="recommend-no-taste")
    write_answers(tmp_path / "changed", ["words"], params, only="recommend-no-taste")
    assert texts(tmp_path / "default") != texts(tmp_path / "changed")


def test_only_ids_and_times_are_left_out() -> None:
    document = {"request_id": "a", "items": [{"item_id": "1", "recommendation_id": "b"}], "score": 0.5}
    assert without_volatile(document) == {"items": [{"item_id": "1"}], "score": 0.5}
