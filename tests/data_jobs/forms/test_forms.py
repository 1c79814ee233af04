"""Variants of the known forms: the same data in other wrappings, under other names, in other notations."""

import gzip
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from data_jobs.forms.columns import EVENT, FILM, match
from data_jobs.forms.events import kind_of
from data_jobs.forms.scales import scale_of
from data_jobs.records import Dataset
from data_jobs.report import DataError, Report
from data_jobs.validate import Source, load
from services.recommender.domain.history import EventKind
from tests.data_jobs.forms.test_cases import CASES

FILMS = 'movieId,title,genres\n1,Toy Story (1995),Animation|Family\n2,Heat (1995),Crime\n31,"Kid, The (1921)",Comedy\n'
RATINGS = "userId,movieId,rating,timestamp\n7,1,4.0,1500103908\n7,2,2.5,1500104885\n8,31,5.0,1500106839\n"


def lay(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def read(*paths: Path) -> tuple[Dataset, Report]:
    return load(Source(paths=paths))


def events_of(data: Dataset) -> list[tuple[str, str, str, float, int]]:
    events = data.events
    columns = (events.user, events.film, events.kind, events.value, events.ts_ms)
    return [
        (events.user_ids[user], data.films[film].item_id, EventKind(kind).label, float(value), int(when))
        for user, film, kind, value, when in zip(*columns, strict=True)
    ]


EXPECTED = [
    ("7", "1", "rating", 4.0, 1_500_103_908_000),
    ("7", "2", "rating", 2.5, 1_500_104_885_000),
    ("8", "31", "rating", 5.0, 1_500_106_839_000),
]


@pytest.mark.parametrize("wrapping", ["folder", "files", "zip", "zip with a folder", "gz", "utf-16", "crlf and bom"])
def test_the_same_data_in_every_wrapping(tmp_path: Path, wrapping: str) -> None:
    files: dict[str, str | bytes] = {"movies.csv": FILMS, "ratings.csv": RATINGS}
    if wrapping == "gz":
        files = {f"{name}.gz": gzip.compress(str(text).encode()) for name, text in files.items()}
    elif wrapping == "utf-16":
        files = {name: str(text).encode("utf-16") for name, text in files.items()}
    elif wrapping == "crlf and bom":
        files = {name: b"\xef\xbb\xbf" + str(text).replace("\n", "\r\n").encode() for name, text in files.items()}
    folder = lay(tmp_path / "in", files)
    paths = [folder]
    if wrapping == "files":
        paths = sorted(folder.iterdir())
    elif wrapping.startswith("zip"):
        paths = [tmp_path / "data.zip"]
        with zipfile.ZipFile(paths[0], "w", zipfile.ZIP_DEFLATED) as archive:
            for path in folder.iterdir():
                archive.write(path, f"ml/{path.name}" if "folder" in wrapping else path.name)
            archive.writestr("__MACOSX/._movies.csv", "junk")
    data, report = read(*paths)
    assert events_of(data) == EXPECTED
    assert [film.title for film in data.films] == ["Toy Story", "Heat", "The Kid"]
    assert report.ok


def test_a_zip_writes_nothing_outside(tmp_path: Path) -> None:
    path = tmp_path / "in" / "evil.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../movies.csv", FILMS)
        archive.writestr("/etc/ratings.csv", RATINGS)
        archive.writestr("..\\..\\links.csv", "movieId,imdbId,tmdbId\n1,0114709,862\n")
    data, _ = read(path)
    assert events_of(data) == EXPECTED
    assert {each.name for each in tmp_path.rglob("*")} == {"in", "evil.zip"}


