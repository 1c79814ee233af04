"""What is measured over HTTP, each function one thing, against a server that is already up."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from data_jobs.bench.client import Connection
from data_jobs.bench.figures import Figures, percentiles
from data_jobs.bench.mix import RECOMMEND, Requests, Sent, get
from data_jobs.bench.server import Served
from services.recommender.errors import MarqueeError

CONNECTIONS = 8
ALIVE = Sent("alive", get("/health/live"))
_CACHED = b'"cached":true'
# In how many turns answers are in the cache at the latest, if they ever are.
WARM_ROUNDS = 10
_DEGRADED = b'"degraded":['
_ACCEPTED = frozenset({200, 202})
# The repeat pattern: people come back as often as Zipf says, and one request in twenty is a like.
ZIPF_PEOPLE = 100
ZIPF_K = 10  # not asked for elsewhere, so the cache knows none of these answers at the start
LIKE_SHARE = 0.05


class BenchFailed(MarqueeError):
    """The server did not do what was to be measured: an error, a degraded answer, or one from the wrong place."""


@dataclass(slots=True)
class Times:
    """Seconds of each request by kind: on the clock, of the server's CPU over all its threads, and the rest, in which
    it waited for others (the last two are empty where CPU time can't be read). ``cpu_s``: of all requests together.
    """

    of_kind: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    waited: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu_s: float | None = None

    def add(self, kind: str, seconds: float, cpu_s: float | None) -> None:
        """One request's."""
        self.of_kind[kind].append(seconds)
        if cpu_s is not None:
            self.cpu[kind].append(cpu_s)
            # Two threads of one request may use more than the clock's time.
            self.waited[kind].append(max(0.0, seconds - cpu_s))

    def figures(self, kinds: Iterable[str]) -> Figures:
        """Percentiles over some kinds; those of CPU time as ``cpu_p50`` and so on, of waiting as ``wait_p50``."""
        wanted = tuple(kinds)
        return (
            _percentiles(self.of_kind, wanted)
            | _named("cpu", _percentiles(self.cpu, wanted))
            | _named("wait", _percentiles(self.waited, wanted))
        )

    @property
    def count(self) -> int:
        """How many requests."""
        return sum(map(len, self.of_kind.values()))

    @property
    def cpu_ms(self) -> float | None:
        """The server's CPU milliseconds a request."""
        return None if self.cpu_s is None or not self.count else round(self.cpu_s / self.count * 1_000, 3)


def _percentiles(seconds: Mapping[str, Sequence[float]], kinds: Iterable[str]) -> Figures:
    return percentiles([each for kind in kinds for each in seconds.get(kind, ())])


def _named(part: str, figures: Figures) -> Figures:
    return {f"{part}_{name}": value for name, value in figures.items() if name != "n"}


def ask_all(server: Served, requests: Sequence[Sent], cached: bool | None = None) -> Times:
    """Send requests one after the other on one connection and time each. ``cached``: what every answer of
    ``/recommend`` must be. Raises BenchFailed for an answer that is an error, degraded, or cached otherwise.
    """
    times = Times()
    with server.connect() as connection:
        connection.ask(ALIVE.raw)
        first = last = server.cpu_s()
        for request in requests:
            begun = time.perf_counter()
            status, body = connection.ask(request.raw)
            seconds = time.perf_counter() - begun
            _check(request, status, body, cached)
            before, last = last, server.cpu_s()
            times.add(request.kind, seconds, None if before is None or last is None else last - before)
    times.cpu_s = None if first is None or last is None else last - first
    return times


def _check(request: Sent, status: int, body: bytes, cached: bool | None) -> None:
    if status not in _ACCEPTED:
        raise BenchFailed(f"a request of kind {request.kind} was answered {status}: {body[:300].decode()}")
    if request.kind != "cached" and request.kind not in RECOMMEND:
        return
    if _DEGRADED in body and _DEGRADED + b"]" not in body:
        raise BenchFailed(
            f"a request of kind {request.kind} got a degraded answer; `marquee doctor` says what is wrong"
        )
    if cached is not None and (_CACHED in body) != cached:
        where = "was made anew, not from the cache" if cached else "came from the cache"
        raise BenchFailed(f"an answer of kind {request.kind} {where}; is CACHE_TTL_SECS set?")


def first_answer(server: Served, request: Sent) -> float:
    """Milliseconds of the first ``/recommend`` of a fresh process."""
    with server.connect() as connection:
        begun = time.perf_counter()
        status, body = connection.ask(request.raw)
        seconds = time.perf_counter() - begun
    _check(request, status, body, cached=False)
    return round(seconds * 1_000, 2)


def floor(server: Served, count: int) -> Figures:
    """``/health/live``: what a request costs that asks for nothing."""
    return ask_all(server, [ALIVE] * count).figures(["alive"])


def hit_ratio(server: Served, requests: Requests, count: int, seed: int = 9) -> float:
    """Share of answers from the cache while people come back (Zipf) and now and then like something."""
    people = requests.repeated(ZIPF_PEOPLE, ZIPF_K)
    rng = np.random.default_rng(seed)
    odds = 1 / np.arange(1, len(people) + 1)
    turns = rng.choice(len(people), count, p=odds / odds.sum()).tolist()
    likes = rng.random(count) < LIKE_SHARE
    hits = answers = 0
    with server.connect() as connection:
        for turn, like in zip(turns, likes.tolist(), strict=True):
            sent = Sent("feedback", requests.like(people[turn].user_id)) if like else people[turn]
            status, body = connection.ask(sent.raw)
            _check(sent, status, body, cached=None)
            hits += _CACHED in body
            answers += not like
    return round(hits / max(answers, 1), 4)


def throughput(server: Served, requests: Sequence[Sent], cached: bool, connections: int = CONNECTIONS) -> float:
    """Answers a second with several connections at once, each with its share of the requests.

    Raises BenchFailed as :func:`ask_all` does.
    """
    shares = [requests[start::connections] for start in range(connections)]
    barrier = threading.Barrier(connections + 1)
    failures: list[MarqueeError] = []

    def client(share: Sequence[Sent]) -> None:
        try:
            with server.connect() as connection:
                connection.ask(ALIVE.raw)
                barrier.wait()
                _drain(connection, share, cached)
        except MarqueeError as error:
            failures.append(error)
            barrier.abort()
        except threading.BrokenBarrierError:
            return  # another one failed before the start

    threads = [threading.Thread(target=client, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    with suppress(threading.BrokenBarrierError):
        barrier.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - begun
    if failures:
        raise failures[0]
    return round(len(requests) / spent, 1)


def _drain(connection: Connection, share: Sequence[Sent], cached: bool) -> None:
    for request in share:
        status, body = connection.ask(request.raw)
        _check(request, status, body, cached)


def warm(server: Served, requests: Sequence[Sent]) -> None:
    """Ask until all come from the cache: writing to it is best effort, and may be done after the answer."""
    for _ in range(WARM_ROUNDS):
        missed = 0
        with server.connect() as connection:
            for request in requests:
                status, body = connection.ask(request.raw)
                _check(request, status, body, cached=None)
                missed += _CACHED not in body
        if not missed:
            return
