import gzip
import io
import json
import zipfile

import pytest

from services.adapters.history import archive, tables
from services.adapters.history.collected import MAX_TITLE
from services.adapters.history.reading import read_files, read_history
from services.recommender.domain.history import EventKind
from services.recommender.errors import InvalidRequest


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archived:
        for name, text in files.items():
            archived.writestr(name, text)
    return buffer.getvalue()


def rows_of(name: str, text: str | bytes, account: str | None = None) -> list[tuple[str, int | None, str, float]]:
    history = read_history(name, text if isinstance(text, bytes) else text.encode(), account)
    return [(row.titles[0] if row.titles else "", row.year, row.kind.label, row.value) for row in history.rows]


LETTERBOXD = {
    "profile.csv": "Date Joined,Username\n2020-01-01,somebody\n",
    "ratings.csv": "Date,Name,Year,Letterboxd URI,Rating\n2024-03-01,Heat,1995,https://boxd.it/1,4.5\n",
    "watched.csv": "Date,Name,Year,Letterboxd URI\n2024-03-01,Ran,1985,https://boxd.it/2\n",
    "diary.csv": "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date\n"
    "2024-03-01,Her,2013,https://boxd.it/3,3,,,2024-02-10\n2024-03-01,M,1931,https://boxd.it/4,,,,2024-02-11\n",
    "likes/films.csv": "Date,Name,Year,Letterboxd URI\n2024-03-01,Alien,1979,https://boxd.it/5\n",
    "watchlist.csv": "Date,Name,Year,Letterboxd URI\n2024-03-01,It,2017,https://boxd.it/6\n",
    "reviews.csv": "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Review\n2024-03-01,Jaws,1975,https://boxd.it/7,5,,fine\n",
    "deleted/diary.csv": "Date,Name,Year,Letterboxd URI,Rating,Watched Date\n2024-03-01,Up,2009,https://boxd.it/8,1,\n",
}


def test_a_letterboxd_export():
    history = read_history("export.zip", zipped(LETTERBOXD))
    assert history.source == "Letterboxd"
    assert sorted(rows_of("export.zip", zipped(LETTERBOXD))) == [
        ("Alien", 1979, "like", 1.0),
        ("Heat", 1995, "rating", 4.5),
        ("Her", 2013, "rating", 3.0),
        ("It", 2017, "click", 1.0),
        ("Jaws", 1975, "rating", 5.0),
        ("M", 1931, "watch", 1.0),
        ("Ran", 1985, "watch", 1.0),
    ]
    diary = next(row for row in history.rows if row.titles == ("M",))
    assert (diary.place, diary.ts_ms) == ("diary.csv, line 3", tables.moment("2024-02-11"))


def test_single_tables_of_a_letterboxd_export():
    assert rows_of("watchlist-somebody.csv", LETTERBOXD["watchlist.csv"]) == [("It", 2017, "click", 1.0)]
    assert rows_of("films.csv", LETTERBOXD["likes/films.csv"]) == [("Alien", 1979, "like", 1.0)]


WATCHED = "Date,Name,Year,Letterboxd URI\n2024-03-01,Ran,1985,https://boxd.it/2\n"


def test_the_user_name_does_not_affect_how_a_table_is_read():
    for person in ("letterboxd-mikelikesfilms-2024", "watchlistking", "undeleted"):
        files = {f"{person}/ratings.csv": LETTERBOXD["ratings.csv"], f"{person}/watched.csv": WATCHED}
        assert rows_of("x.zip", zipped(files)) == [("Heat", 1995, "rating", 4.5), ("Ran", 1985, "watch", 1.0)]


def test_reviews_alone_are_read_and_a_custom_list_is_named():
    assert rows_of("reviews.csv", LETTERBOXD["reviews.csv"]) == [("Jaws", 1975, "rating", 5.0)]
    custom_list = "Letterboxd list export v7\nDate,Name,Tags,URL,Description\n\nPosition,Name,Year,URL,Description\n"
    with pytest.raises(InvalidRequest, match=r"my-list.csv is a list of Letterboxd's"):
        rows_of("my-list.csv", custom_list)