def test_a_zip_bomb_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("movies.csv", "w") as file:
        for _ in range(80):
            file.write(bytes(1 << 20))
    assert path.stat().st_size < 200_000
    with pytest.raises(DataError, match=r"bomb\.zip: .*unpacks to more than 200 times its size"):
        read(path)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("broken.zip", b"PK\x03\x04 and no more", "it cannot be read .*download it again"),
        ("films.xls", b"\xd0\xcf\x11\xe0" + bytes(600), "save the sheet as CSV"),
        ("films.parquet", b"PAR1" + bytes(600), "write it as CSV"),
        ("films.db", b"SQLite format 3\x00" + bytes(600), "export the table as CSV"),
        ("films.rar", b"Rar!\x1a" + bytes(60), "unpack it first"),
        ("ratings.csv", b"Date,Name,Year,Letterboxd URI,Rating\n2020-01-01,Heat,1995,https://x,4\n", "users import"),
        ("ratings.csv", b"Const,Your Rating,Date Rated,Title\ntt0113277,9,2020-01-01,Heat\n", "users import"),
    ],
)
def test_an_unreadable_file_is_named_with_advice(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_a_workbook_says_how_to_save_it(tmp_path: Path) -> None:
    path = tmp_path / "films.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(DataError, match=r"films\.xlsx.*save the sheet as CSV"):
        read(path)


@pytest.mark.parametrize(
    ("header", "ours"),
    [
        ("movie_id", "item_id"), ("MovieID", "item_id"), ("movieid", "item_id"), ("Film ID", "item_id"),
        ("name", "title"), ("Movie Title", "title"), ("primaryTitle", "title"),
        ("Release Date", "release_date"), ("released_year", "year"), ("startYear", "year"), ("Genre", "genres"),
        ("listed_in", "genres"), ("Directed by", "director"), ("runtimeMinutes", "runtime"), ("Plot", "overview"),
    ],
)  # fmt: skip
def test_names_of_film_columns(header: str, ours: str) -> None:
    assert match([header], FILM, {})[ours] == header


@pytest.mark.parametrize(
    ("header", "ours"),
    [("customer_id", "user"), ("visitorid", "user"),
     ("Product ID", "item"), ("event_type", "event"), ("stars", "value"),
     ("created_at", "ts"), ("unixReviewTime", "ts")],
)  # fmt: skip
def test_names_of_event_columns(header: str, ours: str) -> None:
    assert match([header], EVENT, {})[ours] == header


@pytest.mark.parametrize(
    ("name", "kind"),
    [("view", EventKind.CLICK), ("add_to_cart", EventKind.CLICK), ("Purchase", EventKind.WATCH),
     ("thumbs-up", EventKind.LIKE), ("thumbs_down", EventKind.DISLIKE), ("LIKE", EventKind.LIKE), ("adore", None)],
)  # fmt: skip
def test_names_of_events(name: str, kind: EventKind | None) -> None:
    assert kind_of(name) == kind


@pytest.mark.parametrize(
    ("top", "cells"),
    [
        (5, ["1", "5", "3", "4.5"] * 10), (10, ["1", "10", "7", "8"] * 10), (100, ["20", "100", "65", "80"] * 10),
        (5, ["9"]), (5, ["4"] * 99 + ["9"]), (10, ["7,5", "2,0"] * 20), (5, []), (5, ["x"] * 40),
        (10, ["8", "9", "7"]), (5, ["8", "2", "3"]), (100, ["80", "65", "90", "20"]),
    ],
)  # fmt: skip
def test_a_scale_is_detected_from_many_ratings_not_from_one(top: float, cells: list[str]) -> None:
    assert scale_of(cells) == top


def test_a_shop_s_log_of_views_and_purchases(tmp_path: Path) -> None:
    log = (
        "customer_id;product_id;event_type;event_time\n"
        "ann@example.com;DVD-1;view;2024-03-01 10:00:00 UTC\nann@example.com;DVD-1;purchase;2024-03-01T10:05:00Z\n"
        "bo@example.com;DVD-2;add_to_cart;01-Mar-2024\nbo@example.com;DVD-2;teleport;01-Mar-2024\n"
    )
    films = "sku;product_name;category;price\nDVD-1;Heat (1995);Crime;9,99\nDVD-2;The Kid;Comedy;4,99\n"
    data, report = read(lay(tmp_path, {"orders.csv": log, "products.csv": films}))
    assert [(each[:3]) for each in events_of(data)] == [
        ("ann@example.com", "DVD-1", "watch"), ("bo@example.com", "DVD-2", "click")
    ]  # fmt: skip
    assert [(film.title, film.year, film.genres) for film in data.films] == [
        ("Heat", 1995, ("Crime",)), ("The Kid", None, ("Comedy",))
    ]  # fmt: skip
    assert report.counts["unknown-event"] == 1
    assert report.counts["unknown-field"] == 1


@pytest.mark.parametrize(
    ("header", "cell", "item_id", "title", "tmdb_id"),
    [
        ("title", "Heat (1995)", "heat-1995", "Heat", None),
        ("tmdb_id", "949", "949", "TMDB 949", 949),
        ("imdb_id", "tt0113277", "tt0113277", "IMDb tt0113277", None),
        ("movie_id", "x1", "x1", "x1", None),
    ],
)
def test_events_without_a_catalogue(
    tmp_path: Path, header: str, cell: str, item_id: str, title: str, tmdb_id: int | None
) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f"user_id,{header},rating,ts\na,{cell},4,1500000000\nb,{cell},5,1500000000\n")
    data, report = read(path)
    assert [(film.item_id, film.title, film.tmdb_id) for film in data.films] == [(item_id, title, tmdb_id)]
    assert len(data.events) == 2
    assert report.counts["no-catalogue"] == 1


