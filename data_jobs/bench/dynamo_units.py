"""Measure what a request costs in DynamoDB: read and write units, as the tables report them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

from data_jobs.bench.bench_people import BenchPerson
from data_jobs.bench.mix import LENGTHS, K
from data_jobs.bench.over_http import BenchFailed
from data_jobs.bench.world import FixedRelease
from services.adapters.explain.template import TemplateExplainer
from services.adapters.state.dynamodb.consumed_units import ConsumedUnits
from services.adapters.state.dynamodb.dynamo_client import DynamoLocation
from services.adapters.state.dynamodb.state import DynamoState
from services.adapters.state.dynamodb.store import DynamoStore
from services.recommender.domain.history import Event, EventKind
from services.recommender.domain.request import Request
from services.recommender.errors import MarqueeError
from services.recommender.ports import Clock, FeedbackCommand, Release
from services.recommender.service import Options, Recommender

# Units depend on the size of the stored items only, so few people suffice.
PEOPLE = 5
_DIVERSITY = 0.19  # not used elsewhere, so none of these responses is cached

Cost = dict[str, float]


@contextmanager
def counting_recommender(
    release: Release, connection: DynamoLocation, clock: Clock
) -> Iterator[tuple[Recommender, ConsumedUnits]]:
    """Yield a recommender like the server's whose state counts units; its connections are closed at the end. The
    request deadline is as long as the limit of one call.
    """
    units = ConsumedUnits()
    state = DynamoState(DynamoStore(connection, clock, units))
    try:
        options = Options(deadline_s=connection.timeout_s)
        yield Recommender(FixedRelease(release), state, None, TemplateExplainer(), clock, options), units
    finally:
        state.close()


def units_used(
    recommender: Recommender, units: ConsumedUnits, people: Mapping[int, Sequence[BenchPerson]]
) -> dict[str, Any]:
    """Return ``{length: {uncached: {read, write}, cached: ..., feedback: ...}}``: medians over some people of each
    length.

    Raises BenchFailed for a degraded response, a wrong cache state, and refused feedback.
    """
    return {str(length): _medians([_units_of_person(recommender, units, person) for person in people[length][:PEOPLE]])
            for length in LENGTHS}  # fmt: skip


def _units_of_person(recommender: Recommender, units: ConsumedUnits, person: BenchPerson) -> dict[str, Cost]:
    """Return the units of a request, of the same request again, and of a like."""
    with _consumed(units) as uncached:
        _recommend(recommender, person, cached=False)
    with _consumed(units) as cached:
        _recommend(recommender, person, cached=True)
    liked = person.events[0].item_id
    event = Event(liked, EventKind.LIKE, 1.0, recommender.clock.now_ms())
    with _consumed(units) as feedback:
        (receipt,) = recommender.feedback([FeedbackCommand(person.user_id, event)])
    if isinstance(receipt, MarqueeError):
        raise BenchFailed(f"a like of {liked!r} was refused: {receipt}") from receipt
    return {"uncached": uncached, "cached": cached, "feedback": feedback}


def _recommend(recommender: Recommender, person: BenchPerson, *, cached: bool) -> None:
    answer = recommender.recommend(Request(user_id=person.user_id, k=K, diversity=_DIVERSITY))
    if answer.degraded:
        raise BenchFailed(f"a response is degraded ({', '.join(answer.degraded)}), so its units mean nothing")
    if answer.cached != cached:
        origin = "came from the cache" if answer.cached else "was not in the cache"
        raise BenchFailed(f"a response {origin}, so its units are of the wrong kind; run it again")


@contextmanager
def _consumed(units: ConsumedUnits) -> Iterator[Cost]:
    """Yield the units the block consumes, valid once it has ended."""
    read, write = units.read, units.write
    cost: Cost = {}
    yield cost
    cost |= {"read": units.read - read, "write": units.write - write}


def _medians(costs: Iterable[Mapping[str, Cost]]) -> dict[str, Cost]:
    runs = list(costs)
    kinds = ("read", "write")
    return {operation: {kind: median(run[operation][kind] for run in runs) for kind in kinds} for operation in runs[0]}
