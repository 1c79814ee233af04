"""Weights as a JSON object: unknown names and wrong types are refused by name."""

from dataclasses import fields

import pytest

from services.recommender.domain.weights import Weights


def test_weights_convert_to_json_and_back() -> None:
    weights = Weights(formula="playbook", popularity=0.25)
    assert Weights.from_json(weights.to_json()) == weights
    assert len(weights.to_json()) == len(fields(Weights))


def test_integers_are_accepted_and_missing_weights_keep_their_defaults() -> None:
    weights = Weights.from_json({"popularity": 2})
    assert isinstance(weights.popularity, float)
    assert weights == Weights(popularity=2.0)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"fame": 1}, r"unknown weight 'fame'; expected one of formula, "),
        ({"popularity": "much"}, "'popularity' must be a number"),
        ({"popularity": True}, "'popularity' must be a number"),
        ({"popularity": None}, "'popularity' must be a number"),
        ({"formula": 1}, "'formula' must be a string"),
        ({"formula": "best"}, "'formula' must be one of blend, playbook"),
    ],
)
def test_the_error_says_what_is_wrong(document: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Weights.from_json(document)
