"""The forward pass of the self-attention model in numpy."""

import numpy as np
import pytest

from data_jobs.evaluate.trials.attention.forward import LENGTH
from tests.data_jobs.evaluate.trials.attention.kit import made_pass
from tests.data_jobs.two_tower.kit import needs_torch


@pytest.mark.parametrize("count", [1, 3, 50, 60])
@needs_torch
def test_numpy_answers_as_pytorch_does(count):
    import torch

    from data_jobs.evaluate.trials.attention import model as torch_model

    torch.manual_seed(3)
    model = torch_model.NextFilm(80).eval()
    liked = np.random.default_rng(1).permutation(80)[:count]
    newest = liked[-LENGTH:]
    with torch.no_grad():
        padded = torch.from_numpy(torch_model._padded(newest, LENGTH, 80))[None]
        expected = model.scores(model(padded)[:, len(newest) - 1])[0].numpy()
    result = torch_model.exported(model).logits(liked, np.arange(80))
    assert result == pytest.approx(expected, abs=1e-5)


def test_the_order_of_likes_matters_and_those_before_the_newest_fifty_do_not():
    model, films = made_pass(80), np.arange(80)
    result = model.logits(films[:60], films)
    assert result == pytest.approx(model.logits(np.append(films[79:], films[10:60]), films))
    assert result != pytest.approx(model.logits(films[59:9:-1], films))