def test_tables_that_look_alike_need_their_names():
    assert rows_of("watched (1).csv", WATCHED) == [("Ran", 1985, "watch", 1.0)]
    with pytest.raises(InvalidRequest, match=r"watched.csv, watchlist.csv or likes/films.csv.*filename="):
        rows_of("export", WATCHED)
    assert rows_of("export", LETTERBOXD["ratings.csv"]) == [("Heat", 1995, "rating", 4.5)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_table_saved_by_excel(end):
    text = end.join(["sep=;", "Date;Name;Year;Letterboxd URI;Rating", "2024-03-01;Amélie;2001;u;4,5", ""])
    for content in (text.encode(), text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode()):
        assert rows_of("ratings.csv", content) == [("Amélie", 2001, "rating", 4.5)]
    assert read_history("ratings.csv", text.encode()).rows[0].place == "ratings.csv, line 3"


def test_imdb_exports_up_to_2017():
    text = (
        '"position","const","created","modified","description","Title","Title type","Directors","You rated",'
        '"IMDb Rating","Runtime (mins)","Year","Genres","Num. Votes","Release Date (month/day/year)","URL"\n'
        '"1","tt0113277","Tue May 12 00:00:00 2015","","","Heat","Feature Film","Michael Mann","9","8.2","170","1995",'
        '"crime","1","1995-12-15","u"\n'
        '"2","tt0903747","Tue May 12 00:00:00 2015","","","Breaking Bad","TV Series","","10","9.5","49","2008","","1",'
        '"2008-01-20","u"\n'
    )
    assert rows_of("ratings.csv", text) == [("Heat", 1995, "rating", 4.5)]
    assert read_history("ratings.csv", text.encode()).rows[0].ts_ms == tables.moment("2015-05-12")


def test_imdb_ratings_and_watchlist():
    ratings = (
        "Const,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year\n"
        "tt0113277,9,2020-05-01,Heat,Heat,https://www.imdb.com/title/tt0113277,Movie,8.3,170,1995\n"
        "tt0903747,10,2020-05-02,Breaking Bad,Breaking Bad,https://x,TV Series,9.5,49,2008\n"
    )
    assert rows_of("ratings.csv", ratings) == [("Heat", 1995, "rating", 4.5)]
    history = read_history("ratings.csv", ratings.encode("utf-16"))
    assert history.rows[0].film_ids == ("tt0113277",)
    assert sum(history.skipped.values()) == 1
    watchlist = (
        "Position,Const,Created,Modified,Description,Title,Original Title,URL,Title Type,Year,Your Rating,Date Rated\n"
        "1,tt0047478,2021-01-01,2021-01-01,,Seven Samurai,Shichinin no samurai,https://x,Movie,1954,,\n"
        "2,tt0113277,2021-01-01,2021-01-01,,Heat,Heat,https://x,Movie,1995,7,2022-01-01\n"
    )
    assert rows_of("watchlist.csv", watchlist) == [("Seven Samurai", 1954, "click", 1.0), ("Heat", 1995, "rating", 3.5)]


def test_trakt():
    heat = {"title": "Heat", "year": 1995, "ids": {"trakt": 1, "slug": "heat-1995", "imdb": "tt0113277", "tmdb": 949}}
    entries = [
        {"rated_at": "2020-01-01T10:00:00.000Z", "rating": 8, "type": "movie", "movie": heat},
        {"watched_at": "2020-01-01T10:00:00.000Z", "type": "movie", "movie": {"title": "Ran", "year": 1985, "ids": {}}},
        {"plays": 2, "last_watched_at": None, "movie": {"title": "M", "year": 1931}},
        {"listed_at": "2020-01-01T10:00:00.000Z", "movie": {"title": "It", "year": 2017}},
        {"rated_at": "2020-01-01T10:00:00.000Z", "rating": 8, "type": "show", "show": {"title": "Dark"}},
    ]
    assert rows_of("ratings-movies.json", json.dumps(entries)) == [
        ("Heat", 1995, "rating", 4.0),
        ("Ran", 1985, "watch", 1.0),
        ("M", 1931, "watch", 1.0),
        ("It", 2017, "click", 1.0),
    ]
    history = read_history("trakt.zip", zipped({"ratings-movies.json": json.dumps(entries), "user.json": "{}"}))
    assert history.rows[0].film_ids == ("tmdb:949", "tt0113277")


def test_hidden_and_commented_entries_are_not_wishes():
    heat = {"title": "Heat", "year": 1995, "ids": {}}
    entries = [
        {"hidden_at": "2020-01-01T10:00:00.000Z", "type": "movie", "movie": heat},
        {"type": "movie", "movie": heat, "comment": {"comment": "dull", "user_rating": 2}},
        {"rating": 7, "movie": heat},
    ]
    assert rows_of("trakt.json", json.dumps(entries)) == [("Heat", 1995, "rating", 3.5)]
    lines = "\n".join(map(json.dumps, entries))
    assert rows_of("trakt.jsonl", lines) == [("Heat", 1995, "rating", 3.5)]


def test_simkl_anime_films_and_dropped_films():
    spirited = {"title": "Spirited Away", "year": 2001, "ids": {"tmdb": "129"}}
    anime = [
        {"status": "completed", "user_rating": 9, "anime_type": "movie", "show": spirited},
        {"status": "completed", "user_rating": 9, "anime_type": "tv", "show": {"title": "Monster"}},
    ]
    assert rows_of("SimklBackup.json", json.dumps({"anime": anime})) == [("Spirited Away", 2001, "rating", 4.5)]
    movies = [
        {"status": "dropped", "user_rating": None, "movie": {"title": "It", "year": 2017}},
        {"status": "notinteresting", "movie": {"title": "Up", "year": 2009}},
        {"status": "hold", "movie": {"title": "Her", "year": 2013}},
        {"status": "dropped", "user_rating": 2, "movie": {"title": "M", "year": 1931}},
    ]
    history = read_history("SimklBackup.json", json.dumps({"movies": movies}).encode())
    assert [(row.titles[0], row.kind.label) for row in history.rows] == [("Her", "click"), ("M", "rating")]
    assert sum(history.skipped.values()) == 2


def test_simkl():
    movie = {"title": "Heat", "year": 1995, "ids": {"simkl": 1, "imdb": "tt0113277", "tmdb": "949"}}
    document = {
        "movies": [
            {"status": "completed", "user_rating": 9, "last_watched_at": "2020-01-01T10:00:00Z", "movie": movie},
            {"status": "completed", "user_rating": None, "movie": {"title": "Ran", "year": 1985, "ids": {}}},
            {"status": "plantowatch", "movie": {"title": "It", "year": 2017, "ids": {}}},
        ],
        "shows": [{"show": {"title": "Dark"}}],
        "anime": None,
    }
    assert rows_of("SimklBackup.json", json.dumps(document)) == [
        ("Heat", 1995, "rating", 4.5),
        ("Ran", 1985, "watch", 1.0),
        ("It", 2017, "click", 1.0),
    ]
    assert read_history("SimklBackup.json", json.dumps(document).encode()).rows[0].film_ids == ("tmdb:949", "tt0113277")


def test_netflix_history_of_titles_and_days():
    text = 'Title,Date\n"Heat","12/31/20"\n"Dark: Season 1: Secrets","1/2/21"\n"Kill Bill: Vol. 1","1/3/21"\n'
    history = read_history("NetflixViewingHistory.csv", text.encode())
    assert rows_of("NetflixViewingHistory.csv", text) == [
        ("Heat", None, "watch", 1.0),
        ("Kill Bill: Vol. 1", None, "watch", 1.0),
    ]
    assert [row.ts_ms for row in history.rows] == [tables.moment("2020-12-31"), tables.moment("2021-01-03")]
    german = 'Titel,Datum\n"Heat","31.12.20"\n'.replace("Titel,Datum", "Title,Date")
    assert read_history("x.csv", german.encode()).rows[0].ts_ms == tables.moment("2020-12-31")
    british = 'Title,Date\n"Heat","31/12/20"\n"Ran","2/1/21"\n'
    assert read_history("x.csv", british.encode()).rows[1].ts_ms == tables.moment("2021-01-02")


def test_netflix_full_viewing_activity():
    text = (
        "Profile Name,Start Time,Duration,Attributes,Title,Supplemental Video Type,Device Type,Bookmark\n"
        "Anna,2021-01-01 20:00:00,02:40:00,,Heat,,TV,02:40:00\n"
        "Anna,2021-01-01 20:00:00,00:01:00,,Ran,,TV,00:01:00\n"
        "Anna,2021-01-01 20:00:00,00:31:00,,Her (Trailer),TRAILER,TV,00:01:00\n"
        "Bo,2021-01-01 20:00:00,01:40:00,,M,,TV,01:40:00\n"
    )
    assert rows_of("ViewingActivity.csv", text, "anna") == [("Heat", None, "watch", 1.0)]
    halves = text + "".join(f"Cy,2021-01-0{day} 20:00:00,00:25:00,,Up,,TV,00:25:00\n" for day in (1, 2))
    assert {row[0] for row in rows_of("ViewingActivity.csv", halves, "cy")} == {"Up"}
    with pytest.raises(InvalidRequest, match=r"several people.*Anna.*Bo"):
        rows_of("ViewingActivity.csv", text)
    with pytest.raises(InvalidRequest, match="the export has no account"):
        rows_of("ViewingActivity.csv", text, "cy")


def test_jellyfin_with_headings_and_as_saved_by_the_plug_in():
    heading = "DateCreated,UserId,ItemId,ItemType,ItemName,PlaybackMethod,ClientName,DeviceName,PlayDuration\n"
    rows = [
        "2023-01-01 20:00:00.123,u,a,Movie,Heat,DirectPlay,Web,Chrome,1500",
        "2023-01-02 20:00:00.123,u,a,Movie,Heat,DirectPlay,Web,Chrome,1500",
        "2023-01-02 20:00:00.123,u,b,Movie,Ran (1985),DirectPlay,Web,Chrome,60",
        "2023-01-02 20:00:00.123,u,c,Episode,Dark - s01e01 - Secrets,DirectPlay,Web,Chrome,3000",
        "2023-01-03 20:00:00.123,u,d,Movie,M (1931),DirectPlay,Web,Chrome,6000",
    ]
    expected = [("Heat", None, "watch", 1.0), ("M", 1931, "watch", 1.0)]
    assert rows_of("playback.csv", heading + "\n".join(rows)) == expected
    assert rows_of("playback_backup.tsv", "\n".join(rows).replace(",", "\t")) == expected


def test_tautulli_table_and_api():
    rows = [
        {"date": 1700000000, "user": "anna", "full_title": "Heat", "title": "Heat", "year": 1995, "media_type": "movie",
         "watched_status": 1, "percent_complete": 97, "guid": "com.plexapp.agents.imdb://tt0113277?lang=en"},
        {"date": 1700000000, "user": "anna", "full_title": "Ran", "title": "Ran", "year": 1985, "media_type": "movie",
         "watched_status": 0, "percent_complete": 12, "guid": "plex://movie/1"},
        {"date": 1700000000, "user": "anna", "full_title": "Dark - Secrets", "title": "Secrets", "year": 2017,
         "media_type": "episode", "watched_status": 1, "percent_complete": 100, "guid": "plex://episode/1"},
    ]  # fmt: skip
    response = json.dumps({"response": {"result": "success", "data": {"data": rows}}})
    assert rows_of("history.json", response) == [("Heat", 1995, "watch", 1.0)]
    history = read_history("history.json", response.encode())
    assert (history.rows[0].film_ids, history.rows[0].ts_ms) == (("tt0113277",), 1_700_000_000_000)
    table = ",".join(rows[0]) + "\n" + "\n".join(",".join(map(str, row.values())) for row in rows)
    assert rows_of("history.csv", table) == [("Heat", 1995, "watch", 1.0)]
    assert sum(history.skipped.values()) == 2


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("x.csv", b"a,b\n1,2\n", "not a known export .x.csv.*Letterboxd"),
        ("x.zip", b"PK\x03\x04nonsense", "zip cannot be read"),
        ("x.json", b"{broken", "x.json is not valid JSON"),
        ("x.json", b"[" * 100_000, "x.json is not valid JSON"),
        ("x.json", b"[1, 2]", "not a known export"),
        ("x.zip", zipped({"readme.md": "hello"}), "no CSV or JSON file"),
        ("x.zip", b"PK\x05\x06" + bytes(18), "no CSV or JSON file"),
        ("x.xlsx", zipped({"xl/workbook.xml": "<x/>"}), "x.xlsx is a workbook: save its sheet as CSV"),
        ("x.csv", b"<!DOCTYPE html><title>Sign in</title>", "x.csv is a web page and no table"),
        ("x.7z", b"7z\xbc\xaf\x27\x1c" + bytes(50), "x.7z is a 7-Zip archive: unpack it first"),
        ("x.xml", b"<?xml version='1.0'?><myanimelist/>", "x.xml is XML"),
        ("x.csv", b" \n", "x.csv is empty"),
        ("x.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)[:20], "the archive x.gz cannot be read"),
        ("watched.csv", b"Name,Year,Letterboxd URI\n" + b'"' + b"x" * 200_000, "watched.csv, line"),
        ("watched.csv", b"Name,Year,Letterboxd URI\n" + b"a,1,b\n" * (tables.MAX_ROWS + 1), "more than 50,000 rows"),
        ("x.csv", b"x" * (archive.MAX_BYTES + 1), "the maximum is 10,485,760"),
    ],
)
def test_an_unreadable_file_is_refused_with_the_reason(name, content, why):
    with pytest.raises(InvalidRequest, match=why) as caught:
        read_history(name, content)
    assert caught.value.pointer == "/file"


