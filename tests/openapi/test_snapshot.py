"""The committed OpenAPI document is up to date, and breaking changes need ``--breaking``."""

import json
from pathlib import Path

import pytest

from tests.openapi.__main__ import main
from tests.openapi.snapshot import SNAPSHOT, document, text_of


def test_the_committed_document_is_up_to_date() -> None:
    assert SNAPSHOT.read_text("utf-8") == text_of(document()), "write it: make openapi"
    assert main([]) == 0


def test_a_breaking_change_is_written_only_with_the_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snapshot = tmp_path / "openapi.json"
    old = document()
    old["components"]["schemas"]["RecommendAnswer"]["properties"]["gone"] = {"type": "string"}
    snapshot.write_text(text_of(old), "utf-8")
    assert main(["--write"], snapshot=snapshot) == 1
    assert "RecommendAnswer.gone was removed" in capsys.readouterr().err
    assert json.loads(snapshot.read_text("utf-8")) == old
    assert main(["--write", "--breaking"], snapshot=snapshot) == 0
    assert json.loads(snapshot.read_text("utf-8")) == document()


def test_a_missing_snapshot_is_out_of_date_until_it_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = tmp_path / "openapi.json"
    assert main([], snapshot=snapshot) == 1
    assert "out of date" in capsys.readouterr().err
    assert main(["--write"], snapshot=snapshot) == 0
    assert main([], snapshot=snapshot) == 0


def test_another_document_can_be_compared_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    released = document()
    released["paths"]["/popular"] = {"get": released["paths"]["/films"]["get"]}
    file = tmp_path / "released.json"
    file.write_text(json.dumps(released), "utf-8")
    assert main(["--against", str(file)]) == 1
    assert "GET /popular was removed" in capsys.readouterr().err
