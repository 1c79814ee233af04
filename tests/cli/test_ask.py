"""recommend, similar, feedback: the same responses as over HTTP."""

import json
from pathlib import Path

import pytest

from data_jobs.sample.load import sample_files
from services.cli.open_services import open_services
from services.recommender.domain.request import Request
from tests.cli.conftest import Marquee

FILMS = [film for path in sample_files() for film in map(json.loads, path.read_text("utf-8").splitlines())]
RUNTIMES = {film["item_id"]: film["runtime"] for film in FILMS}
TITLES = {film["item_id"]: film["title"] for film in FILMS}

pytestmark = pytest.mark.usefixtures("home")


def test_recommend_as_a_table_and_as_json(marquee: Marquee) -> None:
    done = marquee("recommend", "--k", "5")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].split() == ["id", "film", "score", "why"]
    assert len(lines) == 6
    document = marquee("recommend", "--k", "5", "--json").json
    assert [item["item_id"] for item in document["items"]] == [line.split()[0] for line in lines[1:]]
    assert document["strategy"] == "popular"


def test_the_next_response_uses_a_like(marquee: Marquee) -> None:
    film = marquee("recommend", "--user", "ann", "--k", "1", "--json").json["items"][0]["item_id"]
    stored = marquee("feedback", "ann", film, "like", "--json")
    assert stored.code == 0
    assert stored.json["duplicate"] is False
    assert "Already stored" in marquee("feedback", "ann", film, "like").out
    answer = marquee("recommend", "--user", "ann", "--json").json
    assert answer["strategy"] == "personal"
    assert film not in [item["item_id"] for item in answer["items"]]


def test_only_given_films_are_recommended(marquee: Marquee) -> None:
    films = [item["item_id"] for item in marquee("recommend", "--k", "30", "--json").json["items"]]
    shelf = [option for film in films[20:23] for option in ("--only", film)]
    document = marquee("recommend", *shelf, "--only", "nope", "--json").json
    assert {item["item_id"] for item in document["items"]} == set(films[20:23])
    assert document["ignored_ids"] == ["nope"]


def test_familiarity_changes_the_films(marquee: Marquee) -> None:
    obscure, famous = (
        {item["item_id"] for item in marquee("recommend", "--familiarity", level, "--json").json["items"]}
        for level in "01"
    )
    assert not obscure & famous


def test_a_query_is_printed_as_understood(marquee: Marquee) -> None:
    done = marquee("recommend", "--query", "hitchcock films before 1960 with a murder", "--k", "3")
    assert done.out.startswith(
        "Understood: search for “murder”; Alfred Hitchcock [person:alfred hitchcock]; until 1959 [year:-1959]. "
    )
    document = marquee("recommend", "--query", "hitchcock films before 1960", "--k", "3", "--json").json
    assert [condition["id"] for condition in document["understood"]["conditions"]] == [
        "person:alfred hitchcock", "year:-1959",
    ]  # fmt: skip
    assert all(item["match"] and item["year"] < 1960 for item in document["items"])
    assert document["matched"] >= 3


def test_conditions_can_be_switched_off(marquee: Marquee) -> None:
    query = ("recommend", "--query", "western films before 1960", "--json")
    without = marquee(*query, "--ignore", "year:-1959").json
    assert [condition["id"] for condition in without["understood"]["conditions"]] == ["genre:western"]
    plain = marquee(*query, "--plain").json
    assert plain["understood"] == {"text": "western films before 1960", "conditions": []}


def test_a_query_without_matches_is_reported(marquee: Marquee) -> None:
    done = marquee("recommend", "--query", "asdfgh qwerty", "--k", "2")
    assert done.out.splitlines()[:2] == [
        "Understood: search for “asdfgh qwerty”. 0 films match.",
        "Nothing matches; showing the closest or the most popular films.",
    ]


def test_a_response_without_a_query_has_no_fields_of_one(marquee: Marquee) -> None:
    document = marquee("recommend", "--json").json
    assert not {"understood", "matched"} & set(document)
    assert not any("match" in item for item in document["items"])