def test_a_log_with_titles_gives_a_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("userId,movieId,title,genres,rating,timestamp\n1,6,Heat (1995),Crime|Action,4,1500000000\n")
    data, _ = read(path)
    assert [(film.item_id, film.title, film.year, film.genres) for film in data.films] == [
        ("6", "Heat", 1995, ("Crime", "Action"))
    ]


@pytest.mark.parametrize("form", ["31.0", "00031", " 31 "])
def test_ids_in_another_form_find_their_film(tmp_path: Path, form: str) -> None:
    data, report = read(lay(tmp_path, {"movies.csv": FILMS, "ratings.csv": RATINGS.replace("8,31,", f"8,{form},")}))
    assert events_of(data) == EXPECTED
    assert report.ok


@pytest.mark.parametrize(
    "when", ["1500106839", "1500106839000", "1500106839000000", "2017-07-15T08:20:39Z", "2017-07-15 08:20:39"]
)
def test_times_in_every_unit(tmp_path: Path, when: str) -> None:
    data, _ = read(lay(tmp_path, {"movies.csv": FILMS, "ratings.csv": RATINGS.replace("1500106839", when)}))
    assert events_of(data) == EXPECTED


def test_imdb_tables(tmp_path: Path) -> None:
    basics = (
        "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n"
        "tt0113277\tmovie\tHeat\tHeat\t0\t1995\t\\N\t170\tAction,Crime,Drama\n"
        'tt0060666\tmovie\t"Manos" The Hands of Fate\tManos\t0\t1966\t\\N\t\\N\t\\N\n'
        "tt0903747\ttvSeries\tBreaking Bad\tBreaking Bad\t0\t2008\t2013\t45\tCrime\n"
    )
    ratings = "tconst\taverageRating\tnumVotes\ntt0113277\t8.3\t700000\n"
    folder = lay(tmp_path, {"title.basics.tsv": basics, "title.ratings.tsv.gz": gzip.compress(ratings.encode())})
    data, report = read(folder)
    heat, manos = data.films
    assert (heat.item_id, heat.title, heat.year, heat.runtime) == ("tt0113277", "Heat", 1995, 170)
    assert (heat.genres, heat.vote_average, heat.vote_count) == (("Action", "Crime", "Drama"), 8.3, 700_000)
    assert (manos.title, manos.year, manos.runtime, manos.genres) == ('"Manos" The Hands of Fate', 1966, None, ())
    assert report.counts["not-a-film"] == 1
    assert not report.counts["bad-value"]


