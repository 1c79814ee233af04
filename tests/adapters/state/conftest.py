from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from dynamodb_kit import Wire
from state_kit import FakeClock, Make, Store, dynamodb, sqlite


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["sqlite", "dynamodb"])
def make(request: pytest.FixtureRequest) -> Make:
    """How to make a store of each kind: the contract suite runs with all of them."""
    if request.param == "sqlite":
        return sqlite
    return partial(dynamodb, request.getfixturevalue("dynamodb_url"))


@pytest.fixture
def store(make: Make, tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    made = make(tmp_path, clock)
    yield made
    made.state.close()


@pytest.fixture
def wire(store: Store) -> Iterator[Wire]:
    """What a DynamoDB store sends."""
    noted = Wire(store)
    yield noted
    noted.close()
