"""Film data in the forms that people have, one case each; the inputs are in tests/data/cases."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from data_jobs.records import Dataset, Film
from data_jobs.report import DataError, Report
from data_jobs.validate import Source, load
from services.recommender.domain.history import EventKind

CASES = Path(__file__).parents[2] / "data" / "cases"


def read(*paths: str, **named: object) -> tuple[Dataset, Report]:
    return load(Source(paths=tuple(CASES / path for path in paths), **named))  # type: ignore[arg-type]


def by_id(films: Iterable[Film]) -> dict[str, Film]:
    return {film.item_id: film for film in films}


def stars(data: Dataset) -> list[float]:
    return sorted(set(data.events.value.tolist()))


HEAT = ("Heat", 1995, ("Action", "Crime", "Thriller"))


def facts(film: Film) -> tuple[str, int | None, tuple[str, ...]]:
    return film.title, film.year, film.genres


class TestTmdbJson:
    def test_movie_rows_are_read_with_their_appended_parts(self) -> None:
        folder = CASES / "F02" / "tmdb_api"
        data, report = load(Source(movielens=folder, tmdb=folder / "tmdb.jsonl"))
        heat = by_id(data.films)["2"]
        assert facts(heat) == HEAT
        assert (heat.tmdb_id, heat.imdb_id, heat.directors, heat.cast) == (
            949,
            "tt0113277",
            ("Director 2",),
            ("Actor 2",),
        )
        assert heat.keywords == ("lighthouse",)
        assert not report.counts["bad-value"]
        assert not report.counts["no-metadata"]

    def test_without_links_rows_are_joined_by_title_and_year(self) -> None:
        nolinks = CASES / "F02" / "nolinks"
        data, report = load(Source(movielens=nolinks, tmdb=CASES / "F02" / "tmdb_api" / "tmdb.jsonl"))
        assert by_id(data.films)["2"].directors == ("Director 2",)
        # Some rows have no date, and a title without a year joins nothing; these are reported.
        assert report.counts["joined-by-title"] + report.counts["no-metadata"] == len(data.films)
        assert report.counts["joined-by-title"] > len(data.films) / 2

    @pytest.mark.parametrize("name", ["tmdb.jsonl", "tmdb_array.json", "tmdb_pretty.json"])
    def test_alone_the_rows_are_a_catalogue_by_tmdb_id(self, name: str) -> None:
        folder = "F02/tmdb_api" if name == "tmdb.jsonl" else "F04/tmdb_api"
        data, report = read(f"{folder}/{name}")
        assert len(data.films) == 40
        assert facts(by_id(data.films)["949"]) == HEAT
        assert report.ok

    @pytest.mark.parametrize("name", ["discover.jsonl", "discover_page.json"])
    def test_discover_rows_have_genres_by_number(self, name: str) -> None:
        data, report = read(f"F04/tmdb_api/{name}")
        assert len(data.films) == 40
        assert facts(by_id(data.films)["949"]) == ("Heat", 1995, ("Crime", "Drama"))
        assert report.ok

    def test_the_daily_id_export_has_titles_and_fame(self) -> None:
        data, report = read("F02/tmdb_api/movie_ids_05_15_2026.json.gz")
        assert by_id(data.films)["949"].title == "Heat"
        assert by_id(data.films)["949"].popularity == 9.1
        assert report.counts["missing-value"] == 0


class TestKaggle:
    def test_literals_links_and_broken_rows(self) -> None:
        data, report = read("F07/kaggle")
        heat = by_id(data.films)["949"]
        assert facts(heat) == HEAT
        assert (heat.directors, heat.cast, heat.keywords) == (("Director 2",), ("Actor 2",), ("lighthouse",))
        assert len(data.events) == 288
        wrong = [(each.file, each.line, each.code) for each in report.findings if each.severity == "error"]
        assert wrong == [("movies_metadata.csv", 12, "missing-value"), ("movies_metadata.csv", 14, "bad-id")]

    def test_as_a_movielens_folder(self) -> None:
        data, _ = load(Source(movielens=CASES / "F07" / "kaggle"))
        assert (len(data.films), len(data.events)) == (40, 288)

    def test_as_metadata_of_movielens(self) -> None:
        data, report = load(Source(movielens=CASES / "base", tmdb=CASES / "F07" / "kaggle" / "movies_metadata.csv"))
        heat = by_id(data.films)["2"]
        assert heat.overview.startswith("Made-up plot number 1")
        assert report.counts["malformed-json"] == 0


@pytest.mark.parametrize("folder", ["F09/ml1m", "F09/ml100k"])
def test_old_movielens_layouts(folder: str) -> None:
    data, report = read(folder)
    heat = by_id(data.films)["2"]
    assert (heat.title, heat.year) == ("Heat", 1995)
    assert {"Action", "Crime"} <= set(heat.genres)
    assert (len(data.films), len(data.events)) == (40, 288)
    assert report.ok
    by_option, _ = load(Source(movielens=CASES / folder))
    assert by_option.films == data.films


@pytest.mark.parametrize("folder", ["semicolon", "tab", "semicolon_ratings"])
def test_delimiters_and_decimal_commas(folder: str) -> None:
    data, report = read(f"F11/{folder}")
    assert facts(by_id(data.films)["2"]) == HEAT
    assert len(data.events) == 288
    assert any(value % 1 for value in stars(data))
    assert report.counts["decimal-comma"] == (0 if folder == "tab" else 288)
    assert report.ok


@pytest.mark.parametrize("folder", ["hdr_snake", "hdr_case", "ts_none"])
def test_headers_under_other_names_and_no_times(folder: str) -> None:
    data, report = read(f"F12/{folder}")
    assert facts(by_id(data.films)["2"]) == HEAT
    assert len(data.events) == 288
    assert report.counts["no-times"] == (folder == "ts_none")
    assert (data.events.ts_ms[1:] >= data.events.ts_ms[:-1])[data.events.user[1:] == data.events.user[:-1]].all()
    assert report.ok


def test_a_year_in_the_title_and_genres_with_commas() -> None:
    case = CASES / "F14" / "own_comma_genres"
    data, report = load(Source(catalogue=(case / "films.csv",), events=case / "events.csv"))
    assert facts(by_id(data.films)["2"]) == HEAT
    assert all(film.year and film.genres for film in data.films)
    assert report.ok


def test_a_film_under_two_ids_is_merged() -> None:
    data, report = read("F15/duplicate")
    heat = by_id(data.films)["2"]
    assert heat.other_ids == ("41",)
    assert "41" not in by_id(data.films)
    assert report.counts["merged-duplicate"] == 1
    pairs = list(zip(data.events.user.tolist(), data.events.film.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)


def test_imdb_ids_and_people_by_uuid() -> None:
    data, report = read("F22/id_tt")
    assert facts(by_id(data.films)["tt0113277"]) == HEAT
    assert report.ok


@pytest.mark.parametrize("name", ["array.json", "one_line.json", "bom.jsonl", "films.jsonl"])
def test_one_catalogue_in_four_wrappings(name: str) -> None:
    data, report = load(Source(catalogue=(CASES / "F23" / "own_watch" / name,)))
    assert len(data.films) == 40
    assert facts(by_id(data.films)["2"]) == HEAT
    assert report.ok


def test_an_open_quote_loses_no_film() -> None:
    data, report = read("F29/quote_open")
    films = by_id(data.films)
    assert facts(films["6"])[:2] == ("Pulp Fiction", 1994)
    assert facts(films["7"]) == ("The Shawshank Redemption", 1994, ("Crime", "Drama"))
    (finding,) = [each for each in report.findings if each.code == "open-quote"]
    assert (finding.file, finding.line) == ("movies.csv", 7)
    assert len(data.events) == 288


def test_amazon_reviews() -> None:
    data, report = read("F31/amazon")
    heat = by_id(data.films)["B000000002"]
    assert (heat.title, heat.year, heat.vote_average, heat.vote_count) == ("Heat", None, 9.0, 120)
    assert (len(data.films), len(data.events)) == (40, 288)
    assert report.ok


def test_the_netflix_prize() -> None:
    data, report = read("F31/netflix")
    films = by_id(data.films)
    assert (films["4"].title, films["4"].year) == ("Usual Suspects, The", 1995)
    assert (len(data.films), len(data.events)) == (40, 288)
    assert report.ok


@pytest.mark.parametrize("text", ["", "\n", "user_id,item_id,event,value,ts\n"])
def test_an_empty_log_is_like_no_log(tmp_path: Path, text: str) -> None:
    log = tmp_path / ("empty.csv" if "," in text else "empty.jsonl")
    log.write_text(text)
    data, report = load(Source(catalogue=(CASES / "F23" / "own_watch" / "films.jsonl",), events=log))
    assert (len(data.films), len(data.events)) == (40, 0)
    assert report.counts["no-rows"] == 1
    assert report.ok


def test_ratings_from_one_to_ten_are_halved() -> None:
    data, report = load(Source(movielens=CASES / "F34" / "scale10"))
    plain, _ = load(Source(movielens=CASES / "base"))
    assert data.events.value.tolist() == plain.events.value.tolist()
    assert report.counts["rating-scale"] == 288
    assert report.ok


def test_dislikes_make_no_film_better_known() -> None:
    from data_jobs.catalogue import build_catalogue

    data, _ = read("F01/watch_and_dislike")
    votes = build_catalogue(data.films, data.events).votes
    votes_of = {film.title: int(votes[row]) for row, film in enumerate(data.films)}
    assert (votes_of["The Hated One"], votes_of["The Loved One"]) == (0, 30)


def test_an_unknown_form_is_named_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_text("colour,size\nred,1\n")
    with pytest.raises(
        DataError, match=r"stock\.csv.*looks like a table that begins with colour, size.*--map"
    ) as caught:
        load(Source(paths=(path,)))
    assert "\n" not in str(caught.value)
    data, _ = load(Source(paths=(path,), maps={"title": "colour"}))
    assert [film.title for film in data.films] == ["red"]


def test_a_wrong_guess_can_be_corrected(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("user_id,title,rating\n1,Heat (1995),9\n1,Alien (1979),3\n")
    data, _ = load(Source(paths=(path,), scale=10))
    assert stars(data) == [1.5, 4.5]
    assert {film.item_id for film in data.films} == {"heat-1995", "alien-1979"}
    lines = [
        {"person": 1, "what": "heat", "did": "buy", "at": 5},
        {"person": 1, "what": "alien", "did": "view", "at": 6},
    ]
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    maps = {"user": "person", "item": "what", "event": "did", "ts": "at"}
    data, report = load(Source(paths=(log,), maps=maps))
    assert sorted(data.events.kind.tolist()) == [EventKind.WATCH, EventKind.CLICK]
    assert report.counts["event-name"] == 2
