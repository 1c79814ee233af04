import threading

import pytest

from data_jobs.bench import over_http
from data_jobs.bench.mix import Sent, get, post
from data_jobs.bench.over_http import BenchFailed, Times, ask_all
from tests.data_jobs.bench.kit import FRESH, ScriptedServer, small_requests


class Memory:
    """Remembers what was asked, and forgets a person who likes something: what a cache does."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.likes = 0
        self._lock = threading.Lock()

    def __call__(self, path, body):
        if path == "/feedback":
            with self._lock:
                self.likes += 1
                self.known.pop(body["user_id"], None)
            return 202, {}
        if body is None:
            return 200, {}
        with self._lock:
            user = body.get("user_id", "")
            cached = self.known.get(user) == str(body)
            self.known[user] = str(body)
        return 200, FRESH | {"cached": cached}


def test_every_request_is_timed_under_its_kind():
    requests = small_requests()
    sent = [requests.make(kind) for kind in ("seeds", "similar", "seeds", "feedback")]
    with ScriptedServer(lambda path, body: (202 if path == "/feedback" else 200, FRESH)) as server:
        times = ask_all(server, sent, cached=False)
    assert {kind: len(of_kind) for kind, of_kind in times.of_kind.items()} == {"seeds": 2, "similar": 1, "feedback": 1}
    assert times.count == 4
    assert times.cpu_ms == pytest.approx(2)
    figures = times.figures(["seeds", "similar"])
    assert figures["n"] == 3
    assert figures["p50"] > 0
    assert figures["cpu_p50"] == pytest.approx(2, abs=0.1)


def test_where_cpu_time_cannot_be_read_there_are_no_figures_of_it():
    with ScriptedServer() as server:
        server.cpu = None
        times = ask_all(server, [small_requests().make("seeds")])
    assert times.cpu_ms is None
    assert set(times.figures(["seeds"])) == {"n", "p50", "p95", "p99"}


def test_what_is_not_cpu_time_is_waiting_and_never_less_than_nothing():
    times = Times()
    times.add("seeds", 0.010, 0.004)
    times.add("seeds", 0.010, 0.004)
    times.add("similar", 0.002, 0.003)
    seeds, similar = times.figures(["seeds"]), times.figures(["similar"])
    assert (seeds["p50"], seeds["cpu_p50"], seeds["wait_p50"]) == (10, 4, 6)
    assert (similar["p50"], similar["cpu_p95"], similar["wait_p95"]) == (2, 3, 0)


def test_cpu_time_counts_for_the_request_in_which_it_was_used():
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


def test_a_degraded_answer_is_none_to_be_timed():
    def answer(path, body):
        return 200, FRESH | {"degraded": ["encoder: none"]}

    message = "of kind free_text got a degraded response"
    with ScriptedServer(answer) as server, pytest.raises(BenchFailed, match=message):
        ask_all(server, [small_requests().make("free_text")])


@pytest.mark.parametrize(("cached", "words"), [(True, "came from the cache"), (False, "was computed, not taken")])
def test_an_answer_from_the_wrong_place_stops_the_bench(cached, words):
    with ScriptedServer(lambda path, body: (200, FRESH | {"cached": cached})) as server:
        with pytest.raises(BenchFailed, match=words):
            ask_all(server, [small_requests().make("person_5")], cached=not cached)
        assert ask_all(server, [small_requests().make("person_5")], cached=cached).count == 1


def test_the_first_answer_is_one_fresh_request():
    with ScriptedServer() as server:
        assert over_http.first_answer(server, small_requests().make("person_50")) > 0
        assert [path for path, _ in server.asked] == ["/recommend"]


def test_the_floor_asks_whether_it_lives():
    with ScriptedServer() as server:
        assert over_http.floor(server, 7)["n"] == 7
        assert {path for path, _ in server.asked} == {"/health/live"}


def test_the_hit_ratio_counts_answers_from_the_cache():
    memory = Memory()
    with ScriptedServer(memory) as server:
        ratio = over_http.hit_ratio(server, small_requests(), 400)
        answers = sum(path == "/recommend" for path, _ in server.asked)
    assert 5 <= memory.likes <= 40
    assert answers == 400 - memory.likes
    assert 0.5 < ratio < 1


def test_what_was_asked_before_is_no_hit():
    requests, memory = small_requests(), Memory()
    with ScriptedServer(memory) as server:
        over_http.warm(server, requests.repeated(100))
        assert over_http.hit_ratio(server, requests, 1) == 0


def test_a_like_that_is_refused_stops_the_bench():
    def answer(path, body):
        return (404 if path == "/feedback" else 200), FRESH

    with ScriptedServer(answer) as server, pytest.raises(BenchFailed, match="of kind feedback returned 404"):
        over_http.hit_ratio(server, small_requests(), 200)


def test_without_a_cache_the_hit_ratio_is_none():
    with ScriptedServer(lambda path, body: (202 if path == "/feedback" else 200, FRESH)) as server:
        assert over_http.hit_ratio(server, small_requests(), 30) == 0


def test_throughput_asks_everything_once_over_all_connections():
    sent = small_requests().mixed(50, ("seeds", "anonymous"))
    with ScriptedServer() as server:
        rate = over_http.throughput(server, sent, cached=False, connections=4)
        bodies = [str(body) for path, body in server.asked if path == "/recommend"]
        greetings = sum(path == "/health/live" for path, _ in server.asked)
    assert rate > 0
    assert len(bodies) == len(set(bodies)) == len(sent)
    assert greetings == 4


def test_a_failure_on_one_connection_fails_the_whole():
    def answer(path, body):
        return (500, {}) if body and body.get("user_id") == "bad" else (200, FRESH)

    sent = [Sent("seeds", post("/recommend", {"user_id": name})) for name in ("good", "bad", "good", "good")]
    with ScriptedServer(answer) as server, pytest.raises(BenchFailed, match="returned 500"):
        over_http.throughput(server, sent, cached=False, connections=4)


def test_a_server_that_is_gone_before_the_start_fails_and_leaves_no_thread():
    threads = threading.active_count()
    with ScriptedServer(lambda path, body: (200, FRESH)) as server:
        sent = [Sent("seeds", get("/x"))] * 4
        server.connect = Gone()
        with pytest.raises(BenchFailed, match="gone"):
            over_http.throughput(server, sent, cached=False, connections=4)
    assert threading.active_count() == threads


class Gone:
    def __call__(self):
        raise BenchFailed("gone")


def test_warm_asks_twice_so_that_all_is_cached_afterwards():
    requests = small_requests()
    people = requests.repeated(5)
    with ScriptedServer(Memory()) as server:
        over_http.warm(server, people)
        assert ask_all(server, people, cached=True).count == 5
