"""Measurements over HTTP against a running server, one per function."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from data_jobs.bench.figures import Figures, percentiles
from data_jobs.bench.http_client import HttpConnection
from data_jobs.bench.mix import RECOMMEND, RawRequest, Requests, get
from data_jobs.bench.server import RunningServer
from services.recommender.errors import MarqueeError

CONNECTIONS = 8
ALIVE = RawRequest("alive", get("/health/live"))
_CACHED = b'"cached":true'
# Rounds until all responses are cached; writes to the cache are best effort.
WARM_ROUNDS = 10
_DEGRADED = b'"degraded":['
_ACCEPTED = frozenset({200, 202})
# The repeat pattern: people return with Zipf frequencies, and one request in twenty is a like.
ZIPF_PEOPLE = 100
ZIPF_K = 10  # not used elsewhere, so none of these responses is cached at the start
LIKE_SHARE = 0.05


class BenchFailed(MarqueeError):
    """A measurement is invalid: an error, a degraded response, or an unexpected cache state."""


@dataclass(slots=True)
class Times:
    """Seconds per request by kind: wall clock, the server's CPU over all its threads, and the rest, spent waiting (the
    last two are empty if CPU time cannot be read). ``cpu_s``: CPU seconds of all requests.
    """

    wall: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    waiting: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu_s: float | None = None

    def add(self, kind: str, seconds: float, cpu_s: float | None) -> None:
        """Add the times of one request."""
        self.wall[kind].append(seconds)
        if cpu_s is not None:
            self.cpu[kind].append(cpu_s)
            # Two threads of one request may use more than the wall-clock time.
            self.waiting[kind].append(max(0.0, seconds - cpu_s))

    def figures(self, kinds: Iterable[str]) -> Figures:
        """Return percentiles over some kinds; of CPU time as ``cpu_p50`` etc., of waiting as ``wait_p50`` etc."""
        selected = tuple(kinds)
        return (
            _percentiles(self.wall, selected)
            | _prefixed("cpu", _percentiles(self.cpu, selected))
            | _prefixed("wait", _percentiles(self.waiting, selected))
        )

    @property
    def count(self) -> int:
        """Return the number of requests."""
        return sum(map(len, self.wall.values()))

    @property
    def cpu_ms(self) -> float | None:
        """Return the server's CPU milliseconds per request."""
        return None if self.cpu_s is None or not self.count else round(self.cpu_s / self.count * 1_000, 3)


def _percentiles(seconds: Mapping[str, Sequence[float]], kinds: Iterable[str]) -> Figures:
    return percentiles([value for kind in kinds for value in seconds.get(kind, ())])


def _prefixed(part: str, figures: Figures) -> Figures:
    return {f"{part}_{name}": value for name, value in figures.items() if name != "n"}


def ask_all(server: RunningServer, requests: Sequence[RawRequest], cached: bool | None = None) -> Times:
    """Send requests one after the other on one connection and time each. ``cached``: the cache state expected of every
    ``/recommend`` response. Raises BenchFailed for an error, a degraded response or another cache state.
    """
    times = Times()
    with server.connect() as connection:
        connection.ask(ALIVE.raw)
        first = last = server.cpu_s()
        for request in requests:
            start = time.perf_counter()
            status, body = connection.ask(request.raw)
            seconds = time.perf_counter() - start
            _check(request, status, body, cached)
            before, last = last, server.cpu_s()
            times.add(request.kind, seconds, None if before is None or last is None else last - before)
    times.cpu_s = None if first is None or last is None else last - first
    return times


def _check(request: RawRequest, status: int, body: bytes, cached: bool | None) -> None:
    if status not in _ACCEPTED:
        raise BenchFailed(f"a request of kind {request.kind} returned {status}: {body[:300].decode()}")
    if request.kind != "cached" and request.kind not in RECOMMEND:
        return
    if _DEGRADED in body and _DEGRADED + b"]" not in body:
        raise BenchFailed(
            f"a request of kind {request.kind} got a degraded response; run `marquee doctor` to find out why"
        )
    if cached is not None and (_CACHED in body) != cached:
        origin = "was computed, not taken from the cache" if cached else "came from the cache"
        raise BenchFailed(f"a response of kind {request.kind} {origin}; is CACHE_TTL_SECS set?")


def first_answer(server: RunningServer, request: RawRequest) -> float:
    """Return the milliseconds of the first ``/recommend`` of a fresh process."""
    with server.connect() as connection:
        start = time.perf_counter()
        status, body = connection.ask(request.raw)
        seconds = time.perf_counter() - start
    _check(request, status, body, cached=False)
    return round(seconds * 1_000, 2)


def floor(server: RunningServer, count: int) -> Figures:
    """Measure ``/health/live``: the cost of a request that does nothing."""
    return ask_all(server, [ALIVE] * count).figures(["alive"])


def hit_ratio(server: RunningServer, requests: Requests, count: int, seed: int = 9) -> float:
    """Return the share of cached responses while people return (Zipf) and occasionally like something."""
    people = requests.repeated(ZIPF_PEOPLE, ZIPF_K)
    rng = np.random.default_rng(seed)
    odds = 1 / np.arange(1, len(people) + 1)
    visits = rng.choice(len(people), count, p=odds / odds.sum()).tolist()
    likes = rng.random(count) < LIKE_SHARE
    hits = answers = 0
    with server.connect() as connection:
        for person, like in zip(visits, likes.tolist(), strict=True):
            request = RawRequest("feedback", requests.like(people[person].user_id)) if like else people[person]
            status, body = connection.ask(request.raw)
            _check(request, status, body, cached=None)
            hits += _CACHED in body
            answers += not like
    return round(hits / max(answers, 1), 4)


def throughput(
    server: RunningServer, requests: Sequence[RawRequest], cached: bool, connections: int = CONNECTIONS
) -> float:
    """Return the responses per second over several connections, each with its share of the requests.

    Raises BenchFailed as :func:`ask_all` does.
    """
    shares = [requests[start::connections] for start in range(connections)]
    barrier = threading.Barrier(connections + 1)
    failures: list[MarqueeError] = []

    def client(share: Sequence[RawRequest]) -> None:
        try:
            with server.connect() as connection:
                connection.ask(ALIVE.raw)
                barrier.wait()
                _drain(connection, share, cached)
        except MarqueeError as error:
            failures.append(error)
            barrier.abort()
        except threading.BrokenBarrierError:
            return  # another client failed before the start

    threads = [threading.Thread(target=client, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    with suppress(threading.BrokenBarrierError):
        barrier.wait()
    start_s = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start_s
    if failures:
        raise failures[0]
    return round(len(requests) / seconds, 1)


def _drain(connection: HttpConnection, share: Sequence[RawRequest], cached: bool) -> None:
    for request in share:
        status, body = connection.ask(request.raw)
        _check(request, status, body, cached)


def warm(server: RunningServer, requests: Sequence[RawRequest]) -> None:
    """Repeat the requests until all responses come from the cache: writes are best effort and may follow a response."""
    for _ in range(WARM_ROUNDS):
        misses = 0
        with server.connect() as connection:
            for request in requests:
                status, body = connection.ask(request.raw)
                _check(request, status, body, cached=None)
                misses += _CACHED not in body
        if not misses:
            return
