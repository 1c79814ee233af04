"""Fixtures for the tests of AWS adapters."""

from collections.abc import Iterator

import pytest

from services.adapters.aws import session


@pytest.fixture
def new_session() -> Iterator[None]:
    """A fresh AWS session for the test, since a session keeps the credentials it has loaded."""
    session.cache_clear()
    yield
    session.cache_clear()
