"""TMDB metadata: reading it, and joining it to MovieLens films."""

import gzip
import json
from pathlib import Path

import pytest

from data_jobs.forms.films import read_tmdb
from data_jobs.readers.merge import Metadata
from data_jobs.records import Dataset
from data_jobs.report import DataError, Report, Silent
from data_jobs.validate import Source, load

FILM = {
    "tmdb_id": 500,
    "title": "The Glass Harbour",
    "original_title": "Le Port de verre",
    "overview": "A pilot finds a town under the ice.",
    "genres": ["Drama", "Foreign", "Sci-Fi"],
    "year": 1987,
    "keywords": ["harbour", "ice", "harbour"],
    "cast": ["Cy West", "Di East"],
    "director": "Ada North, Bo South, Jr.",
    "vote_average": 7.5,
    "vote_count": 120,
    "popularity": 3.25,
    "original_language": "fr",
    "poster_path": "/glass.jpg",
    "imdb_id": "tt0005000",
    "runtime": 101,
    "certification": "PG",
    "series": "Harbours Collection",
    "tagline": None,
    "sources": ["somewhere"],
}


def write(path: Path, *records: object) -> Path:
    lines = [each if isinstance(each, str) else json.dumps(each) for each in records]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> tuple[Metadata, Report]:
    report = Report()
    return read_tmdb(path, report, Silent()), report


def test_a_record_in_full(tmp_path: Path) -> None:
    metadata, report = read(write(tmp_path / "m.jsonl", FILM))
    film = metadata.by_tmdb[500]
    assert film is metadata.by_imdb["tt0005000"]
    assert film.item_id == ""
    assert (film.title, film.year, film.aka) == ("The Glass Harbour", 1987, ("Le Port de verre",))
    assert film.genres == ("Drama", "Science Fiction")
    assert film.directors == ("Ada North", "Bo South Jr.")
    assert film.cast == ("Cy West", "Di East")
    assert film.keywords == ("harbour", "ice")
    assert (film.vote_average, film.vote_count, film.popularity) == (7.5, 120, 3.25)
    assert (film.language, film.runtime, film.tagline, film.poster_path) == ("fr", 101, "", "/glass.jpg")
    assert (film.certification, film.series) == ("PG", "Harbours Collection")
    cited = [(finding.code, finding.line, finding.value) for finding in report.findings]
    assert cited == [("unknown-field", None, None), ("unknown-genre", 1, "Foreign")]


def test_nulls_are_read_as_missing(tmp_path: Path) -> None:
    metadata, report = read(write(tmp_path / "m.jsonl", dict.fromkeys(FILM, None) | {"title": "Bare", "tmdb_id": 1}))
    film = metadata.by_tmdb[1]
    assert (film.overview, film.genres, film.directors, film.year, film.popularity) == ("", (), (), None, None)
    assert set(report.counts) == {"unknown-field"}


def test_gzip_is_recognised_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_bytes(gzip.compress(json.dumps(FILM).encode()))
    metadata, _ = read(path)
    assert 500 in metadata.by_tmdb


def test_a_truncated_gzip_is_fatal(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(json.dumps(FILM | {"tmdb_id": n}) for n in range(1, 500)).encode())[:-30])
    with pytest.raises(DataError, match=r"m\.jsonl\.gz: fatal unreadable-file"):
        read(path)


@pytest.mark.parametrize("text", ["", "\n\n", "[]\n"])
def test_nothing_usable_is_fatal(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match="empty-file"):
        read(path)


def test_text_that_is_not_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text("not json\n")
    with pytest.raises(DataError, match=r"m\.jsonl: fatal unknown-form"):
        read(path)


