"""The committed description is that of the application, and only a change that is meant may break a client."""

import json
from pathlib import Path

import pytest

from tests.openapi.__main__ import main
from tests.openapi.snapshot import SNAPSHOT, document, text_of


def test_the_committed_description_is_up_to_date() -> None:
    assert SNAPSHOT.read_text("utf-8") == text_of(document()), "write it: make openapi"
    assert main([]) == 0


def test_writing_refuses_what_breaks_clients_until_it_is_meant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = tmp_path / "openapi.json"
    old = document()
    old["components"]["schemas"]["RecommendAnswer"]["properties"]["gone"] = {"type": "string"}
    snapshot.write_text(text_of(old), "utf-8")
    assert main(["--write"], snapshot=snapshot) == 1
    assert "RecommendAnswer.gone was removed" in capsys.readouterr().err
    assert json.loads(snapshot.read_text("utf-8")) == old
    assert main(["--write", "--breaking"], snapshot=snapshot) == 0
    assert json.loads(snapshot.read_text("utf-8")) == document()


def test_a_first_snapshot_is_written_and_one_out_of_date_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = tmp_path / "openapi.json"
    assert main([], snapshot=snapshot) == 1
    assert "out of date" in capsys.readouterr().err
    assert main(["--write"], snapshot=snapshot) == 0
    assert main([], snapshot=snapshot) == 0


def test_another_description_can_be_compared_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    released = document()
    released["paths"]["/popular"] = {"get": released["paths"]["/films"]["get"]}
    file = tmp_path / "released.json"
    file.write_text(json.dumps(released), "utf-8")
    assert main(["--against", str(file)]) == 1
    assert "GET /popular was removed" in capsys.readouterr().err
