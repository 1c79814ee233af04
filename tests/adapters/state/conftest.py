from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from services.adapters.state.dynamodb import bulk, keys, log, quota, sentences, state
from services.adapters.state.sqlite import bulk as sqlite_bulk
from services.adapters.state.sqlite import database as sqlite_database
from services.adapters.state.sqlite import keys as sqlite_keys
from services.adapters.state.sqlite import log as sqlite_log
from services.adapters.state.sqlite import quota as sqlite_quota
from services.adapters.state.sqlite import sentences as sqlite_sentences
from services.adapters.state.sqlite import state as sqlite_state
from tests.adapters.state.dynamodb_kit import Wire
from tests.adapters.state.state_kit import FakeClock, Make, Store, dynamodb, sqlite
from tests.patience import PATIENCE_S

# The time limits of the stores for calls without a deadline.
OWN_WAITS = (
    (bulk, "PERSON_PATIENCE_S"), (keys, "KEYS_WAIT_S"), (log, "BULK_ATTEMPT_S"), (log, "PAGE_PATIENCE_S"),
    (quota, "QUOTA_WAIT_S"), (state, "WAIT_S"), (sqlite_bulk, "SEED_WAIT_S"),
    (sqlite_database, "OPENING_WAIT_S"), (sqlite_keys, "KEYS_WAIT_S"), (sqlite_log, "READ_WAIT_S"),
    (sqlite_quota, "QUOTA_WAIT_S"), (sqlite_state, "WAIT_S"), (sqlite_sentences, "FIND_WAIT_S"),
    (sentences, "SENTENCE_WAIT_S"), (sentences, "KEEPING_WAIT_S"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def patient_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise the time limits of the stores, so that a slow machine causes no timeout; tests of timeouts lower them."""
    for module, name in OWN_WAITS:
        monkeypatch.setattr(module, name, PATIENCE_S)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["sqlite", "dynamodb"])
def make(request: pytest.FixtureRequest) -> Make:
    """A factory for stores, parametrised by kind: the contract suite runs with all of them."""
    if request.param == "sqlite":
        return sqlite
    return partial(dynamodb, request.getfixturevalue("dynamodb_url"))


@pytest.fixture
def store(make: Make, tmp_path: Path, clock: FakeClock) -> Iterator[Store[FakeClock]]:
    opened = make(tmp_path, clock)
    yield opened
    opened.state.close()


@pytest.fixture
def wire(store: Store[FakeClock]) -> Iterator[Wire]:
    """The recorder of a DynamoDB store's requests."""
    recorder = Wire(store)
    yield recorder
    recorder.close()