def test_tmdb_5000(tmp_path: Path) -> None:
    movies = (
        "budget,genres,homepage,id,keywords,original_language,original_title,overview,popularity,production_companies,"
        "release_date,revenue,runtime,spoken_languages,status,tagline,title,vote_average,vote_count\n"
        '1,"[{""id"": 80, ""name"": ""Crime""}]",,949,"[{""id"": 1, ""name"": ""heist""}]",en,Heat,A plot.,9.5,[],'
        "1995-12-15,1,170,[],Released,,Heat,7.7,1800\n"
    )
    credit = (
        'movie_id,title,cast,crew\n949,Heat,"[{""name"": ""Cy West""}]",'
        '"[{""job"": ""Director"", ""name"": ""Ada North""}, {""job"": ""Editor"", ""name"": ""Bo""}]"\n'
    )
    data, report = read(lay(tmp_path, {"tmdb_5000_movies.csv": movies, "tmdb_5000_credits.csv": credit}))
    (heat,) = data.films
    assert (heat.item_id, heat.title, heat.year, heat.genres) == ("949", "Heat", 1995, ("Crime",))
    assert (heat.directors, heat.cast, heat.keywords) == (("Ada North",), ("Cy West",), ("heist",))
    assert report.ok


def test_tmdb_with_release_dates_and_a_collection(tmp_path: Path) -> None:
    record = {
        "id": 949, "title": "Heat", "release_date": "1995-12-15", "video": False,
        "genres": [{"id": 80, "name": "Crime"}],
        "belongs_to_collection": {"id": 1, "name": "Heat Collection"}, "external_ids": {"imdb_id": "tt0113277"},
        "release_dates": {"results": [{"iso_3166_1": "US", "release_dates": [{"certification": "R"}]}]},
        "alternative_titles": {"titles": [{"title": "Fuego contra fuego"}]}, "backdrop_path": None,
    }  # fmt: skip
    path = tmp_path / "movie.json"
    path.write_text(json.dumps(record, indent=2))
    data, _ = read(path)
    (heat,) = data.films
    assert (heat.series, heat.imdb_id, heat.certification) == ("Heat Collection", "tt0113277", "R")
    assert heat.aka == ("Fuego contra fuego",)


def test_a_catalogue_of_a_streaming_service(tmp_path: Path) -> None:
    text = (
        "show_id,type,title,director,cast,country,date_added,release_year,rating,duration,listed_in,description\n"
        's1,Movie,Heat,Ada North,"Cy West, Di East",US,"May 1, 2020",1995,R,170 min,"Crime, Thrillers",A plot.\n'
        "s2,TV Show,Some Series,,,US,,2019,TV-MA,2 Seasons,Crime,Another.\n"
    )
    path = tmp_path / "titles.csv"
    path.write_text(text)
    data, report = read(path)
    (heat,) = data.films
    assert (heat.item_id, heat.year, heat.certification, heat.runtime) == ("s1", 1995, "R", 170)
    assert heat.cast == ("Cy West", "Di East")
    assert report.counts["not-a-film"] == 1


def test_a_film_list_without_ids(tmp_path: Path) -> None:
    path = tmp_path / "Filme.csv"
    path.write_text("Titel;Jahr;Genre;Regie;Bewertung\nHeat;1995;Crime, Drama;Ada North;8,3\nHeat;1986;Action;Bo;6,0\n")
    data, report = read(path)
    assert [film.item_id for film in data.films] == ["heat-1995", "heat-1986"]
    assert data.films[0].genres == ("Crime", "Drama")
    assert data.films[0].vote_average == 8.3
    assert report.counts["unknown-field"] == 0


def test_other_tables_of_a_movielens_folder_are_not_events(tmp_path: Path) -> None:
    holdout = "userId,movieId,kind\n7,1,positive\n"
    data, report = read(lay(tmp_path, {"movies.csv": FILMS, "ratings.csv": RATINGS, "holdout.csv": holdout}))
    assert events_of(data) == EXPECTED
    assert report.counts["unused-file"] == 1


def test_two_logs_are_merged(tmp_path: Path) -> None:
    more = "userId,movieId,rating,timestamp\n7,1,1.0,1600000000\n9,2,4.0,1600000000\n"
    lay(tmp_path, {"films.csv": FILMS, "one.csv": RATINGS, "two.csv": more})
    data, report = read(tmp_path)
    assert events_of(data) == [
        EXPECTED[1],
        ("7", "1", "rating", 1.0, 1_600_000_000_000),
        EXPECTED[2],
        ("9", "2", "rating", 4.0, 1_600_000_000_000),
    ]
    assert report.counts["superseded-event"] == 1


