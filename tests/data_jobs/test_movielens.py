"""The MovieLens layout: what GroupLens ships, and what people's editors make of it."""

from pathlib import Path

import numpy as np
import pytest

from data_jobs.readers import files
from data_jobs.records import Dataset
from data_jobs.report import DataError, Report
from data_jobs.validate import Source, load
from services.recommender.domain.history import EventKind

MOVIES = """movieId,title,genres
1,"Lighthouse, The (1999)",Drama|Sci-Fi
2,Seven Ferries (a.k.a. 7 Ferries) (1995),Children|Comedy
3,Nameless Cove,(no genres listed)
"""
RATINGS = """userId,movieId,rating,timestamp
10,1,4.0,1000000000
10,2,0.5,1000000001
9,1,5.0,1000000000
"""


def lay(folder: Path, movies: str | bytes = MOVIES, ratings: str | bytes = RATINGS, **more: str | bytes) -> Path:
    for name, text in {"movies": movies, "ratings": ratings, **more}.items():
        data = text.encode() if isinstance(text, str) else text
        (folder / f"{name.replace('_', '-')}.csv").write_bytes(data)
    return folder


def read(folder: Path) -> tuple[Dataset, Report]:
    return load(Source(movielens=folder))


def findings(report: Report, code: str) -> list[tuple[str, int | None, str | None]]:
    return [(finding.file, finding.line, finding.value) for finding in report.findings if finding.code == code]


def test_films(tmp_path: Path) -> None:
    data, report = read(lay(tmp_path))
    lighthouse, ferries, cove = data.films
    assert (lighthouse.item_id, lighthouse.title, lighthouse.year) == ("1", "The Lighthouse", 1999)
    assert lighthouse.genres == ("Drama", "Science Fiction")
    assert (ferries.title, ferries.aka, ferries.genres) == ("Seven Ferries", ("7 Ferries",), ("Family", "Comedy"))
    assert (cove.title, cove.year, cove.genres) == ("Nameless Cove", None, ())
    assert findings(report, "title-without-year") == [("movies.csv", 4, "Nameless Cove")]
    assert findings(report, "no-genres") == [("movies.csv", 4, "3")]
    assert report.ok
    assert data.sources == ("movies.csv", "ratings.csv")


def test_events_are_columns_sorted_by_person_and_time(tmp_path: Path) -> None:
    data, _ = read(lay(tmp_path))
    events = data.events
    assert events.user_ids == ("9", "10")  # in numeric order
    assert events.user.tolist() == [0, 1, 1]
    assert events.film.tolist() == [0, 0, 1]
    assert events.value.tolist() == [5.0, 4.0, 0.5]
    assert events.ts_ms.tolist() == [1_000_000_000_000, 1_000_000_000_000, 1_000_000_001_000]
    assert set(events.kind.tolist()) == {EventKind.RATING}
    assert [column.dtype for column in (events.user, events.film, events.kind, events.value, events.ts_ms)] == [
        np.int32,
        np.int32,
        np.uint8,
        np.float32,
        np.int64,
    ]


@pytest.mark.parametrize("rating", ["9", "0", "5.5", "3.7", "-1", "good", "", "nan", "inf"])
def test_impossible_ratings_are_left_out(tmp_path: Path, rating: str) -> None:
    data, report = read(lay(tmp_path, ratings=RATINGS + f"9,2,{rating},1000000000\n"))
    assert len(data.events) == 3
    assert findings(report, "rating-out-of-range") == [("ratings.csv", 5, rating)]
    assert report.findings[-1].field == "rating"
    assert not report.ok


def test_ratings_of_unknown_films_are_left_out(tmp_path: Path) -> None:
    data, report = read(lay(tmp_path, ratings=RATINGS + "9,77,3.0,1000000000\n9,,3.0,1000000000\n"))
    assert len(data.events) == 3
    assert findings(report, "unknown-film") == [("ratings.csv", 5, "77"), ("ratings.csv", 6, "")]
    assert report.errors["ratings.csv"] == 2
    assert report.rows["ratings.csv"] == 5


@pytest.mark.parametrize("when", ["", "yesterday", "-5", "9e20"])
def test_impossible_times_are_left_out(tmp_path: Path, when: str) -> None:
    data, report = read(lay(tmp_path, ratings=RATINGS + f"9,2,3.0,{when}\n"))
    assert len(data.events) == 3
    assert findings(report, "bad-timestamp") == [("ratings.csv", 5, when)]


def test_missing_and_overlong_person_ids_are_left_out(tmp_path: Path) -> None:
    data, report = read(lay(tmp_path, ratings=RATINGS + f" ,2,3.0,1000000000\n{'x' * 200},2,3.0,1000000000\n"))
    assert len(data.events) == 3
    assert report.counts["missing-value"] == 1
    assert report.counts["bad-id"] == 1


