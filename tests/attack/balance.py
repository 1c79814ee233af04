"""Two workers and eight connections: each worker's share of the requests, and the cost of a response."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from tests.attack.load import Spent, fresh_bodies, load, post
from tests.attack.report import Finding
from tests.attack.world import new_home
from tests.e2e.kit import Served, ids
from tests.e2e.shares import worker_of_each, workers_of

ROUNDS = 16
ROUND_S = 1.5
MAX_SHARE = 0.55
MAX_COST = 1.05


def balance() -> Iterator[Finding]:
    """Uncached responses of one worker and of two, in turns, since the speed of the machine varies."""
    with ExitStack() as stack:
        homes = [stack.enter_context(new_home()) for _ in range(2)]
        one, two = (
            stack.enter_context(Served(home, "--workers", str(n))) for n, home in zip((1, 2), homes, strict=True)
        )
        films = ids(one.recommend(k=100))
        counts: Counter[int] = Counter()
        ratios, rates = [], []
        for turn in range(ROUNDS):
            next_body = fresh_bodies(films, turn)
            requests = [post("/recommend", next_body()) for _ in range(2_000)]
            if turn % 2:
                alone, both = _alone(one, requests), _shared(two, requests, counts)
            else:
                both, alone = _shared(two, requests, counts), _alone(one, requests)
            ratios.append(both.cpu_ms / alone.cpu_ms)
            rates.append(both.a_second / alone.a_second)
    share = max(counts.values()) / counts.total()
    yield Finding("two workers get 45 to 55 % of the requests each", f"{share:.1%} and {1 - share:.1%} of "
                  f"{counts.total()} by eight connections", share <= MAX_SHARE)  # fmt: skip
    yield Finding("an answer of two costs at most 1.05 of one's CPU", f"median {median(ratios):.3f} "
                  f"({min(ratios):.3f} to {max(ratios):.3f}), {median(rates):.2f} times the answers a second",
                  median(ratios) <= MAX_COST)  # fmt: skip


def _port(server: Served) -> int:
    return int(server.url.rpartition(":")[2])


def _alone(server: Served, requests: list[bytes]) -> Spent:
    return load(_port(server), [server.process.pid], requests, ROUND_S)


def _shared(server: Served, requests: list[bytes], counts: Counter[int]) -> Spent:
    """The cost of two workers and their supervisor; adds each worker's requests to ``counts``."""
    holders: dict[int, int] = {}
    pids = [server.process.pid, *workers_of(server)]
    spent = load(_port(server), pids, requests, ROUND_S, lambda ports: holders.update(worker_of_each(server, ports)))
    for port, count in spent.requests.items():
        counts[holders[port]] += count
    return spent