def test_a_clear_takes_back_an_event_of_an_earlier_file(tmp_path: Path) -> None:
    head = "user_id,item_id,event,ts\n"
    lay(tmp_path, {"films.csv": FILMS, "one.csv": f"{head}7,1,like,1600000000\n9,1,like,1600000000\n"})
    lay(tmp_path, {"two.csv": f"{head}7,1,clear,1600000001\n7,2,like,1600000002\n7,2,click,1600000003\n"})
    data, report = read(tmp_path)
    assert [each[:3] for each in events_of(data)] == [("7", "2", "like"), ("9", "1", "like")]
    assert report.counts["cleared-event"] == 2


def test_titles_of_a_log_are_not_ids_in_another_form(tmp_path: Path) -> None:
    data, report = read(
        lay(tmp_path, {"log.csv": "username,film,watched_at\nann,Heat,2024-01-02\nbob,heat,2024-01-03\n"})
    )
    assert [each[:3] for each in events_of(data)] == [("ann", "heat", "watch"), ("bob", "heat", "watch")]
    assert not report.counts["id-form"]


def test_a_scale_is_detected_from_rating_rows_only(tmp_path: Path) -> None:
    rows = "".join(f"{who},{1 + who % 2},rating,{who % 10 + 1},{1_500_000_000 + who}\n" for who in range(30))
    log = "user_id,item_id,event,value,ts\n40,1,watch,1,1500000000\n" + rows
    data, report = read(lay(tmp_path, {"films.csv": "item_id,title\n1,Heat\n2,Boy\n", "events.csv": log}))
    assert {each[3] for each in events_of(data) if each[2] == "rating"} == {n / 2 for n in range(1, 11)}
    assert report.ok


def test_headers_with_accents_and_genres_with_a_slash(tmp_path: Path) -> None:
    text = "Título;Année;Länge;Genres\nHeat;1995;170;Crime/Drama\nAlien;1979;117;Horror / Science Fiction\n"
    data, report = read(lay(tmp_path, {"f.csv": text.encode("latin-1")}))
    assert [(film.title, film.year, film.runtime) for film in data.films] == [("Heat", 1995, 170), ("Alien", 1979, 117)]
    assert [film.genres for film in data.films] == [("Crime", "Drama"), ("Horror", "Science Fiction")]
    assert not report.counts["unknown-field"]


def test_a_table_without_a_header_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="without a line that names its columns: write one"):
        read(lay(tmp_path, {"list.txt": "Heat\nAlien\n"}))


def test_ml_10m_has_half_stars_tags_and_utf_8(tmp_path: Path) -> None:
    files = {
        "movies.dat": "1::Toy Story (1995)::Animation|Family\n2::Amélie (Fabuleux destin d'Amélie Poulain, Le) (2001)"
        "::Comedy\n31::Kid, The (1921)::Comedy\n",
        "ratings.dat": "7::1::4::1500103908\n7::2::2.5::1500104885\n8::31::5::1500106839\n",
        "tags.dat": '7::1::excellent: "really"::1500103908\n8::1::Pixar::1500103908\n',
        "README.html": "<html></html>",
        "allbut.pl": "#!/usr/bin/perl\n",
        "split_ratings.sh": "#!/bin/sh\n",
    }
    data, report = read(lay(tmp_path / "ml-10M100K", files))
    assert events_of(data) == EXPECTED
    assert [film.title for film in data.films] == ["Toy Story", "Amélie", "The Kid"]
    assert data.films[0].tags == ('excellent: "really"', "pixar")
    assert report.ok
    assert not report.counts["unknown-file"]


