"""Parameter files are validated before training."""

import json
from math import inf, nan
from typing import Any

import pytest

from data_jobs.train import TrainParams


def test_json_round_trip() -> None:
    params = TrainParams(ridge=125.0, ridge_grid=(10.0, 20.0), graded=False)
    assert TrainParams.from_json(json.loads(json.dumps(params.to_json()))) == params
    assert TrainParams.from_json({}) == TrainParams()


def test_whole_numbers_are_numbers_and_null_is_the_default() -> None:
    assert TrainParams.from_json({"ridge": 80, "dropout": 0}) == TrainParams(ridge=80.0, dropout=0.0)
    assert TrainParams.from_json({"ridge": None}).ridge is None


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"lambda": 80}, "unknown training parameter 'lambda'; known are ridge"),
        ({"ridge": "80"}, "'ridge' must be a number"),
        ({"ridge": True}, "'ridge' must be a number"),
        ({"dropout": None}, "'dropout' must be a number"),
        ({"max_films": 1.5}, "'max_films' must be a whole number"),
        ({"graded": 1}, "'graded' must be true or false"),
        ({"ridge_grid": 80}, "'ridge_grid' must be a list of numbers"),
        ({"ridge_grid": [80, "x"]}, "'ridge_grid' must be a list of numbers"),
    ],
)
def test_a_file_with_a_wrong_key_or_type_is_refused(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainParams.from_json(document)


@pytest.mark.parametrize(
    "document",
    [
        {"ridge": 0}, {"ridge": nan}, {"ridge_untuned": inf}, {"ridge_grid": []}, {"ridge_grid": [80, -1]},
        {"dropout": 1}, {"dropout_short": -0.1}, {"row_exponent": nan}, {"tag_weight": -1}, {"tag_weight": inf},
        {"min_tag_films": 0}, {"max_films": 65_536}, {"max_films_unliked": 0}, {"table_bytes": 0},
        {"neighbours": 0}, {"neighbour_damping": -1},
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_by_name(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(document))):
        TrainParams.from_json(document)
