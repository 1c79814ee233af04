"""Shared by the tests of the towers: the made-up data of the evaluation's tests, and lazy imports of PyTorch."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from data_jobs.train.interactions import Interactions, interactions_of
from tests.data_jobs.evaluate.kit import dataset

needs_torch = pytest.mark.skipif(
    find_spec("torch") is None,
    reason="PyTorch is not installed: `uv sync --locked --group train` (4 GB), or `make test TRAIN=1`",
)


class Lazy:
    """A module that is imported at its first use: PyTorch takes seconds and half a gigabyte, and each worker of a test
    run collects every test.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)


def interactions() -> Interactions:
    """Return the events of the made-up viewers."""
    events = dataset().events
    films = len(dataset().films)
    return interactions_of(events, np.arange(films, dtype=np.int32), films)
