"""validate and build as verbs."""

import json
from pathlib import Path

import pytest

from data_jobs.build import Order
from data_jobs.sample.load import load_sample
from data_jobs.spark.gram_job import Rules
from data_jobs.validate import Source
from tests.cli.conftest import Marquee
from tests.data_jobs.spark.kit import PARAMS, count_here, write_world
from tests.e2e.kit import bundles


def write_films(path: Path, *rows: dict[str, object]) -> Path:
    films = [{"item_id": f"f{n}", "title": f"Film {n}", "genres": ["Drama"]} for n in range(30)]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*films, *rows]))
    return path


def test_validate_the_sample(marquee: Marquee) -> None:
    done = marquee("validate", "--json")
    assert done.code == 0
    assert done.json["ok"] is True


def test_validate_names_file_line_field_value_and_expectation(marquee: Marquee, tmp_path: Path) -> None:
    films = write_films(tmp_path / "films.jsonl")
    events = tmp_path / "events.csv"
    rows = "user_id,item_id,event,value,ts\n1,f1,like,,2024-01-01\n1,f2,rating,9,2024-01-01\n1,nope,like,,2024-01-01\n"
    events.write_text(rows)
    done = marquee("validate", "--catalogue", str(films), "--events", str(events))
    assert done.code == 1
    assert "events.csv:3: error rating-out-of-range value = '9', expected 0.5" in done.out
    assert "unknown-film" in done.out
    assert "rows" in done.out
    document = marquee("validate", "--catalogue", str(films), "--events", str(events), "--json").json
    assert {summary["code"] for summary in document["summary"]} >= {"rating-out-of-range", "unknown-film"}


def test_validate_unusable_data(marquee: Marquee, tmp_path: Path) -> None:
    (tmp_path / "ml").mkdir()
    (tmp_path / "ml" / "movies.csv").write_text("")
    done = marquee("validate", "--movielens", str(tmp_path / "ml"))
    assert done.code == 1
    assert "movies.csv" in done.err
    assert "Traceback" not in done.err


def test_build_prints_a_summary(marquee: Marquee, empty_home: Path) -> None:
    done = marquee("build", "--encoder", "none")
    assert done.code == 0
    assert "simulated" in done.err
    (version,) = bundles(empty_home)
    names = [line.split()[0] for line in done.out.splitlines() if line]
    assert names[:5] == ["bundle", "films", "people", "events", "size"]
    assert f"{version} (active)" in done.out


def test_build_json_and_no_activate(marquee: Marquee, empty_home: Path, tmp_path: Path) -> None:
    films = write_films(tmp_path / "films.jsonl")
    done = marquee("build", "--encoder", "none", "--catalogue", str(films), "--no-activate", "--json")
    assert done.code == 0
    assert done.json["films"] == 30
    assert done.json["activated"] is False
    assert bundles(empty_home) == [done.json["version"]]
    assert not (empty_home / "current.json").exists()


def test_build_refuses_bad_data_unless_forced(marquee: Marquee, empty_home: Path, tmp_path: Path) -> None:
    films = write_films(tmp_path / "films.jsonl", *({"item_id": f"x{n}"} for n in range(5)))
    refused = marquee("build", "--encoder", "none", "--catalogue", str(films))
    assert refused.code == 1
    assert "marquee validate" in refused.err
    assert bundles(empty_home) == []
    assert marquee("build", "--encoder", "none", "--catalogue", str(films), "--force").code == 0


