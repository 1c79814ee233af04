import threading

import pytest

from data_jobs.bench import over_http
from data_jobs.bench.mix import RawRequest, get, post
from data_jobs.bench.over_http import BenchFailed, Times, ask_all
from tests.data_jobs.bench.kit import FRESH, ScriptedServer, small_requests


class FakeCache:
    """Cache the last request of each person; a like invalidates it."""

    def __init__(self) -> None:
        self.last_bodies: dict[str, str] = {}
        self.likes = 0
        self._lock = threading.Lock()

    def __call__(self, path, body):
        if path == "/feedback":
            with self._lock:
                self.likes += 1
                self.last_bodies.pop(body["user_id"], None)
            return 202, {}
        if body is None:
            return 200, {}
        with self._lock:
            user = body.get("user_id", "")
            cached = self.last_bodies.get(user) == str(body)
            self.last_bodies[user] = str(body)
        return 200, FRESH | {"cached": cached}


def test_every_request_is_timed_under_its_kind():
    requests = small_requests()
    sent = [requests.make(kind) for kind in ("seeds", "similar", "seeds", "feedback")]
    with ScriptedServer(lambda path, body: (202 if path == "/feedback" else 200, FRESH)) as server:
        times = ask_all(server, sent, cached=False)
    assert {kind: len(wall) for kind, wall in times.wall.items()} == {"seeds": 2, "similar": 1, "feedback": 1}
    assert times.count == 4
    assert times.cpu_ms == pytest.approx(2)
    figures = times.figures(["seeds", "similar"])
    assert figures["n"] == 3
    assert figures["p50"] > 0
    assert figures["cpu_p50"] == pytest.approx(2, abs=0.1)


def test_unreadable_cpu_time_gives_no_cpu_figures():
    with ScriptedServer() as server:
        server.cpu = None
        times = ask_all(server, [small_requests().make("seeds")])
    assert times.cpu_ms is None
    assert set(times.figures(["seeds"])) == {"n", "p50", "p95", "p99"}


def test_time_without_cpu_is_waiting_and_never_negative():
    times = Times()
    times.add("seeds", 0.010, 0.004)
    times.add("seeds", 0.010, 0.004)
    times.add("similar", 0.002, 0.003)
    seeds, similar = times.figures(["seeds"]), times.figures(["similar"])
    assert (seeds["p50"], seeds["cpu_p50"], seeds["wait_p50"]) == (10, 4, 6)
    assert (similar["p50"], similar["cpu_p95"], similar["wait_p95"]) == (2, 3, 0)


def test_cpu_time_is_assigned_to_the_request_that_used_it():
    sent = [small_requests().make(kind) for kind in ("seeds", "similar")]
    with ScriptedServer() as server:
        times = ask_all(server, sent)
    assert times.cpu == {"seeds": [pytest.approx(0.002)], "similar": [pytest.approx(0.002)]}
    assert times.cpu_s == pytest.approx(0.004)


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_an_error_stops_the_bench_and_is_shown(status):
    def answer(path, body):
        return status if body else 200, {"detail": "no such film"}

    message = f"of kind seeds returned {status}: .*no such film"
    with ScriptedServer(answer) as server, pytest.raises(BenchFailed, match=message):
        ask_all(server, [small_requests().make("seeds")])


def test_a_degraded_answer_stops_the_bench():
    def answer(path, body):
        return 200, FRESH | {"degraded": ["encoder: none"]}

    message = "of kind free_text got a degraded response"
    with ScriptedServer(answer) as server, pytest.raises(BenchFailed, match=message):
        ask_all(server, [small_requests().make("free_text")])


@pytest.mark.parametrize(("cached", "words"), [(True, "came from the cache"), (False, "was computed, not taken")])
def test_an_unexpected_cache_state_stops_the_bench(cached, words):
    with ScriptedServer(lambda path, body: (200, FRESH | {"cached": cached})) as server:
        with pytest.raises(BenchFailed, match=words):
            ask_all(server, [small_requests().make("person_5")], cached=not cached)
        assert ask_all(server, [small_requests().make("person_5")], cached=cached).count == 1


def test_the_first_answer_is_one_fresh_request():
    with ScriptedServer() as server:
        assert over_http.first_answer(server, small_requests().make("person_50")) > 0
        assert [path for path, _ in server.requests] == ["/recommend"]


def test_the_floor_measures_the_liveness_check():
    with ScriptedServer() as server:
        assert over_http.floor(server, 7)["n"] == 7
        assert {path for path, _ in server.requests} == {"/health/live"}


def test_the_hit_ratio_counts_answers_from_the_cache():
    cache = FakeCache()
    with ScriptedServer(cache) as server:
        ratio = over_http.hit_ratio(server, small_requests(), 400)
        answers = sum(path == "/recommend" for path, _ in server.requests)
    assert 5 <= cache.likes <= 40
    assert answers == 400 - cache.likes
    assert 0.5 < ratio < 1


def test_requests_cached_for_another_measurement_are_no_hits():
    requests, cache = small_requests(), FakeCache()
    with ScriptedServer(cache) as server:
        over_http.warm(server, requests.repeated(100))
        assert over_http.hit_ratio(server, requests, 1) == 0


def test_a_like_that_is_refused_stops_the_bench():
    def answer(path, body):
        return (404 if path == "/feedback" else 200), FRESH

    with ScriptedServer(answer) as server, pytest.raises(BenchFailed, match="of kind feedback returned 404"):
        over_http.hit_ratio(server, small_requests(), 200)


def test_without_a_cache_the_hit_ratio_is_zero():
    with ScriptedServer(lambda path, body: (202 if path == "/feedback" else 200, FRESH)) as server:
        assert over_http.hit_ratio(server, small_requests(), 30) == 0


def test_throughput_sends_every_request_once_over_all_connections():
    sent = small_requests().mixed(50, ("seeds", "anonymous"))
    with ScriptedServer() as server:
        rate = over_http.throughput(server, sent, cached=False, connections=4)
        bodies = [str(body) for path, body in server.requests if path == "/recommend"]
        live_checks = sum(path == "/health/live" for path, _ in server.requests)
    assert rate > 0
    assert len(bodies) == len(set(bodies)) == len(sent)
    assert live_checks == 4


def test_a_failure_on_one_connection_fails_the_measurement():
    def answer(path, body):
        return (500, {}) if body and body.get("user_id") == "bad" else (200, FRESH)

    sent = [RawRequest("seeds", post("/recommend", {"user_id": name})) for name in ("good", "bad", "good", "good")]
    with ScriptedServer(answer) as server, pytest.raises(BenchFailed, match="returned 500"):
        over_http.throughput(server, sent, cached=False, connections=4)


def test_a_failed_connection_before_the_start_fails_and_leaves_no_thread():
    threads = threading.active_count()
    with ScriptedServer(lambda path, body: (200, FRESH)) as server:
        sent = [RawRequest("seeds", get("/x"))] * 4
        server.connect = RefusingConnect()
        with pytest.raises(BenchFailed, match="gone"):
            over_http.throughput(server, sent, cached=False, connections=4)
    assert threading.active_count() == threads


class RefusingConnect:
    def __call__(self):
        raise BenchFailed("gone")


def test_warm_repeats_requests_until_all_are_cached():
    requests = small_requests()
    people = requests.repeated(5)
    with ScriptedServer(FakeCache()) as server:
        over_http.warm(server, people)
        assert ask_all(server, people, cached=True).count == 5