@pytest.mark.parametrize("bad", ['{"title": "Torn', "[1, 2]", "null", '"text"', "[" * 100_000, "{]}"])
def test_a_malformed_line_is_an_error_with_its_number(tmp_path: Path, bad: str) -> None:
    metadata, report = read(write(tmp_path / "m.jsonl", FILM, "", bad, FILM | {"tmdb_id": 501, "imdb_id": None}))
    assert set(metadata.by_tmdb) == {500, 501}
    assert [finding.line for finding in report.findings if finding.code == "malformed-json"] == [3]
    assert report.rows["m.jsonl"] == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("year", "soon"),
        ("year", 99999),
        ("runtime", 0),
        ("runtime", 90.5),
        ("runtime", True),
        ("vote_average", 11),
        ("vote_average", float("nan")),
        ("vote_count", -1),
        ("popularity", float("inf")),
        ("popularity", 10**400),
        ("cast", [1, 2]),
        ("keywords", {"a": 1}),
        ("overview", 7),
        ("original_language", "Elvish"),
        ("poster_path", "javascript:alert(1)"),
        ("imdb_id", "nm0000001"),
        ("tmdb_id", "five"),
    ],
)
def test_a_bad_value_is_read_as_empty_and_the_film_stays(tmp_path: Path, field: str, value: object) -> None:
    record = FILM | {"movielens_id": 9, "genres": ["Drama"], field: value}
    metadata, report = read(write(tmp_path / "m.jsonl", record))
    assert metadata.by_movielens["9"].title == "The Glass Harbour"
    cited = [(finding.code, finding.field) for finding in report.findings if finding.code != "unknown-field"]
    assert cited == [("bad-value", field)]
    assert report.ok


def test_a_title_is_required(tmp_path: Path) -> None:
    metadata, report = read(write(tmp_path / "m.jsonl", FILM, FILM | {"tmdb_id": 9, "title": " "}))
    assert 9 not in metadata.by_tmdb
    assert report.counts["missing-value"] == 1


def test_damaged_text_is_repaired_and_cited_around_the_damage(tmp_path: Path) -> None:
    long = "A long way in, " * 20
    record = FILM | {"overview": long + "AmÃ©lie\x00 smiles", "title": "Caf\ufffd", "genres": []}
    metadata, report = read(write(tmp_path / "m.jsonl", record))
    film = metadata.by_tmdb[500]
    assert film.overview.endswith("way in, Amélie smiles")
    assert film.title == "Caf"
    cited = [finding for finding in report.findings if finding.code == "damaged-text"]
    assert [finding.field for finding in cited] == ["title", "overview"]
    assert "AmÃ©lie" in (cited[1].value or "")


