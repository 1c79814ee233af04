"""``marquee import``: from any film data to the first recommendations in one command."""

import zipfile
from pathlib import Path

import pytest

from services.cli import import_files
from tests.cli.conftest import Marquee

CASES = Path(__file__).parents[1] / "data" / "cases"
KAGGLE = CASES / "F07" / "kaggle"
NONE = ("--encoder", "none")


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Return The Movies Dataset as Kaggle packs it."""
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for each in KAGGLE.iterdir():
            archive.write(each, each.name)
    return path


@pytest.mark.usefixtures("empty_home")
def test_a_dump_becomes_recommendations(marquee: Marquee, dump: Path) -> None:
    done = marquee("import", str(dump), *NONE)
    assert done.code == 0
    assert "Kaggle The Movies Dataset" in done.err
    assert "Stored 24 of 24 people. For 1:" in done.out
    assert done.out.splitlines()[-1].startswith("First recommendations after ")
    document = marquee("import", str(dump), *NONE, "--json").json
    assert document["user_id"] == "1"
    assert len(document["recommendations"]) == 10
    assert document["seconds"] >= 0
    seen = {event["item_id"] for event in marquee("users", "export", "1").json["events"]}
    assert seen
    assert not seen & {item["item_id"] for item in document["recommendations"]}


@pytest.mark.usefixtures("empty_home")
def test_an_export_is_recognised_by_its_columns(marquee: Marquee, tmp_path: Path) -> None:
    export = CASES / "F05" / "letterboxd" / "letterboxd-export.zip"
    assert marquee("import", str(export)).code == 3  # no bundle yet
    films = [str(CASES / "base" / name) for name in ("movies.csv", "ratings.csv")]
    assert marquee("import", *films, *NONE).code == 0
    done = marquee("import", str(export))
    assert "Letterboxd: " in done.out
    assert "First recommendations after " in done.out
    stored = marquee("users", "export", "me").json["events"]
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(export) as archive:
        archive.extractall(folder)
    again = marquee("import", str(folder), "--user", "me", "--json").json
    assert (again["stored"], again["already_stored"]) == (0, len(stored))


@pytest.mark.usefixtures("home")
def test_with_a_user_the_path_is_read_as_an_export(marquee: Marquee, tmp_path: Path) -> None:
    path = tmp_path / "NetflixViewingHistory.csv"
    path.write_text('Title,Date\n"Heat","1/31/24"\n')
    done = marquee("import", str(path), "--user", "ann", "--json").json
    assert done["source"] == "Netflix"
    both = marquee("import", str(path), str(path.parent), "--user", "ann")
    assert (both.code, "need exactly one path" in both.err) == (2, True)
    assert marquee("import").code == 2


@pytest.mark.usefixtures("empty_home")
def test_films_without_events_store_no_people(marquee: Marquee, tmp_path: Path) -> None:
    path = tmp_path / "films.csv"
    path.write_text("title,genre\nHeat (1995),Crime\nAlien (1979),Horror\n")
    done = marquee("import", str(path), *NONE)
    assert done.code == 0
    assert "no people are stored" in done.out
    assert "Heat (1995)" in done.out


@pytest.mark.usefixtures("empty_home")
def test_of_very_many_people_only_some_are_stored(
    marquee: Marquee, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_files, "MOST_STORED", 100)
    done = marquee("import", str(dump), *NONE)
    assert "Stored 12 of 24 people; to store all, run `marquee users seed " in done.out


@pytest.mark.usefixtures("empty_home")
def test_a_file_that_is_neither_is_named(marquee: Marquee, tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_text("colour,size\nred,1\n")
    done = marquee("import", str(path))
    assert done.code == 1
    assert "looks like a table that begins with colour, size" in done.err
    assert "not a known export" in done.err


@pytest.mark.usefixtures("home")
def test_a_folder_larger_than_an_export_is_refused(
    marquee: Marquee, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.adapters.history.archive.MAX_UNPACKED", 10)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "ratings.csv").write_text("Date,Name,Year,Letterboxd URI,Rating\n")
    done = marquee("import", str(tmp_path / "mine"), "--user", "me")
    assert (done.code, "is larger than an export can be" in done.err) == (1, True)