def test_build_without_an_encoder_says_how_to_get_one(
    marquee: Marquee, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDER_DIR", str(tmp_path))
    done = marquee("build")
    assert done.code == 3
    assert "EMBEDDER_DIR" in done.err
    assert "--encoder none" in done.err


def test_feedback_closes_the_loop(marquee: Marquee, home: Path) -> None:
    before = marquee("build", "--encoder", "none", "--json").json
    marquee("feedback", "ann", "1", "like")
    with_ann = marquee("build", "--encoder", "none", "--events-from-state", "--json").json
    assert with_ann["people"] == before["people"] + 1
    assert "feedback" in with_ann["sources"]
    marquee("users", "erase", "ann", "--yes")
    without = marquee("build", "--encoder", "none", "--events-from-state", "--json").json
    assert without["people"] == before["people"]


@pytest.mark.parametrize("seeded", [True, False])
def test_an_erased_person_of_the_data_is_in_no_later_bundle(marquee: Marquee, home: Path, seeded: bool) -> None:
    if seeded:
        marquee("users", "seed", "--limit", "2")
    before = marquee("build", "--encoder", "none", "--events-from-state", "--json").json
    dataset, _ = load_sample()
    assert marquee("users", "erase", dataset.events.user_ids[0], "--yes").code == (0 if seeded else 1)
    (home / "demo.json").unlink(missing_ok=True)  # the state store alone must suffice
    marquee("feedback", "another-person", "1", "click")
    after = marquee("build", "--encoder", "none", "--events-from-state", "--json").json
    assert after["people"] == before["people"]  # one fewer, and one new
    assert after["version"] != before["version"]
    assert any("1 erased people left out" in note for note in after["notes"])


CASES = Path(__file__).parents[1] / "data" / "cases"


def test_inspect_shows_how_files_are_read_and_builds_nothing(marquee: Marquee, empty_home: Path) -> None:
    done = marquee("inspect", str(CASES / "F07" / "kaggle"))
    assert done.code == 0
    assert "Kaggle The Movies Dataset" in done.out
    assert "movies_metadata.csv: tmdb_id=id, title" in done.out
    assert "not read: adult, budget" in done.out
    assert not any(empty_home.iterdir())
    files = marquee("inspect", str(CASES / "F34" / "scale10"), "--json").json["files"]
    assert {each["file"]: (each["read_as"], each["scale"]) for each in files}["ratings.csv"] == ("events", 10)


def test_inspect_of_other_data_fails(marquee: Marquee, tmp_path: Path) -> None:
    (tmp_path / "stock.csv").write_text("colour,size\nred,1\n")
    done = marquee("inspect", "stock.csv")
    assert (done.code, "not known" in done.out) == (1, True)
    assert marquee("inspect", "stock.csv", "--map", "title=colour").code == 0
    assert marquee("inspect").code == 2
    assert marquee("inspect", "stock.csv", "--map", "titel").code == 2
    assert marquee("build", "--scale", "10").code == 2


def test_build_takes_paths_and_prints_how_they_are_read_and_how_to_seed(marquee: Marquee, empty_home: Path) -> None:
    path = str(CASES / "F34" / "scale10")
    done = marquee("build", "--encoder", "none", path, "--scale", "10")
    assert done.code == 0, done.err
    assert "ratings up to 10" in done.err
    assert f"marquee users seed {path} --scale 10" in done.out
    assert marquee("users", "seed", path, "--scale", "10").code == 0
    assert marquee("recommend", "--user", "1", "-k", "3", "--json").json["strategy"] == "personal"


def test_build_without_events_explains_how_to_add_people(marquee: Marquee, empty_home: Path) -> None:
    done = marquee("build", "--encoder", "none", str(CASES / "F04" / "tmdb_api" / "tmdb_array.json"))
    assert done.code == 0, done.err
    assert "no people are stored" in done.out.splitlines()[-1]
    refused = marquee("users", "seed")
    assert (refused.code, "simulated viewers" in refused.err) == (2, True)


def test_a_duplicate_of_a_seen_film_is_never_recommended(marquee: Marquee, empty_home: Path) -> None:
    assert marquee("build", "--encoder", "none", str(CASES / "F15" / "duplicate")).code == 0
    for film in ("2", "41"):
        titles = [item["title"] for item in marquee("similar", film, "-k", "40", "--json").json["items"]]
        assert "Heat" not in titles
    for person, film in (("ann", "2"), ("bo", "41")):
        assert marquee("feedback", person, film, "watch").code == 0
        assert marquee("feedback", person, "23", "like").code == 0
        document = marquee("recommend", "--user", person, "-k", "50", "--json").json
        assert "Heat" not in [item["title"] for item in document["items"]]
    assert marquee("recommend", "--liked", "41", "-k", "3", "--json").json["ignored_ids"] == []


def test_a_catalogue_of_one_film_gives_an_empty_list_with_a_reason(marquee: Marquee, empty_home: Path) -> None:
    assert (
        marquee("build", "--encoder", "none", "--catalogue", str(CASES / "F23" / "own_watch" / "one.jsonl")).code == 0
    )
    done = marquee("recommend", "--liked", "1")
    assert done.out == "No films left: all are already seen or given.\n"
    assert done.err == ""


def test_years_in_titles_and_genres_with_commas_can_be_filtered(marquee: Marquee, empty_home: Path) -> None:
    case = CASES / "F14" / "own_comma_genres"
    built = marquee("build", "--encoder", "none", "--catalogue", f"{case}/films.csv", "--events", f"{case}/events.csv")
    assert built.code == 0
    by_year = marquee("recommend", "-k", "3", "--year-from", "1990", "--json").json["items"]
    assert len(by_year) == 3
    assert all(item["year"] >= 1990 for item in by_year)
    crime = marquee("recommend", "--liked", "2", "-k", "3", "--genre", "Crime", "--json").json["items"]
    assert len(crime) == 3


def test_a_disliked_film_is_not_near_the_top(marquee: Marquee, empty_home: Path) -> None:
    assert marquee("build", "--encoder", "none", str(CASES / "F01" / "watch_and_dislike")).code == 0
    items = marquee("recommend", "-k", "30", "--json").json["items"]
    titles = [item["title"] for item in items]
    assert titles[0] == "The Loved One"
    assert "The Hated One" not in titles[:5]


def test_people_in_tmdb_json_are_searchable(marquee: Marquee, empty_home: Path) -> None:
    folder = CASES / "F02" / "tmdb_api"
    done = marquee("build", "--encoder", "none", "--movielens", str(folder), "--tmdb", str(folder / "tmdb.jsonl"))
    assert done.code == 0
    items = marquee("recommend", "--query", "Director 2", "-k", "1", "--json").json["items"]
    assert [item["title"] for item in items] == ["Heat"]
    assert items[0]["reason"] == ["Directed by Director 2"]


def test_build_if_changed_builds_once_for_the_same_files(marquee: Marquee, empty_home: Path, tmp_path: Path) -> None:
    path = tmp_path / "films.csv"
    path.write_text("title,year,genre\nHeat,1995,Crime\nAlien,1979,Horror\n")
    build = ("build", "--encoder", "none", "--if-changed", "films.csv")
    assert marquee(*build).code == 0
    assert "unchanged" in marquee(*build).out
    assert len(bundles(empty_home)) == 1
    path.write_text(path.read_text() + "Boy,2010,Comedy\n")
    assert marquee(*build).code == 0
    assert len(bundles(empty_home)) == 2


def test_counts_by_spark_replace_the_events(marquee: Marquee, tmp_path: Path) -> None:
    films, log, more = write_world(tmp_path, 60)
    count_here(tmp_path / "gram", Order(tmp_path, Source(paths=(films, log, more))), Rules(max_films=100))
    (tmp_path / "params.json").write_text(json.dumps(PARAMS))
    command = ["build", "--encoder", "none", str(films), "--gram", str(tmp_path / "gram")]
    done = marquee(*command, "--params", str(tmp_path / "params.json"), "--json")
    assert (done.code, done.json["people"], done.json["seed"]) == (0, 60, None)
    printed = marquee(*command, "--params", str(tmp_path / "params.json"))
    assert "To serve people by id, also store their events" in printed.out
    assert marquee(*command).code == 1  # counted for 100 films, and the default is 20,000
    for options in ([], ["--holdout", str(log)], ["--events-from-state"]):
        named = command[:4] if options else command[:3]
        assert marquee(*named, *command[4:], *options).code == 2