def test_ml_20m_is_read_without_its_genome(tmp_path: Path) -> None:
    files = {
        "movies.csv": FILMS,
        "ratings.csv": RATINGS,
        "links.csv": "movieId,imdbId,tmdbId\n1,0114709,862\n2,0113277,949\n31,0012349,\n",
        "tags.csv": "userId,movieId,tag,timestamp\n7,1,Pixar,1500103908\n",
        "genome-scores.csv": "movieId,tagId,relevance\n1,1,0.025\n",
        "genome-tags.csv": "tagId,tag\n1,007\n",
        "README.txt": "Summary\n",
    }
    data, report = read(lay(tmp_path / "ml-20m", files))
    assert events_of(data) == EXPECTED
    assert (data.films[0].tmdb_id, data.films[0].imdb_id, data.films[0].tags) == (862, "tt0114709", ("pixar",))
    assert report.ok
    assert not report.counts["unknown-file"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le with its mark", "utf-16-be with its mark"])
@pytest.mark.parametrize("document", [False, True])
def test_json_in_utf_16(tmp_path: Path, encoding: str, document: bool) -> None:
    films = [{"item_id": "1", "title": "La Règle du jeu", "year": 1939}, {"item_id": "2", "title": "七人の侍"}]
    events = [{"user_id": "a", "item_id": "2", "event": "like", "ts": 1_500_000_000}]
    for name, rows in (("films.jsonl", films), ("events.jsonl", events)):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\r\n" for row in rows)
        text = json.dumps(rows, ensure_ascii=False, indent=1) if document else lines
        raw = text.encode("utf-16") if encoding == "utf-16" else ("\ufeff" + text).encode(encoding.split()[0])
        lay(tmp_path, {name: raw})
    data, report = read(tmp_path)
    assert [film.title for film in data.films] == ["La Règle du jeu", "七人の侍"]
    assert [each[:3] for each in events_of(data)] == [("a", "2", "like")]
    assert report.counts["utf-16"] == 2
    assert report.ok


def test_a_scale_of_a_hundred(tmp_path: Path) -> None:
    ratings = "userId,movieId,rating,timestamp\n" + "".join(
        f"{n},{1 + n % 2},{n * 4},15000{n:05}\n" for n in range(1, 26)
    )
    data, report = read(lay(tmp_path, {"movies.csv": FILMS, "ratings.csv": ratings}))
    assert {each[3] for each in events_of(data)} == {n / 2 for n in range(1, 11)}
    assert report.counts["rating-scale"] == 25


class TestDuplicates:
    LINKS = "movieId,imdbId,tmdbId\n"

    def films(self, tmp_path: Path, rows: str, links: str) -> tuple[Dataset, Report]:
        films = "movieId,title,genres\n" + rows
        return read(lay(tmp_path, {"movies.csv": films, "ratings.csv": RATINGS, "links.csv": self.LINKS + links}))

    def test_the_better_known_film_gives_the_id(self, tmp_path: Path) -> None:
        ratings = "userId,movieId,rating,timestamp\n1,31,5,9\n2,31,5,9\n3,1,1,9\n1,1,2,10\n"
        films = 'movieId,title,genres\n1,Kid (1921),Comedy\n31,"Kid, The (1921)",Drama\n'
        links = self.LINKS + "1,1,862\n31,2,862\n"
        data, _ = read(lay(tmp_path, {"movies.csv": films, "ratings.csv": ratings, "links.csv": links}))
        (kid,) = data.films
        assert (kid.item_id, kid.other_ids, kid.genres) == ("31", ("1",), ("Drama", "Comedy"))
        assert [each[0::3] for each in events_of(data)] == [("1", 2.0), ("2", 5.0), ("3", 1.0)]

    @pytest.mark.parametrize("title", ["Kid (1984)", "Gold Rush (1921)"])
    def test_an_id_shared_by_mistake_merges_no_films(self, tmp_path: Path, title: str) -> None:
        data, report = self.films(tmp_path, f"1,Kid (1921),Comedy\n2,{title},Drama\n31,X (1990),Drama\n",
                                  "1,1,862\n2,2,862\n")  # fmt: skip
        assert len(data.films) == 3
        assert report.counts["shared-tmdb-id"] == 1

    def test_three_ids_of_one_film(self, tmp_path: Path) -> None:
        rows = "1,Kid (1921),Comedy\n2,Kid (1921),Drama\n31,The Kid (1921),Drama\n"
        data, _ = self.films(tmp_path, rows, "1,1,862\n2,2,862\n31,2,\n")
        (kid,) = data.films
        assert {kid.item_id, *kid.other_ids} == {"1", "2", "31"}


def test_every_case_has_an_input() -> None:
    assert all(any(folder.rglob("*.*")) for folder in CASES.iterdir())
