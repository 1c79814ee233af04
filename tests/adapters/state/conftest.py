from collections.abc import Iterator
from pathlib import Path

import pytest
from state_kit import FACTORIES, FakeClock, Store


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=FACTORIES.values(), ids=FACTORIES.keys())
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    made = request.param(tmp_path, clock)
    yield made
    made.state.close()