def test_a_zip_bomb_is_refused():
    bomb = zipped({f"{at}.csv": "0" * (archive.MAX_UNPACKED // 4) for at in range(5)})
    assert len(bomb) < archive.MAX_BYTES
    with pytest.raises(InvalidRequest, match="unpacks to more than"):
        read_history("bomb.zip", bomb)


def test_nested_archives_share_the_limits():
    inner = zipped(LETTERBOXD)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archived:
        archived.writestr("Downloads/letterboxd.zip", inner)
        archived.writestr("watched.csv.gz", gzip.compress(WATCHED.encode()))
        archived.writestr("films.xlsx", inner)
    assert len(read_history("x.zip", buffer.getvalue()).rows) == 8
    bombs = io.BytesIO()
    with zipfile.ZipFile(bombs, "w") as archived:
        for at in range(3):
            archived.writestr(f"{at}.zip", zipped({"a.csv": "0" * (archive.MAX_UNPACKED // 2)}))
    with pytest.raises(InvalidRequest, match="unpacks to more than"):
        read_history("bombs.zip", bombs.getvalue())
    with pytest.raises(InvalidRequest, match="unpacks to more than"):
        read_history("bomb.gz", gzip.compress(bytes(archive.MAX_UNPACKED + 1)))


def test_a_zip_inside_a_folder_is_read(tmp_path):
    (tmp_path / "letterboxd").mkdir()
    (tmp_path / "letterboxd" / "export.zip").write_bytes(zipped(LETTERBOXD))
    assert len(read_files(archive.files_in(tmp_path)).rows) == 7


def test_a_zip_of_too_many_entries_is_refused():
    with pytest.raises(InvalidRequest, match="more than 2,000 files"):
        read_history("many.zip", zipped({f"{at}.csv": "" for at in range(archive.MAX_ENTRIES + 1)}))


def test_paths_outside_the_zip_write_no_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = zipped({"../../ratings.csv": LETTERBOXD["ratings.csv"], "/etc/watched.csv": LETTERBOXD["watched.csv"]})
    assert len(rows_of("x.zip", content)) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "best", "value"),
    [("9", 10, 4.5), ("10", 10, 5), ("1", 10, 0.5), ("4,5", 5, 4.5), ("0", 10, None), ("", 10, None), ("11", 10, None),
     (None, 10, None), ("nan", 10, None), ("3.3", 5, 3.5)],
)  # fmt: skip
def test_stars(text, best, value):
    assert tables.stars(text, best) == value


@pytest.mark.parametrize("text", ["", "never", "2024-13-01", None, "1", -5, True, 1e30, "0001-01-01", "²" * 9])
def test_an_invalid_time_is_none(text):
    assert tables.moment(text) is None


@pytest.mark.parametrize("text", ["2020-12-31", "31 Dec 2020", "December 31, 2020", "Thu Dec 31 00:00:00 2020"])
def test_days_in_words(text):
    assert tables.day(text, day_first=False) == tables.moment(1609372800) == tables.moment("1609372800000")


def test_lone_surrogates_are_replaced_and_long_titles_cut():
    history = read_history("t.json", b'[{"rating":8,"movie":{"title":"H\\ud800eat","year":1995}}]')
    assert history.rows[0].titles == ("H?eat",)
    assert len(read_history("n.csv", b"Title,Date\n" + b"a b " * 9_000 + b",1/2/21\n").rows[0].titles[0]) == MAX_TITLE


def test_an_invalid_play_duration_is_ignored():
    assert rows_of("j.csv", "DateCreated,UserId,ItemName,PlayDuration\n2020-01-01,u,Heat,²\n")[0][0] == "Heat"


def test_every_kind_is_an_event_kind():
    assert {row[2] for row in rows_of("export.zip", zipped(LETTERBOXD))} <= {kind.label for kind in EventKind}


class TestPlainTables:
    """A spreadsheet, or the export of a smaller service."""

    def test_a_spreadsheet_with_stars_and_days(self):
        text = (
            "Film;Jahr;Meine Note;Note;Gesehen\nHeat;1995;;9,0;31.12.2020\nRan;1985;;;01.02.2021\n"
            "Zuletzt;;;10;\n;1999;;3;\n"
        )
        history = read_history("meine filme.csv", text.encode("cp1252"))
        assert history.source == "a table of films"
        assert rows_of("meine filme.csv", text) == [
            ("Heat", 1995, "rating", 4.5), ("Ran", 1985, "watch", 1.0), ("Zuletzt", None, "rating", 5.0)
        ]  # fmt: skip
        assert history.rows[0].ts_ms == tables.moment("2020-12-31")
        assert history.rows[0].place == "meine filme.csv, line 2"

    def test_the_import_format_of_letterboxd(self):
        text = (
            "Title,Year,Directors,Rating10,WatchedDate,tmdbID,imdbID\n"
            "Heat,1995,Michael Mann,9,2020-05-01,949,tt0113277\n"
            "Ran,1985,Akira Kurosawa,2,2020-05-02,,\n"
        )
        history = read_history("import.csv", text.encode())
        assert rows_of("import.csv", text) == [("Heat", 1995, "rating", 4.5), ("Ran", 1985, "rating", 1.0)]
        assert history.rows[0].film_ids == ("tmdb:949", "tt0113277")

    def test_tmdb_s_ratings_have_series_and_two_kinds_of_rating(self):
        text = (
            "TMDb ID,IMDb ID,Type,Name,Release Date,Season Number,Episode Number,Rating,Your Rating,Date Rated\n"
            "949,tt0113277,movie,Heat,1995-12-15,,,7.9,9,2020-05-01T10:00:00Z\n"
            "1396,,tv,Breaking Bad,2008-01-20,,,8.9,10,\n"
        )
        history = read_history("ratings.csv", text.encode())
        assert rows_of("ratings.csv", text) == [("Heat", 1995, "rating", 4.5)]
        assert sum(history.skipped.values()) == 1

    def test_a_status_of_planned_is_a_click(self):
        text = (
            "SIMKL_ID,Title,Type,Year,Watchlist,WatchedDate,Rating,TMDB,IMDB\n"
            "1,Heat,movie,1995,completed,2020-01-01,,949,tt0113277\n2,It,movie,2017,plan to watch,,,,\n"
        )
        assert rows_of("SimklBackup.csv", text) == [("Heat", 1995, "watch", 1.0), ("It", 2017, "click", 1.0)]

    def test_a_list_of_objects(self):
        films = [{"title": "Heat", "year": 1995, "rating": "4/5"}, {"title": "Ran", "year": 1985, "rating": None}]
        assert rows_of("films.json", json.dumps(films)) == [("Heat", 1995, "rating", 4.0), ("Ran", 1985, "watch", 1.0)]

    @pytest.mark.parametrize(
        "header",
        ["Título;Año;Puntuación", "Titre;Année;Note", "Tytuł;Rok;Ocena", "Название;Год;Моя оценка",
         "标题;年份;我的评分", "제목;연도;평점", "タイトル;年;評価"],
    )  # fmt: skip
    def test_headings_in_other_languages(self, header):
        assert rows_of("x.csv", f"{header}\nHeat;1995;9\nRan;1985;6\n") == [
            ("Heat", 1995, "rating", 4.5), ("Ran", 1985, "rating", 3.0)
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("cell", "value"),
        [("★★★★½", 4.5), ("★★★☆☆", 3), ("⭐⭐", 2), ("90%", 4.5), ("4 out of 5", 4), ("8/10", 4), ("4 stars", 4),
         ("4.5 Stars", 4.5), ("9/0", None), ("B+", None), ("%", None)],
    )  # fmt: skip
    def test_ratings_drawn_or_in_words(self, cell, value):
        expected = ("Heat", 1995, "watch", 1.0) if value is None else ("Heat", 1995, "rating", value)
        assert rows_of("x.csv", f"title,year,rating\nHeat,1995,{cell}\n") == [expected]

    def test_a_list_inside_an_object(self):
        films = {"version": 1, "movies": [{"title": "Heat", "year": 1995, "rating": 5}]}
        assert rows_of("films.json", json.dumps(films)) == [("Heat", 1995, "rating", 5.0)]

    def test_more_than_title_and_date_is_not_read_as_netflix(self):
        assert rows_of("x.csv", "Title,Date,Rating\nHeat,2020-01-01,5\n") == [("Heat", None, "rating", 5.0)]

    def test_several_people_need_an_account(self):
        text = "user,title,rating\nann,Heat,4\nbo,Ran,5\n"
        with pytest.raises(InvalidRequest, match="several people"):
            rows_of("x.csv", text)
        assert rows_of("x.csv", text, "Bo") == [("Ran", None, "rating", 5.0)]

    def test_tables_without_a_rating_or_date_are_refused(self):
        with pytest.raises(InvalidRequest, match="not a known export"):
            rows_of("x.csv", "title,year\nHeat,1995\n")
        lists = {"lists.csv": "Name,Date\nMy favourites,2020-01-01\n", "notes.csv": "Title,Score\nA note,1\n"}
        with pytest.raises(InvalidRequest, match="not a known export"):
            read_history("x.zip", zipped(lists))


def test_files_left_by_operating_systems_are_ignored():
    junk = {"__MACOSX/._ratings.csv": "junk", "a/.hidden.csv": "junk", "a/~$ratings.csv": "junk"}
    assert rows_of("x.zip", zipped({"a/ratings.csv": LETTERBOXD["ratings.csv"], **junk})) == [
        ("Heat", 1995, "rating", 4.5)
    ]