def test_of_two_ratings_the_latest_by_time_stays(tmp_path: Path) -> None:
    twice = RATINGS + "9,2,2.0,2000000000\n9,2,3.0,1500000000\n10,1,1.0,1000000000\n"
    data, report = read(lay(tmp_path, ratings=twice))
    events = data.events
    stars = {(int(u), int(f)): float(v) for u, f, v in zip(events.user, events.film, events.value, strict=True)}
    assert stars == {(0, 0): 5.0, (0, 1): 2.0, (1, 0): 1.0, (1, 1): 0.5}  # same second: the later line
    assert findings(report, "duplicate-rating") == [("ratings.csv", 2, "4.0"), ("ratings.csv", 6, "3.0")]
    assert report.ok


def test_many_wrong_rows_are_counted_and_a_few_cited(tmp_path: Path) -> None:
    many = RATINGS + "".join(f"{user},99,3.0,1000000000\n" for user in range(500))
    _, report = read(lay(tmp_path, ratings=many))
    assert report.counts["unknown-film"] == 500
    assert len(findings(report, "unknown-film")) == report.keep
    with pytest.raises(DataError, match=r"500 of 503 rows are errors.*marquee validate"):
        report.refuse_if_bad()


@pytest.mark.parametrize("name", ["movies", "ratings"])
def test_a_missing_file_is_fatal(tmp_path: Path, name: str) -> None:
    lay(tmp_path)
    (tmp_path / f"{name}.csv").unlink()
    with pytest.raises(DataError, match=rf"{name}\.csv: fatal missing-file"):
        read(tmp_path)


def test_a_missing_folder_is_fatal(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a folder with movies"):
        read(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "userId,movieId,rating,timestamp\n", "userId,movieId,rating,timestamp\n\n\n"])
def test_an_empty_file_is_fatal(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"ratings\.csv: fatal empty-file"):
        read(lay(tmp_path, ratings=text))


def test_a_missing_column_is_fatal_and_says_what_was_found(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"movies\.csv: fatal missing-column, expected.*movieId, title.*found"):
        read(lay(tmp_path, movies=MOVIES.replace("title", "heading", 1)))


def test_utf16_is_read(tmp_path: Path) -> None:
    plain, _ = read(lay(tmp_path))
    data, report = read(lay(tmp_path, movies=MOVIES.encode("utf-16"), ratings=RATINGS.encode("utf-16")))
    assert data.films == plain.films
    assert data.events.ts_ms.tolist() == plain.events.ts_ms.tolist()
    assert report.counts["utf-16"] == 2


def test_an_open_quote_without_an_end_is_fatal(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="quote"):
        read(lay(tmp_path, movies=MOVIES + '4,"' + "x" * 2_000_000))


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    ratings = "timestamp,extra,rating,movieId,userId\n1000000000,q,4.0,1,7\n"
    data, report = read(lay(tmp_path, ratings=ratings))
    assert data.events.user_ids == ("7",)
    assert data.events.value.tolist() == [4.0]
    assert report.ok


def test_windows_files(tmp_path: Path) -> None:
    bom = b"\xef\xbb\xbf"
    plain, _ = read(lay(tmp_path))
    data, report = read(
        lay(tmp_path, bom + MOVIES.replace("\n", "\r\n").encode(), bom + RATINGS.replace("\n", "\r\n").encode())
    )
    assert data.films == plain.films
    assert data.events.ts_ms.tolist() == plain.events.ts_ms.tolist()
    assert report.counts["bom"] == 2
    assert report.counts["crlf"] == 2
    assert report.ok


def test_latin_1(tmp_path: Path) -> None:
    data, report = read(lay(tmp_path, movies=MOVIES.replace("Nameless", "Café \x92s").encode("latin-1")))
    assert data.films[2].title == "Café \u2019s Cove"
    assert report.counts["latin-1"] == 1
    assert findings(report, "damaged-text")[0][:2] == ("movies.csv", 4)


def test_utf8_cut_by_a_chunk_is_still_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_CHUNK", 7)
    data, report = read(lay(tmp_path, movies=MOVIES.replace("Nameless", "Ōkééé")))
    assert data.films[2].title == "Ōkééé Cove"
    assert not report.counts["latin-1"]


def test_line_numbers_are_right_after_quoted_line_breaks(tmp_path: Path) -> None:
    movies = MOVIES.replace("Nameless Cove", '"Nameless\nCove (1990)"') + '4,"Say ""Hi"", You (1991)",Foo\n'
    data, report = read(lay(tmp_path, movies=movies))
    assert data.films[2].title == "Nameless Cove"
    assert data.films[3].title == 'Say "Hi", You'
    assert findings(report, "newline-in-field")[0][1] == 4
    assert findings(report, "unknown-genre") == [("movies.csv", 6, "Foo")]


