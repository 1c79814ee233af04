"""What adapters of AWS share."""

from collections.abc import Iterator

import pytest

from services.adapters.aws import session


@pytest.fixture
def new_session() -> Iterator[None]:
    """A session of the test's own: it keeps the credentials it has found."""
    session.cache_clear()
    yield
    session.cache_clear()