def test_latin_1_lines_and_a_bom(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    first = json.dumps(FILM).encode()
    second = json.dumps(FILM | {"tmdb_id": 2, "title": "Café"}, ensure_ascii=False).encode("latin-1")
    path.write_bytes(b"\xef\xbb\xbf" + first + b"\r\n" + second)
    metadata, report = read(path)
    assert metadata.by_tmdb[2].title == "Café"
    assert (report.counts["bom"], report.counts["latin-1"]) == (1, 1)


def test_the_first_of_two_rows_stays(tmp_path: Path) -> None:
    metadata, report = read(write(tmp_path / "m.jsonl", FILM, FILM | {"title": "Other"}))
    assert metadata.by_tmdb[500].title == "The Glass Harbour"
    assert report.counts["duplicate-metadata"] == 1


# Joining


def join(folder: Path, title: str, link: str, *records: object) -> tuple[Dataset, Report]:
    (folder / "movies.csv").write_text(f'movieId,title,genres\n9,"{title}",Comedy\n', encoding="utf-8")
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,9,4.0,1000000000\n")
    (folder / "links.csv").write_text(f"movieId,imdbId,tmdbId\n9,{link}\n")
    return load(Source(movielens=folder, tmdb=write(folder / "meta.jsonl", *records)))


def test_joined_by_tmdb_id(tmp_path: Path) -> None:
    data, report = join(tmp_path, "Glass Harbour, The (1987)", ",500", FILM)
    (film,) = data.films
    assert film.item_id == "9"
    assert film.genres == ("Comedy", "Drama", "Science Fiction")
    assert film.overview == FILM["overview"]
    assert (film.runtime, film.certification, film.series) == (101, "PG", "Harbours Collection")
    assert film.imdb_id == "tt0005000"
    assert film.aka == ("Le Port de verre",)
    assert not report.counts["no-metadata"]
    assert "meta.jsonl" in data.sources


def test_joined_by_imdb_id(tmp_path: Path) -> None:
    data, _ = join(tmp_path, "Glass Harbour, The (1987)", "5000,77", FILM)
    assert data.films[0].tmdb_id == 500


def test_movielens_id_takes_precedence_over_links(tmp_path: Path) -> None:
    second = FILM | {"tmdb_id": 600, "imdb_id": "tt0006000", "title": "Winter Light Years", "movielens_id": 9}
    data, report = join(tmp_path, "Winter Light Years (1987)", "5000,500", FILM, second)
    assert data.films[0].tmdb_id == 600
    assert data.films[0].imdb_id == "tt0006000"
    (note,) = [finding for finding in report.findings if finding.code == "link-replaced"]
    assert (note.line, note.value, note.expected) == (2, "500", "600")
    assert report.counts["unused-metadata"] == 1


def test_a_row_of_another_movie_is_not_borrowed(tmp_path: Path) -> None:
    data, report = join(tmp_path, "Glass Harbour, The (1987)", ",500", FILM | {"movielens_id": 10})
    assert data.films[0].overview == ""
    assert report.counts["no-metadata"] == 1


def test_a_link_to_another_title_and_year_is_not_used(tmp_path: Path) -> None:
    data, report = join(tmp_path, "Romance (1999)", ",500", FILM)
    film = data.films[0]
    assert (film.overview, film.tmdb_id) == ("", None)
    (finding,) = [finding for finding in report.findings if finding.code == "wrong-link"]
    assert (finding.file, finding.line, finding.field) == ("links.csv", 2, "tmdbId")
    assert finding.value == "500, which is The Glass Harbour (1987)"
    assert finding.expected == "Romance (1999)"
    assert report.counts["no-metadata"] == 1


def test_a_namesake_is_recognised_by_its_imdb_id(tmp_path: Path) -> None:
    namesake = FILM | {"year": 2012}
    right = FILM | {"tmdb_id": 501, "imdb_id": "tt0007000", "overview": "The right one."}
    data, report = join(tmp_path, "Glass Harbour, The (1987)", "7000,500", namesake, right)
    assert data.films[0].overview == "The right one."
    assert (data.films[0].tmdb_id, data.films[0].imdb_id) == (501, "tt0007000")
    assert report.counts["wrong-link"] == 1


def test_both_ids_wrong(tmp_path: Path) -> None:
    data, report = join(tmp_path, "Romance (1999)", "5000,500", FILM)
    assert (data.films[0].tmdb_id, data.films[0].imdb_id) == (None, None)
    assert report.counts["wrong-link"] == 2


@pytest.mark.parametrize("title", ["Glass Harbour (1912)", "Port de verre, Le (1912)", "Romance (1989)", "Romance"])
def test_one_difference_alone_does_not_make_a_link_wrong(tmp_path: Path, title: str) -> None:
    data, report = join(tmp_path, title, ",500", FILM)
    assert data.films[0].tmdb_id == 500
    assert not report.counts["wrong-link"]


def test_the_year_of_the_metadata_fills_in(tmp_path: Path) -> None:
    data, report = join(tmp_path, "The Glass Harbour", ",500", FILM)
    assert data.films[0].year == 1987
    assert report.counts["title-without-year"] == 1


def test_brackets_that_belong_to_the_title_stay(tmp_path: Path) -> None:
    meta = FILM | {"title": "Bird or (The Virtue of Ice)", "original_title": None}
    data, _ = join(tmp_path, "Bird: Or (The Virtue of Ice) (1987)", ",500", meta)
    assert data.films[0].title == "Bird: Or (The Virtue of Ice)"


def test_without_a_file_one_note_is_enough(tmp_path: Path) -> None:
    join(tmp_path, "Romance (1999)", ",500", FILM)
    data, report = load(Source(movielens=tmp_path))
    assert report.counts["no-metadata-file"] == 1
    assert not report.counts["no-metadata"]
    assert data.films[0].tmdb_id == 500


def test_another_spelling_is_not_another_title(tmp_path: Path) -> None:
    meta = FILM | {"title": "The glass HARBOUR", "original_title": "The Glass-Harbour"}
    data, _ = join(tmp_path, "Glass Harbour, The (Verre) (1987)", ",500", meta)
    assert (data.films[0].title, data.films[0].aka) == ("The Glass Harbour", ("Verre",))
