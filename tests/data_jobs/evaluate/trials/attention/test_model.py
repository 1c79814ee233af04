"""The self-attention model in PyTorch."""

import pytest

from data_jobs.evaluate.trials import runner
from data_jobs.evaluate.trials.inner import InnerHoldout
from tests.data_jobs.two_tower.kit import needs_torch


@needs_torch
def test_attention_learns_the_next_film(job, monkeypatch):
    from data_jobs.evaluate.trials.attention import model

    monkeypatch.setattr(model, "EPOCHS", (1, 2))
    inner = InnerHoldout.of(job.bench, runner._holdouts(job)["time"], 90)
    liked = inner.training.take(inner.training.liked)
    result = dict(model.attended(liked, inner.people))
    assert len(result) == 4
    for scores in result.values():
        assert scores.shape == inner.hidden.shape
        assert scores.max(axis=1) == pytest.approx(1)
