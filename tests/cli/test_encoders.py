"""Which encoder a verb uses where none is named; ``tests/test_wheel.py`` runs `up` without the extra."""

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
def test_settings_that_name_an_encoder_are_kept_even_if_it_can_t_be_used(
    settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build then says what is wrong with it."""
    monkeypatch.chdir(tmp_path)
    assert or_none(None, Settings.model_validate(settings), Output()) is None
