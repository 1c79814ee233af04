import json
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_jobs.bench.bench_people import make_people
from data_jobs.bench.mix import (
    FREE_TEXT,
    LENGTHS,
    NOT_RECOMMEND,
    RECOMMEND,
    TYPICAL,
    WEIGHTS,
    Requests,
    get,
    people_needed,
    post,
)
from services.api.app.schemas.models import FeedbackBody, RecommendBody
from tests.builders import make_catalogue
from tests.data_jobs.bench.kit import small_requests

PEOPLE = tuple(f"person_{length}" for length in LENGTHS)


def split(raw):
    """Return method, path and JSON body of raw bytes."""
    head, _, body = raw.partition(b"\r\n\r\n")
    method, path, version = head.split(b"\r\n")[0].decode().split(" ")
    assert version == "HTTP/1.1"
    headers = dict(line.split(b": ") for line in head.split(b"\r\n")[1:])
    assert int(headers.get(b"content-length", 0)) == len(body)
    return method, path, json.loads(body) if body else None


def test_the_weights_are_per_cent_and_every_kind_is_in_one_group():
    assert sum(WEIGHTS.values()) == 100
    assert set(RECOMMEND) | NOT_RECOMMEND == set(WEIGHTS)
    assert not set(RECOMMEND) & NOT_RECOMMEND
    assert tuple(kind for kind in WEIGHTS if kind.startswith("person_")) == PEOPLE
    assert FREE_TEXT in RECOMMEND


@pytest.mark.parametrize("kind", RECOMMEND)
def test_requests_to_recommend_are_valid_and_unique(kind):
    requests = small_requests()
    bodies = []
    for _ in range(30):
        method, path, body = split(requests.make(kind).raw)
        assert (method, path) == ("POST", "/recommend")
        RecommendBody.model_validate(body)
        bodies.append(json.dumps(body, sort_keys=True))
    assert len(set(bodies)) == 30


def test_requests_of_all_passes_are_unique_and_diversity_barely_changes():
    requests = small_requests()
    bodies = [split(sent.raw)[2] for _ in range(3) for sent in requests.mixed(300, RECOMMEND)]
    values = [body["diversity"] for body in bodies]
    assert len(set(values)) == len(values)
    assert 0.2 <= min(values) < max(values) < 0.21


def test_people_of_a_kind_have_that_many_events_and_take_turns():
    catalogue = make_catalogue(400)
    people = make_people(catalogue, dict.fromkeys(LENGTHS, 3))
    requests = Requests(catalogue, people)
    user_ids = [split(requests.make("person_50").raw)[2]["user_id"] for _ in range(6)]
    assert user_ids == [person.user_id for person in people[50]] * 2
    assert {len(person.events) for person in people[50]} == {50}


@pytest.mark.parametrize(
    ("kind", "field"), [("seeds", "liked"), ("filters", "filters"), ("explain", "explain"), ("free_text", "query")]
)
def test_a_kind_sets_its_field(kind, field):
    body = split(small_requests().make(kind).raw)[2]
    assert body[field]


def test_an_anonymous_request_has_no_person_or_films():
    assert set(split(small_requests().make("anonymous").raw)[2]) == {"k", "diversity"}


def test_the_other_kinds_have_their_own_endpoints():
    requests = small_requests()
    method, path, _ = split(requests.make("similar").raw)
    assert (method, urlsplit(path).path) == ("GET", "/similar")
    assert parse_qs(urlsplit(path).query)["item_id"][0].startswith("f")
    method, path, _ = split(requests.make("type_ahead").raw)
    assert (method, urlsplit(path).path) == ("GET", "/films")
    assert parse_qs(urlsplit(path).query)["q"][0]
    method, path, body = split(requests.make("feedback").raw)
    assert (method, path) == ("POST", "/feedback")
    FeedbackBody.model_validate(body)


@settings(max_examples=20)
@given(st.integers(1, 400))
def test_a_pass_has_every_kind_in_proportion(size):
    kinds = Counter(sent.kind for sent in small_requests().mixed(size))
    assert set(kinds) == set(WEIGHTS)
    for kind, weight in WEIGHTS.items():
        assert abs(kinds[kind] - max(1, size * weight / 100)) <= 1


def test_a_pass_of_some_kinds_has_no_others_and_the_same_length():
    sent = small_requests().mixed(100, PEOPLE)
    assert {request.kind for request in sent} == set(PEOPLE)
    assert abs(len(sent) - 100) <= len(PEOPLE)


def test_the_same_seed_makes_the_same_requests():
    first, second = (small_requests().mixed(50) for _ in range(2))
    assert first == second


def test_a_repeated_request_is_the_same_bytes_and_names_its_person():
    requests = small_requests()
    first, again = requests.repeated(5), requests.repeated(5)
    assert first == again
    assert len({sent.raw for sent in first}) == 5
    assert [split(sent.raw)[2]["user_id"] for sent in first] == [sent.user_id for sent in first]
    assert all(sent.user_id.startswith(f"bench-{TYPICAL}-") for sent in first)


@given(st.integers(1, 100_000))
def test_there_are_enough_people_for_a_pass(requests):
    needed = people_needed(requests)
    assert set(needed) == set(LENGTHS)
    for length, people in needed.items():
        assert people >= 10
        assert people >= requests * WEIGHTS[f"person_{length}"] // 100


def test_free_text_is_a_title_or_a_phrase():
    requests = small_requests()
    queries = {requests.query() for _ in range(60)}
    assert any(query.startswith("Film ") for query in queries)
    assert any("heist" in query or "revenge" in query for query in queries)


def test_a_catalogue_without_keywords_is_searched_by_titles():
    catalogue = make_catalogue(60)
    requests = Requests(catalogue, make_people(catalogue, people_needed(10)))
    requests._keywords.clear()
    assert all(requests.query().startswith("Film ") for _ in range(20))


def test_raw_requests_are_http():
    assert get("/version") == b"GET /version HTTP/1.1\r\nhost: localhost\r\n\r\n"
    assert split(post("/x", {"a": "é"})) == ("POST", "/x", {"a": "é"})