@pytest.mark.parametrize("block", [16, 1 << 20])
def test_line_numbers_are_right_after_blank_and_ragged_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(files, "_BLOCK", block)
    odd = RATINGS + "\n9,2,3.0,1000000000,extra\n9,2\n11,1,4.5,1000000000\n11,2,8,1000000000"
    data, report = read(lay(tmp_path, ratings=odd))
    assert [line for _, line, _ in findings(report, "wrong-field-count")] == [6, 7]
    assert findings(report, "rating-out-of-range") == [("ratings.csv", 9, "8")]
    assert data.events.user_ids == ("9", "10", "11")
    assert report.rows["ratings.csv"] == 7
    assert report.errors["ratings.csv"] == 3


def test_the_size_of_blocks_makes_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"{user},{film},{1 + user % 4}.5,{10**9 + user}\n" for user in range(1, 60) for film in (1, 2, 3))
    lay(tmp_path, ratings="userId,movieId,rating,timestamp\n" + rows)
    whole, _ = read(tmp_path)
    monkeypatch.setattr(files, "_BLOCK", 100)
    parts, _ = read(tmp_path)
    assert parts.events.user_ids == whole.events.user_ids
    for name in ("user", "film", "value", "ts_ms"):
        assert np.array_equal(getattr(parts.events, name), getattr(whole.events, name))


def test_an_unquoted_comma_is_reported(tmp_path: Path) -> None:
    data, report = read(lay(tmp_path, movies=MOVIES + "5,Comma, Unquoted (1999),Drama\n"))
    assert len(data.films) == 3
    assert findings(report, "wrong-field-count")[0][1] == 5


def test_wrong_film_rows_are_left_out(tmp_path: Path) -> None:
    data, report = read(lay(tmp_path, movies=MOVIES + "2,Copy (1990),Drama\n,No Id (1990),Drama\n8,,Drama\n"))
    assert [film.title for film in data.films] == ["The Lighthouse", "Seven Ferries", "Nameless Cove"]
    assert findings(report, "duplicate-film") == [("movies.csv", 5, "2")]
    assert [line for _, line, _ in findings(report, "missing-value")] == [6, 7]


def test_links(tmp_path: Path) -> None:
    links = "movieId,imdbId,tmdbId\n1,0114709,862\n2,113497,\n3,zero,12.5\n3,0000001,7\n"
    data, report = read(lay(tmp_path, links=links))
    assert [(film.imdb_id, film.tmdb_id) for film in data.films] == [
        ("tt0114709", 862),
        ("tt0113497", None),
        (None, None),
    ]
    assert [line for _, line, _ in findings(report, "bad-value")] == [4, 4]
    assert findings(report, "duplicate-metadata") == [("links.csv", 5, "3")]


def test_two_films_with_one_tmdb_id_are_noted(tmp_path: Path) -> None:
    _, report = read(lay(tmp_path, links="movieId,imdbId,tmdbId\n1,1,862\n2,2,862\n"))
    assert findings(report, "shared-tmdb-id") == [("films", None, "862: films 1 and 2")]


def test_tags_by_people_then_alphabet(tmp_path: Path) -> None:
    rows = [
        "1,1,Foggy,5",
        "2,1,foggy,5",
        "2,1,FOGGY ,6",
        "1,1,atmospheric,5",
        '3,1,"sea, cold",5',
        "1,1, ,5",
        "1,99,lost,5",
    ]
    rows += [f"1,2,tag{place:02},5" for place in range(12)]
    data, report = read(lay(tmp_path, tags="userId,movieId,tag,timestamp\n" + "\n".join(rows) + "\n"))
    assert data.films[0].tags == ("foggy", "atmospheric", "sea, cold")
    assert data.films[1].tags == tuple(f"tag{place:02}" for place in range(10))
    assert data.films[2].tags == ()
    assert findings(report, "unknown-film") == [("tags.csv", 8, "99")]
    assert findings(report, "missing-value") == [("tags.csv", 7, " ")]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
@pytest.mark.parametrize(
    ("name", "header"), [("links", "movieId,imdbId,tmdbId"), ("tags", "userId,movieId,tag,timestamp")]
)
def test_an_optional_file_may_have_no_rows(tmp_path: Path, name: str, header: str, end: str) -> None:
    data, report = read(lay(tmp_path, **{name: header + end}))
    assert findings(report, "no-rows") == [(f"{name}.csv", None, None)]
    assert report.ok
    assert [film.tmdb_id for film in data.films] == [None, None, None]
    assert [film.tags for film in data.films] == [(), (), ()]


def test_an_optional_file_needs_a_header(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="missing-column"):
        read(lay(tmp_path, tags="userId,movieId\n"))
    with pytest.raises(DataError, match="0 bytes"):
        read(lay(tmp_path, tags=""))


def test_genome_files_are_noted(tmp_path: Path) -> None:
    _, report = read(lay(tmp_path, genome_scores="movieId,tagId,relevance\n1,1,.5\n"))
    assert findings(report, "optional-file") == [("genome-scores.csv", None, None)]
