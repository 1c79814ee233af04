"""Every part that is offered is there."""

from importlib import import_module

import pytest

from data_jobs.evaluate.registry import PARTS


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_part_has_a_module_that_measures_it(part):
    module = import_module(f"data_jobs.evaluate.{part.module}")
    assert callable(module.part)
    assert part.help.endswith((".", "?"))


def test_names_are_distinct():
    assert len({part.key for part in PARTS}) == len(PARTS)
