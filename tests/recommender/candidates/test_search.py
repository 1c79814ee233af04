"""How an answer reports that a fallback engine did the search."""

from dataclasses import dataclass, replace

import pytest

from services.recommender.domain.request import Request
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, SearchRequest, SearchResult
from tests.builders import HashEncoder, ManualClock, NumpySearch, make_bundle, make_release


@dataclass
class FallbackSearch(NumpySearch):
    """Answers instead of an engine that failed."""

    reasons: tuple[str, ...] = ("timeout",)

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        return replace(super().search(request, deadline), degraded=self.reasons)


def ask(reasons: tuple[str, ...], encoder: HashEncoder | None) -> tuple[str, ...]:
    bundle = make_bundle()
    release = replace(make_release(bundle), search=FallbackSearch(bundle, reasons=reasons))
    ranking = Pipeline(release, encoder).rank(Request(query="7", k=5), None, Deadline.within(ManualClock(), 1))
    assert len(ranking.items) == 5
    return ranking.degraded


@pytest.mark.parametrize(
    ("reasons", "degraded"),
    [((), ()), (("timeout",), ("search: timeout",)), (("a", "b"), ("search: a", "search: b"))],
)
def test_the_answer_says_why_a_fallback_searched(reasons, degraded):
    assert ask(reasons, HashEncoder()) == degraded


def test_the_answer_lists_every_degraded_part():
    first, second = ask(("throttled",), None)
    assert first.startswith("encoder: ")
    assert second == "search: throttled"
