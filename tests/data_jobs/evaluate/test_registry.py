"""Each part has a module and an option."""

from importlib import import_module

import pytest

from data_jobs.evaluate import registry
from data_jobs.evaluate.registry import PARTS
from data_jobs.report import DataError
from services.cli.evaluate import PARTS as OPTIONS


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_part_has_a_module_that_measures_it(part):
    module = import_module(f"data_jobs.evaluate.{part.module}")
    assert callable(module.part)


@pytest.mark.parametrize("name", ["two-tower", "attention"])
def test_without_pytorch_the_error_says_what_to_install(name, monkeypatch):
    monkeypatch.setattr(registry, "find_spec", lambda _: None)
    [part] = [part for part in PARTS if part.name == name]
    assert not part.is_available
    with pytest.raises(DataError, match=f"--{name} needs PyTorch: `uv sync --locked --group train`"):
        part.run(None)


def test_names_are_distinct():
    assert len({part.key for part in PARTS}) == len(PARTS)


def test_the_command_line_has_an_option_for_each():
    assert list(OPTIONS) == [part.name for part in PARTS]
    assert all(help_text.endswith((".", "?")) for help_text in OPTIONS.values())
