"""A person's history from another service, and films by name, on the command line."""

from pathlib import Path

import pytest

from tests.cli.conftest import Marquee

CASES = Path(__file__).parents[1] / "data" / "cases"
# TMDB rows in which every person has a single film.
SINGLE = CASES / "F02" / "tmdb_api"
LETTERBOXD = CASES / "F05" / "letterboxd"
EXPORT = LETTERBOXD / "letterboxd-export.zip"


@pytest.fixture
def built(marquee: Marquee, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Marquee:
    """Forty films in the MovieLens layout; two are called Emma and are from the same year."""
    monkeypatch.setenv("MARQUEE_HOME", str(tmp_path / "home"))
    assert marquee("build", "--movielens", str(CASES / "base"), "--encoder", "none").code == 0
    return marquee


def test_a_letterboxd_export_becomes_recommendations(built: Marquee) -> None:
    document = built("users", "import", str(EXPORT), "--user", "me", "--json").json
    stored = built("users", "export", "me").json
    assert {event["item_id"] for event in stored["events"]} == {"2", "12", "17", "19", "35", "3", "18", "39", "40"}
    (emma,) = document["doubtful"]
    assert (emma["title"], emma["year"]) == ("Emma", 1996)
    assert {film["item_id"] for film in emma["candidates"]} == {"20", "21"}
    assert (document["films"], document["stored"], document["unmatched_films"]) == (9, 9, 0)
    assert document["recommendations"]
    again = built("users", "import", str(EXPORT), "--user", "me")
    assert "Stored 0 events; 9 already stored." in again.out
    assert "Emma (1996), ratings.csv, line " in again.out
    assert built("users", "export", "me").json["events"] == stored["events"]
    assert built("users", "erase", "me", "--yes").code == 0
    assert built("users", "export", "me").code == 1


def test_one_table_of_the_export_is_an_export_too(built: Marquee) -> None:
    events_of = {}
    for name in ("ratings.csv", "diary.csv", "watched.csv"):
        assert built("users", "import", str(LETTERBOXD / name), "--user", name, "--json").json["films"] == 9
        events_of[name] = {event["item_id"]: event for event in built("users", "export", name).json["events"]}
    assert {name: events_of[name]["2"]["event"] for name in events_of} == {
        "ratings.csv": "rating", "diary.csv": "rating", "watched.csv": "watch"
    }  # fmt: skip
    assert events_of["ratings.csv"].keys() == {"2", "12", "17", "19", "35", "3", "18", "39", "40"}
    folder = built("users", "import", str(LETTERBOXD), "--user", "folder", "--json").json
    assert (folder["films"], folder["doubtful_films"]) == (9, 1)


def test_other_titles_titles_with_a_year_and_ids(built: Marquee) -> None:
    def first(query: str) -> str:
        return built("films", query, "--json").json["items"][0]["title"]

    assert first("Heat (1995)") == first("haet") == first("tt0113277") == first("tmdb:949") == "Heat"
    assert first("Se7en") == "Seven"
    assert built("films", "zzzqqq").out == "No film matches 'zzzqqq'.\n"
    assert "0113277" in built("films", "heat").out
    assert built("feedback", "a", "tmdb:949", "like").code == 0
    assert built("users", "export", "a").json["events"][0]["item_id"] == "2"
    assert built("similar", "tt0113277").out.startswith("Like Heat:")


@pytest.mark.usefixtures("home")
def test_a_file_that_is_not_an_export_is_refused(marquee: Marquee, tmp_path: Path) -> None:
    path = tmp_path / "films.csv"
    path.write_text("a,b\n1,2\n")
    done = marquee("users", "import", str(path), "--user", "me")
    assert (done.code, "not a known export" in done.err) == (1, True)
    assert marquee("users", "import", str(tmp_path / "none.zip"), "--user", "me").code == 1


def test_an_exact_title_of_one_letter_comes_first(built: Marquee) -> None:
    assert built("films", "M", "--json").json["items"][0]["title"] == "M"


def test_a_query_without_matches_is_reported(built: Marquee) -> None:
    answer = built("recommend", "--query", "zzzzqqq xxyy", "-k", "1", "--json").json
    assert answer["matched"] == 0
    assert answer["items"][0]["reason"] == ["Popular; nothing matched"]
    assert answer["items"][0]["match"] is False


@pytest.mark.parametrize("query", ["Ada Northwood", "films by Ada Northwood", "Bela Southgate"])
def test_a_director_or_actor_of_a_single_film_is_found_by_name(
    marquee: Marquee, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setenv("MARQUEE_HOME", str(tmp_path / "home"))
    text = (SINGLE / "tmdb.jsonl").read_text()
    metadata = tmp_path / "tmdb.jsonl"
    metadata.write_text(text.replace('"Director 2"', '"Ada Northwood"').replace('"Actor 2"', '"Bela Southgate"'))
    assert marquee("build", "--movielens", str(SINGLE), "--tmdb", str(metadata), "--encoder", "none").code == 0
    answer = marquee("recommend", "--query", query, "-k", "1", "--json").json
    assert (answer["items"][0]["title"], answer["items"][0]["match"], answer["matched"]) == ("Heat", True, 1)
