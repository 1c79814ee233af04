"""What the tests of the towers share: the invented data of the evaluation's tests, and how they ask for PyTorch."""

import numpy as np
import pytest

from data_jobs.train.interactions import Interactions, interactions_of
from tests.data_jobs.evaluate.kit import dataset

NEEDS_TORCH = "PyTorch is not installed: `uv sync --locked --group train` (4 GB) to run these tests"


def need_torch():
    """PyTorch; skips what asks where its group is not installed."""
    return pytest.importorskip("torch", reason=NEEDS_TORCH)


def interactions() -> Interactions:
    events = dataset().events
    films = len(dataset().films)
    return interactions_of(events, np.arange(films, dtype=np.int32), films)
