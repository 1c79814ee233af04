"""The encoder of a verb if none is named; ``tests/test_wheel.py`` runs `up` without the extra."""

from pathlib import Path

import pytest

from services.cli.console import Output
from services.cli.encoders import EncoderChoice, or_none
from services.settings import Settings


@pytest.mark.parametrize("choice", EncoderChoice)
def test_a_choice_is_kept_whatever_is_installed(choice: EncoderChoice, capsys: pytest.CaptureFixture[str]) -> None:
    assert or_none(choice, Settings(), Output()) is choice
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("settings", [{"encoder": "titan", "aws_region": "eu-west-1"}, {"embedder_dir": "nowhere"}, {}])
def test_an_encoder_named_by_settings_is_kept_even_if_unusable(
    settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build then reports what is wrong with it."""
    monkeypatch.chdir(tmp_path)
    assert or_none(None, Settings.model_validate(settings), Output()) is None
