"""A recommender over the small world, with an in-memory store and a fixed clock."""

import pytest

from services.adapters.explain.template import TemplateExplainer
from services.recommender.service import Recommender
from tests.builders import FixedRelease, HashEncoder, ManualClock, make_release
from tests.recommender.kit import MemoryState


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def state() -> MemoryState:
    return MemoryState()


@pytest.fixture
def releases() -> FixedRelease:
    return FixedRelease(make_release())


@pytest.fixture
def service(releases: FixedRelease, state: MemoryState, clock: ManualClock) -> Recommender:
    return Recommender(releases, state, HashEncoder(), TemplateExplainer(), clock)
