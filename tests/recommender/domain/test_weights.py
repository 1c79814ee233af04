"""Weights in a JSON object: what is unknown or of the wrong type is refused by name."""

from dataclasses import fields

import pytest

from services.recommender.domain.weights import Weights


def test_weights_survive_json() -> None:
    weights = Weights(formula="playbook", popularity=0.25)
    assert Weights.from_json(weights.to_json()) == weights
    assert len(weights.to_json()) == len(fields(Weights))


def test_a_whole_number_is_a_weight_and_what_is_left_out_keeps_its_default() -> None:
    weights = Weights.from_json({"popularity": 2})
    assert isinstance(weights.popularity, float)
    assert weights == Weights(popularity=2.0)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"fame": 1}, r"unknown weight 'fame'; expected one of formula, "),
        ({"popularity": "much"}, "'popularity' must be a number"),
        ({"popularity": True}, "'popularity' must be a number"),
        ({"popularity": None}, "'popularity' must be a number"),
        ({"formula": 1}, "'formula' must be a string"),
        ({"formula": "best"}, "'formula' must be one of blend, playbook"),
    ],
)
def test_what_is_wrong_is_said(document: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Weights.from_json(document)
