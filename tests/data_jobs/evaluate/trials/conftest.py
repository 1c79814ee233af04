from types import SimpleNamespace

import pytest

from data_jobs.evaluate.trials import runner
from data_jobs.evaluate.workbench import Workbench
from tests.data_jobs.evaluate import kit


@pytest.fixture
def job(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return the parts of a job that a trial needs, on the invented films."""
    monkeypatch.setattr(runner, "FILMS", kit.FILMS)
    return SimpleNamespace(bench=bench, seed=0, progress=kit.Listening())