def test_options_reach_the_request(marquee: Marquee) -> None:
    options = (
        "--genre",
        "sci-fi",
        "--not-genre",
        "Comedy",
        "--year-from",
        "1970",
        "--year-to",
        "1999",
        "--runtime-to",
        "120",
        "--language",
        "en",
    )
    document = marquee("recommend", "--liked", "1", "--diversity", "0", "--k", "4", *options, "--json").json
    assert document["strategy"] == "seeds"
    for item in document["items"]:
        assert "Science Fiction" in item["genres"]
        assert "Comedy" not in item["genres"]
        assert 1970 <= item["year"] <= 1999
        assert RUNTIMES[item["item_id"]] <= 120
    scores = [item["score"] for item in document["items"]]
    assert scores == sorted(scores, reverse=True)
    first = document["items"][0]["item_id"]
    rest = marquee(
        "recommend", "--liked", "1", "--diversity", "0", "--k", "4", *options, "--exclude", first, "--json"
    ).json
    assert first not in [item["item_id"] for item in rest["items"]]


def test_pages(marquee: Marquee) -> None:
    first = marquee("recommend", "--k", "5", "--json").json
    second = marquee("recommend", "--k", "5", "--cursor", first["next_cursor"], "--json").json
    assert not {item["item_id"] for item in first["items"]} & {item["item_id"] for item in second["items"]}


def test_trace_shows_strategy_stages_and_signals(marquee: Marquee) -> None:
    done = marquee("recommend", "--liked", "1", "--k", "3", "--trace")
    assert "strategy seeds" in done.out
    assert "rank" in done.out
    assert "ranked 5" in done.out
    document = marquee("recommend", "--liked", "2", "--k", "3", "--trace", "--json").json
    assert document["trace_ms"]
    assert all(item["signals"] and item["explanation"] for item in document["items"])


def test_trace_is_a_table_of_signals_that_sum_to_the_ranking_score(marquee: Marquee) -> None:
    lines = marquee("recommend", "--liked", "1", "--k", "3", "--diversity", "0", "--trace").out.splitlines()
    heading = next(at for at, line in enumerate(lines) if line.startswith("id") and line.endswith("sum"))
    names = lines[heading].split()[2:]
    rows = [line.split()[-len(names) :] for line in lines[heading + 1 :]]
    assert "collaborative" in names
    assert len(rows) == 3
    sums = [float(row[-1]) for row in rows]
    assert [sum(map(float, row[:-1])) for row in rows] == pytest.approx(sums, abs=0.01)
    assert sums == sorted(sums, reverse=True)


def test_why_not_gives_a_films_rank_or_why_it_is_missing(marquee: Marquee) -> None:
    command = ("recommend", "--liked", "1", "--k", "5", "--diversity", "0")
    items = marquee(*command, "--json").json["items"]
    explanation = marquee(*command, "--why-not", items[2]["title"], "--json").json["why_not"]
    assert (explanation["item_id"], explanation["place"]) == (items[2]["item_id"], 3)
    assert explanation["signals"]
    assert "at rank 3" in marquee(*command, "--why-not", items[2]["title"]).out
    assert "given with the request" in marquee(*command, "--why-not", TITLES["1"]).out
    assert "filters" in marquee(*command, "--year-to", "1900", "--why-not", items[2]["title"]).out
    assert "--only" in marquee(*command, "--only", items[0]["item_id"], "--why-not", items[2]["title"]).out
    assert "No film matches" in marquee(*command, "--why-not", "zzqqxx").out


def test_why_not_shows_the_signals_next_to_the_tenth_films(marquee: Marquee) -> None:
    command = ("recommend", "--liked", "1", "--k", "20", "--diversity", "0")
    items = marquee(*command, "--json").json["items"]
    explanation = marquee(*command, "--why-not", items[14]["title"], "--json").json["why_not"]
    assert (explanation["reason"], explanation["place"]) == ("ranked", 15)
    assert explanation["candidates"] > 100
    assert (explanation["beside"]["place"], explanation["beside"]["item_id"]) == (10, items[9]["item_id"])
    assert sum(explanation["beside"]["signals"].values()) > sum(explanation["signals"].values())
    lines = marquee(*command, "--why-not", items[14]["title"]).out.splitlines()
    assert f"10. {items[9]['title']}" in lines[-2]
    assert f"15. {items[14]['title']}" in lines[-1]
    assert "sum" in lines[-3]


def test_why_not_compares_with_the_last_film_of_a_short_list(marquee: Marquee) -> None:
    command = ("recommend", "--liked", "1", "--k", "10", "--diversity", "0")
    items = marquee(*command, "--json").json["items"]
    tenth = items[9]
    lines = marquee(*command, "--why-not", tenth["title"]).out.splitlines()
    assert sum("10. " in line for line in lines) == 1
    shelf = ("--only", items[2]["item_id"], "--only", items[5]["item_id"])
    explanation = marquee(*command, *shelf, "--why-not", items[2]["title"], "--json").json["why_not"]
    assert explanation["beside"]["place"] == explanation["candidates"] == 2


