"""What the answer says of a search that another engine had to answer."""

from dataclasses import dataclass, replace

import pytest

from services.recommender.domain.request import Request
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, SearchRequest, SearchResult
from tests.builders import HashEncoder, ManualClock, NumpySearch, make_bundle, make_release


@dataclass
class SecondBest(NumpySearch):
    """Answers in the place of an engine that did not."""

    reasons: tuple[str, ...] = ("timeout",)

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        return replace(super().search(request, deadline), degraded=self.reasons)


def ask(reasons: tuple[str, ...], encoder: HashEncoder | None) -> tuple[str, ...]:
    bundle = make_bundle()
    release = replace(make_release(bundle), search=SecondBest(bundle, reasons=reasons))
    ranking = Pipeline(release, encoder).rank(Request(query="7", k=5), None, Deadline.within(ManualClock(), 1))
    assert len(ranking.picks) == 5
    return ranking.degraded


@pytest.mark.parametrize(
    ("reasons", "said"),
    [((), ()), (("timeout",), ("search: timeout",)), (("a", "b"), ("search: a", "search: b"))],
)
def test_why_another_engine_answered_stands_in_the_answer(reasons, said):
    assert ask(reasons, HashEncoder()) == said


def test_it_stands_beside_what_else_is_missing():
    first, second = ask(("throttled",), None)
    assert first.startswith("encoder: ")
    assert second == "search: throttled"