def test_why_not_reports_a_film_that_no_retriever_returned(marquee: Marquee) -> None:
    with open_services() as services:
        request = Request(liked=("1",), k=100_000)
        candidates = {item.row for item in services.recommender.trace(request).items}
        catalogue = services.recommender.releases.current().bundle.catalogue
        missing = [catalogue.titles[row] for row in range(len(catalogue)) if row not in candidates and row]
        title = next(each for each in missing if services.recommender.films(each, 1)["items"][0]["title"] == each)
    explanation = marquee("recommend", "--liked", "1", "--why-not", title, "--json").json["why_not"]
    assert (explanation["reason"], explanation["place"]) == ("not_retrieved", None)
    assert "No retriever returned it" in explanation["said"]
    assert f"among the {len(candidates)} candidates" in explanation["said"]
    assert "by traits" in explanation["said"]
    assert f"-. {title}" in marquee("recommend", "--liked", "1", "--why-not", title).out.splitlines()[-1]


def test_why_not_distinguishes_the_reasons(marquee: Marquee) -> None:
    item = marquee("recommend", "--user", "eve", "--k", "1", "--json").json["items"][0]
    film, title = item["item_id"], item["title"]

    def why(*options: str) -> dict:
        return marquee("recommend", "--user", "eve", *options, "--why-not", title, "--json").json["why_not"]

    assert why("--exclude", film)["reason"] == "excluded"
    assert why("--exclude", f"tmdb:{item['tmdb_id']}")["reason"] == "excluded"
    assert why("--disliked", film)["reason"] == "given"
    assert why("--tmdb-id", str(item["tmdb_id"]))["reason"] == "given"
    assert why("--only", "nonsense", "--only", film)["reason"] == "ranked"
    marquee("feedback", "eve", film, "like")
    both = why("--year-to", "1900")
    assert both["reason"] == "filtered"
    assert "already seen" in both["said"], "without the filters it would still be left out"
    assert why()["reason"] == "seen"
    assert why("--include-seen")["reason"] == "ranked"
    marquee("feedback", "eve", film, "dislike")
    assert why("--include-seen")["reason"] == "disliked"


def test_why_not_reports_a_film_that_is_not_for_children(marquee: Marquee) -> None:
    (film,) = [item_id for item_id, title in TITLES.items() if title == "Toy Story"]
    explanation = marquee("recommend", "--liked", film, "--why-not", "The Silence of the Lambs", "--json").json[
        "why_not"
    ]
    assert explanation["reason"] == "not_for_children"


def test_why_not_reports_a_film_that_the_query_excludes(marquee: Marquee) -> None:
    explanation = marquee("recommend", "--query", "no horror", "--why-not", "The Shining", "--json").json["why_not"]
    assert explanation["title"] == "The Shining"
    assert explanation["reason"] == "not_meant"


def test_trace_counts_films_left_out_for_a_child(marquee: Marquee) -> None:
    (film,) = [item_id for item_id, title in TITLES.items() if title == "Toy Story"]
    assert "not_for_children" in marquee("recommend", "--liked", film, "--trace").out


def test_unknown_ids_are_named(marquee: Marquee) -> None:
    assert "nonsense" in marquee("recommend", "--liked", "nonsense", "--liked", "1").out
    done = marquee("recommend", "--liked", "nonsense")
    assert done.code == 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("recommend", "--k", "101"), "k must be between 1 and 100; got 101"),
        (("recommend", "--genre", "Sports"), "must be one of"),
        (("recommend", "--diversity", "2"), "diversity"),
        (("feedback", "ann", "1", "love"), "event must be"),
        (("feedback", "ann", "1", "rating", "--value", "7"), "0.5 and 5"),
        (("feedback", "ann", "1", "rating"), "0.5 and 5"),
    ],
)
def test_the_rules_of_the_api_apply(marquee: Marquee, arguments: tuple[str, ...], expected: str) -> None:
    done = marquee(*arguments)
    assert done.code == 2
    assert expected in done.err


def test_similar(marquee: Marquee) -> None:
    done = marquee("similar", "1", "-k", "3", "--json")
    assert done.code == 0
    assert len(done.json["items"]) == 3
    assert marquee("similar", "1").out.startswith("Like ")
    unknown = marquee("similar", "no-such-film")
    assert unknown.code == 1
    assert "no-such-film" in unknown.err


def test_feedback_on_an_unknown_film(marquee: Marquee, home: Path) -> None:
    done = marquee("feedback", "ann", "no-such-film", "like")
    assert done.code == 1
    assert "no-such-film" in done.err
