"""Files as programs and people write them: unusual, but not wrong."""
# ruff: noqa: RUF001 (Cyrillic titles)

import gzip
import json
import zipfile
from pathlib import Path

import pytest

from data_jobs.forms.part import Role
from data_jobs.records import Film
from data_jobs.report import DataError, Report
from data_jobs.validate import Source, load, parts_of
from tests.data_jobs.forms.test_forms import EXPECTED, FILMS, RATINGS, events_of, lay, read


def films_in(folder: Path, text: str | bytes, name: str = "films.csv") -> tuple[list[Film], Report]:
    data, report = read(lay(folder, {name: text}))
    return list(data.films), report


class TestTablesOfPrograms:
    @pytest.mark.parametrize("before", ["\n", "\r\n\n", "sep=;\n", '"sep=;"\r\n', "\n\nsep=;\n"])
    def test_lines_before_the_header(self, tmp_path: Path, before: str) -> None:
        films, report = films_in(tmp_path, before + "Title;Year\nHeat;1995\n;1996\n")
        assert [(film.title, film.year) for film in films] == [("Heat", 1995)]
        (finding,) = [each for each in report.findings if each.code == "missing-value"]
        assert finding.line == 3 + before.count("\n")

    def test_empty_columns_that_a_spreadsheet_appends(self, tmp_path: Path) -> None:
        films, report = films_in(tmp_path, "Title;Year;;\nHeat;1995;;\nAlien;1979;;\n")
        assert [film.year for film in films] == [1995, 1979]
        assert report.ok

    def test_a_surplus_delimiter_at_the_end_of_rows(self, tmp_path: Path) -> None:
        films, report = films_in(
            tmp_path, 'title,year\nHeat,1995,\n"Alien, the first",1979,\nOnly one too many,1980,x\n'
        )
        assert [film.title for film in films] == ["Heat", "Alien, the first"]
        assert report.counts["wrong-field-count"] == 1

    def test_an_index_column_without_a_name(self, tmp_path: Path) -> None:
        films, report = films_in(tmp_path, ",title,year\n0,Heat,1995\n1,Alien,1979\n")
        assert [film.item_id for film in films] == ["heat-1995", "alien-1979"]
        assert report.ok

    @pytest.mark.parametrize("quoted", [False, True])
    def test_lines_that_end_in_cr_alone(self, tmp_path: Path, quoted: bool) -> None:
        title = '"Heat"' if quoted else "Heat"
        films, report = films_in(tmp_path, f"title,year\r{title},1995\rAlien,1979\r")
        assert [(film.title, film.year) for film in films] == [("Heat", 1995), ("Alien", 1979)]
        assert report.ok

    def test_people_with_decimals_in_their_ids(self, tmp_path: Path) -> None:
        ratings = RATINGS.replace("7,1,", "7.0,1,").replace("8,31,", "8.0,31.0,")
        data, report = read(lay(tmp_path, {"movies.csv": FILMS, "ratings.csv": ratings}))
        assert events_of(data) == EXPECTED
        assert report.ok

    def test_placeholders_are_read_as_missing_values(self, tmp_path: Path) -> None:
        text = "title,year,genre,director,cast,plot\nHeat,1995,Crime,N/A,nan,NaN\nNone,1972,nan,Unknown,-,null\n"
        films, report = films_in(tmp_path, text)
        assert [(film.title, film.directors, film.cast, film.overview) for film in films] == [
            ("Heat", (), (), ""), ("None", (), (), "")
        ]  # fmt: skip
        assert not report.counts["unknown-genre"]

    def test_html_entities_are_characters(self, tmp_path: Path) -> None:
        films, report = films_in(
            tmp_path, "title,year,plot\nFast &amp; Furious,2009,Schindler&#39;s &eacute;t&eacute;\n"
        )
        assert (films[0].title, films[0].overview) == ("Fast & Furious", "Schindler's été")
        assert report.counts["damaged-text"] == 2

    def test_an_unsupported_encoding_is_named(self, tmp_path: Path) -> None:
        text = "title,year\nСталкер,1979\nСолярис,1972\nЗеркало,1975\n"
        for encoding in ("cp1251", "koi8-r"):
            with pytest.raises(DataError, match=r"f.csv: fatal unreadable-file.*another encoding.*save it as UTF-8"):
                read(lay(tmp_path, {"f.csv": text.encode(encoding)}))
        with pytest.raises(DataError, match="save it as UTF-8"):
            read(
                lay(
                    tmp_path,
                    {"f.csv": "title,year\n七人の侍と羅生門,1954\n千と千尋の神隠し,2001\n".encode("shift-jis")},
                )
            )

    def test_one_wrong_byte_does_not_change_the_encoding(self, tmp_path: Path) -> None:
        text = "title,year\nСталкер,1979\nСолярис,1972\n".encode() + b"Caf\xe9,1990\n"
        films, _ = films_in(tmp_path, text)
        assert [film.title for film in films] == ["Сталкер", "Солярис", "Café"]

    def test_a_file_cut_within_a_character_is_read(self, tmp_path: Path) -> None:
        films, _ = films_in(tmp_path, "title,year\nСталкер,1979\nAmélie".encode()[:-3])
        assert [film.title for film in films] == ["Сталкер"]

    def test_a_short_latin_1_file_with_many_accents_is_read(self, tmp_path: Path) -> None:
        films, _ = films_in(
            tmp_path, "title,year\nÉté à Évian,1990\nÄÖÜ äöü,1991\nNoël à Orléans,1992\n".encode("latin-1")
        )
        assert [film.title for film in films] == ["Été à Évian", "ÄÖÜ äöü", "Noël à Orléans"]

    def test_the_same_row_twice_is_not_an_error(self, tmp_path: Path) -> None:
        rows = [f"{n},Film {n},{1950 + n}\n" for n in range(20)]
        films, report = films_in(tmp_path, "item_id,title,year\n" + "".join(rows + rows[:12]))
        assert len(films) == 20
        assert report.counts["repeated-film"] == 12
        assert report.ok
        report.refuse_if_bad()

    def test_a_year_in_square_brackets(self, tmp_path: Path) -> None:
        films, _ = films_in(tmp_path, "title\nHeat [1995]\n")
        assert (films[0].title, films[0].year) == ("Heat", 1995)

    @pytest.mark.parametrize(
        ("length", "minutes"), [("170", 170), ("170 mins", 170), ("2h 50m", 170), ("2:50", 170), ("02:50:00", 170)]
    )
    def test_running_times(self, tmp_path: Path, length: str, minutes: int) -> None:
        films, _ = films_in(tmp_path, f"title,duration\nHeat,{length}\n")
        assert films[0].runtime == minutes

    @pytest.mark.parametrize(
        ("named", "code"),
        [("English", "en"), ("en", "en"), ("EN", "en"), ("en-GB", "en"), ("English, French", "en"), ("Mandarin", "zh"),
         ("ger", "de"), ("Klingon", None)],
    )  # fmt: skip
    def test_languages(self, tmp_path: Path, named: str, code: str | None) -> None:
        films, report = films_in(tmp_path, f'title,language\nHeat,"{named}"\n')
        assert films[0].language == code
        assert report.counts["bad-value"] == (code is None)

    def test_a_german_list_has_german_genres(self, tmp_path: Path) -> None:
        films, report = films_in(
            tmp_path, "Filmtitel;Erscheinungsjahr;Genre;Regisseur;Darsteller;Dauer;FSK;Handlung\n"
            "Heat;1995;Krimi, Drama;Ada North;Cy West, Di East;170;16;Ein Plan.\nM;1931;Komödie / Horror;;;;;\n",
        )  # fmt: skip
        heat, m = films
        assert (heat.title, heat.year, heat.genres, heat.directors) == (
            "Heat",
            1995,
            ("Crime", "Drama"),
            ("Ada North",),
        )
        assert (heat.cast, heat.runtime, heat.certification, heat.overview) == (
            ("Cy West", "Di East"),
            170,
            "16",
            "Ein Plan.",
        )
        assert m.genres == ("Comedy", "Horror")
        assert not report.counts["unknown-field"]

    @pytest.mark.parametrize(
        ("named", "genres"),
        [("Dramas, Comedies", ("Drama", "Comedy")), ("Horror Movies, Thrillers", ("Horror", "Thriller")),
         ("Mystery & Suspense", ("Mystery", "Thriller")), ("Children & Family Movies", ("Family",)),
         ("Action & Adventure", ("Action", "Adventure")), ("Sci-Fi & Fantasy", ("Science Fiction", "Fantasy")),
         ("Policier, Comédie", ("Crime", "Comedy")), ("Gardening", ())],
    )  # fmt: skip
    def test_names_of_genres(self, tmp_path: Path, named: str, genres: tuple[str, ...]) -> None:
        films, report = films_in(tmp_path, f'title,genres\nHeat,"{named}"\n')
        assert films[0].genres == genres
        assert report.counts["unknown-genre"] == (not genres)

    @pytest.mark.parametrize(("scale", "average"), [(5, 4.5), (10, 9.0), (100, 90.0)])
    def test_averages_on_any_scale(self, tmp_path: Path, scale: int, average: float) -> None:
        rows = "".join(f"Film {n},{scale * (n % 10 + 1) / 10}\n" for n in range(30))
        films, report = films_in(tmp_path, f"title,rating\nHeat,{average}\n{rows}")
        assert films[0].vote_average == 9.0
        assert not report.counts["bad-value"]

    def test_one_column_per_name_and_one_column_per_genre(self, tmp_path: Path) -> None:
        text = (
            "movie_title,title_year,actor_1_name,actor_2_name,Drama,Comedy,movie_imdb_link\n"
            "Heat\xa0,1995.0,Cy West,Di East,1,0,http://www.imdb.com/title/tt0113277/?ref_=fn\nRan,1985,,Ed Low,1,1,\n"
        )
        films, report = films_in(tmp_path, text)
        heat, ran = films
        assert (heat.title, heat.year, heat.cast, heat.genres) == ("Heat", 1995, ("Cy West", "Di East"), ("Drama",))
        assert (heat.imdb_id, ran.cast, ran.genres) == ("tt0113277", ("Ed Low",), ("Drama", "Comedy"))
        assert not report.counts["unknown-field"]

    def test_lines_of_description_above_the_header(self, tmp_path: Path) -> None:
        text = "Our films\nExported on 2024-01-01;;\n\nTitle;Year;Length (min)\nHeat;1995;170\nAlien;1979;117\n"
        films, report = films_in(tmp_path, text)
        assert [(film.title, film.year, film.runtime) for film in films] == [("Heat", 1995, 170), ("Alien", 1979, 117)]
        assert report.ok

    def test_a_list_exported_by_letterboxd(self, tmp_path: Path) -> None:
        text = (
            "Letterboxd list export v7\nDate,Name,Tags,URL,Description\n2020-01-01,My list,,https://example.com,\n\n"
            "Position,Name,Year,URL,Description\n1,Heat,1995,https://example.com/1,\n2,Alien,1979,https://example.com/2,\n"
        )
        films, _ = films_in(tmp_path, text)
        assert [(film.title, film.year) for film in films] == [("Heat", 1995), ("Alien", 1979)]

    def test_a_list_of_titles_with_years_needs_no_header(self, tmp_path: Path) -> None:
        films, report = films_in(
            tmp_path, "Heat (1995)\nGood, the Bad and the Ugly, The (1966)\n1917 (2019)\n", "list.txt"
        )
        assert [(film.title, film.year) for film in films] == [
            ("Heat", 1995), ("The Good, the Bad and the Ugly", 1966), ("1917", 2019)
        ]  # fmt: skip
        assert report.ok

    def test_a_table_with_one_column_per_film_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="one column per film: write one row per rating"):
            read(lay(tmp_path, {"matrix.csv": "user,Heat (1995),Alien (1979)\nann,5,3\n"}))

    def test_a_column_movie_of_titles(self, tmp_path: Path) -> None:
        films, _ = films_in(tmp_path, "movie,year\nHeat,1995\nAlien,1979\n")
        assert [(film.title, film.year) for film in films] == [("Heat", 1995), ("Alien", 1979)]


class TestLogs:
    def test_a_column_movie_of_titles_leads_to_the_films_of_the_catalogue(self, tmp_path: Path) -> None:
        log = (
            "user,movie,rating,ts\n7,Toy Story (1995),4,1500103908\n7,Heat (1995),2.5,1500104885\n"
            "8,The Kid (1921),5,1500106839\n"
        )
        data, report = read(lay(tmp_path, {"films.csv": FILMS, "log.csv": log}))
        assert events_of(data) == EXPECTED
        assert report.ok

    def test_opinions_in_words(self, tmp_path: Path) -> None:
        log = "user,film,opinion,watched_on\n7,Heat (1995),loved,2020-01-01\n8,Kid (1921),hated,2020-01-02\n"
        data, report = read(lay(tmp_path, {"films.csv": FILMS.replace('"Kid, The', '"Kid'), "log.csv": log}))
        assert [each[:3] for each in events_of(data)] == [("7", "2", "like"), ("8", "31", "dislike")]
        assert report.ok

    def test_title_and_year_in_two_columns(self, tmp_path: Path) -> None:
        log = "user,title,year,rating,date\na,Heat,1995,4,2020-01-01\nb,Heat,1986,5,2020-01-01\nb,Ran,,5,2020-01-01\n"
        data, _ = read(lay(tmp_path / "alone", {"log.csv": log}))
        assert [(film.item_id, film.title, film.year) for film in data.films] == [
            ("heat-1995", "Heat", 1995), ("heat-1986", "Heat", 1986), ("ran", "Ran", None)
        ]  # fmt: skip
        assert [each[:2] for each in events_of(data)] == [("a", "heat-1995"), ("b", "heat-1986"), ("b", "ran")]
        films = "item_id,title,year\nh95,Heat,1995\nh86,Heat,1987\nr,Ran,1985\n"
        data, report = read(lay(tmp_path / "both", {"log.csv": log, "films.csv": films}))
        assert [each[:2] for each in events_of(data)] == [("a", "h95"), ("b", "h86"), ("b", "r")]
        assert report.ok

    def test_tmdb_ids_with_titles(self, tmp_path: Path) -> None:
        data, _ = read(lay(tmp_path, {"log.csv": "user_id,tmdb_id,title,genres,rating\na,949,Heat (1995),Crime,4\n"}))
        assert [(film.item_id, film.title, film.year, film.genres, film.tmdb_id) for film in data.films] == [
            ("949", "Heat", 1995, ("Crime",), 949)
        ]

    @pytest.mark.parametrize(
        ("cells", "kinds"),
        [(("1", "0", "1"), ("like", "dislike", "like")), (("True", "False", "True"), ("like", "dislike", "like")),
         (("1", "-1", "1"), ("like", "dislike", "like"))],
    )  # fmt: skip
    def test_yes_and_no_are_likes_and_dislikes(
        self, tmp_path: Path, cells: tuple[str, ...], kinds: tuple[str, ...]
    ) -> None:
        rows = [row.split(",") for row in RATINGS.splitlines()[1:]]
        log = "userId,movieId,rating,timestamp\n" + "".join(
            f"{user},{film},{cell},{when}\n" for (user, film, _, when), cell in zip(rows, cells, strict=True)
        )
        data, report = read(lay(tmp_path, {"movies.csv": FILMS, "ratings.csv": log}))
        assert [each[2] for each in events_of(data)] == list(kinds)
        assert report.ok

    def test_ratings_that_are_all_one_are_watches(self, tmp_path: Path) -> None:
        log = "user_id,item_id,rating\n" + "".join(f"u{n},{(1, 2, 31)[n % 3]},1\n" for n in range(30))
        data, report = read(lay(tmp_path, {"films.csv": FILMS, "log.csv": log}))
        assert {each[2] for each in events_of(data)} == {"watch"}
        assert report.counts["unknown-field"] == 1

    @pytest.mark.parametrize("cells", [("4/5", "2.5/5", "5/5"), ("8/10", "5/10", "10 / 10"), ("80%", "50 %", "100%"),
                                       ("★★★★", "★★½", "★★★★★")])  # fmt: skip
    def test_ratings_in_words(self, tmp_path: Path, cells: tuple[str, str, str]) -> None:
        ratings = RATINGS.replace("4.0", cells[0]).replace("2.5", cells[1]).replace("5.0", cells[2])
        data, report = read(lay(tmp_path, {"movies.csv": FILMS, "ratings.csv": ratings}))
        assert events_of(data) == EXPECTED
        assert report.ok

    def test_the_layout_of_movielens_1m_with_ratings_up_to_ten_and_ids_of_imdb(self, tmp_path: Path) -> None:
        files = {
            "movies.dat": "0113277::Heat (1995)::Crime|Drama\n0000008::Edison Sneeze (1894)::Documentary|Short\n",
            "ratings.dat": "".join(
                f"{n}::{('0113277', '0000008')[n % 2]}::{n % 10 + 1}::1500103908\n" for n in range(40)
            ),
            "users.dat": "1::12345\n2::23456\n",
        }
        data, report = read(lay(tmp_path, files))
        assert {each[3] for each in events_of(data)} == {n / 2 for n in range(1, 11)}
        assert report.ok

    @pytest.mark.parametrize(
        ("when", "ms"),
        [("20240301", 1_709_251_200_000), ("2024", 1_704_067_200_000),
         ("Fri, 01 Mar 2024 10:00:00 GMT", 1_709_287_200_000),
         ("2024-03-01T10:00:00.000+02:00", 1_709_280_000_000), ("1709287200.5", 1_709_287_200_500)],
    )  # fmt: skip
    def test_more_ways_to_write_a_time(self, tmp_path: Path, when: str, ms: int) -> None:
        data, report = read(lay(tmp_path, {"films.csv": FILMS, "log.csv": f'user_id,item_id,ts\na,1,"{when}"\n'}))
        assert [each[4] for each in events_of(data)] == [ms]
        assert report.ok

    def test_a_netflix_prize_folder_with_its_questions(self, tmp_path: Path) -> None:
        files = {
            "movie_titles.csv": "1,1995,Heat\n2,NULL,Kid, The\n",
            "combined_data_1.txt": "1:\n7,4,2005-09-06\n2:\n8,5,2005-09-07\n",
            "probe.txt": "1:\n7\n8\n2:\n8\n", "qualifying.txt": "1:\n7,2005-09-08\n", "README": "about",
        }  # fmt: skip
        data, report = read(lay(tmp_path, files))
        assert [each[:4] for each in events_of(data)] == [("7", "1", "rating", 4.0), ("8", "2", "rating", 5.0)]
        assert report.ok
        assert report.counts["unused-file"] == 3


class TestJson:
    FILMS = ({"title": "Heat", "year": 1995}, {"title": "Alien", "year": 1979})

    @pytest.mark.parametrize(
        "document",
        [
            {"Search": FILMS, "totalResults": "2", "Response": "True"},
            {"Items": FILMS, "TotalRecordCount": 2, "StartIndex": 0},
            {"id": 1, "jsonrpc": "2.0", "result": {"limits": {"end": 2}, "movies": FILMS}},
            {"ratings_of_mine": FILMS},
            {"data": {"films": FILMS}},
            {"title": {"0": "Heat", "1": "Alien"}, "year": {"0": 1995, "1": 1979}},
            {"columns": ["title", "year"], "index": [0, 1], "data": [["Heat", 1995], ["Alien", 1979]]},
            {"schema": {"fields": []}, "data": FILMS},
            {"0": FILMS[0], "1": FILMS[1]},
        ],
    )
    def test_lists_and_tables_in_any_wrapper(self, tmp_path: Path, document: object) -> None:
        films, report = films_in(tmp_path, json.dumps(document), "films.json")
        assert [(film.item_id, film.title, film.year) for film in films] == [
            ("heat-1995", "Heat", 1995), ("alien-1979", "Alien", 1979)
        ]  # fmt: skip
        assert report.ok

    def test_objects_by_their_ids(self, tmp_path: Path) -> None:
        films, _ = films_in(tmp_path, json.dumps({"f1": self.FILMS[0], "f2": self.FILMS[1]}), "films.json")
        assert [film.item_id for film in films] == ["f1", "f2"]

    def test_an_event_with_its_own_list_stays_an_event(self, tmp_path: Path) -> None:
        log = {"customer": "ann", "sku": "1", "action": "purchase", "at": 5, "extras": [{"id": 3, "title": "x"}]}
        nested = {"customer": "ann", "sku": "2", "action": "view", "device": {"os": "x"}}
        text = "".join(json.dumps(each) + "\n" for each in (log, nested))
        data, _ = read(lay(tmp_path, {"films.csv": FILMS, "log.jsonl": text}))
        assert [each[:3] for each in events_of(data)] == [("ann", "1", "watch"), ("ann", "2", "click")]

    def test_a_log_of_objects(self, tmp_path: Path) -> None:
        log = [
            {
                "user": {"id": 7},
                "movie": {"title": "Heat (1995)"},
                "rating": 4,
                "date": {"$date": "2020-01-01T00:00:00Z"},
            }
        ]
        data, report = read(lay(tmp_path, {"films.csv": FILMS, "log.json": json.dumps(log)}))
        assert [each[:4] for each in events_of(data)] == [("7", "2", "rating", 4.0)]
        assert report.ok

    def test_a_mongodb_export(self, tmp_path: Path) -> None:
        film = {"_id": {"$oid": "573a1390f29313caabcd4135"}, "title": "Heat", "year": {"$numberInt": "1995"}}
        films, report = films_in(tmp_path, json.dumps(film) + "\n", "films.jsonl")
        assert [(film.item_id, film.year) for film in films] == [("573a1390f29313caabcd4135", 1995)]
        assert report.ok

    def test_a_film_with_one_list_stays_a_film(self, tmp_path: Path) -> None:
        lists = {"keywords.jsonl": json.dumps({"id": 949, "keywords": [{"id": 1, "name": "heist"}]}) + "\n"}
        film = {"id": 949, "title": "Heat", "release_date": "1995-12-15", "video": False, "backdrop_path": None}
        data, _ = read(lay(tmp_path, {"movies.jsonl": json.dumps(film) + "\n", **lists}))
        assert [(film.item_id, film.keywords) for film in data.films] == [("949", ("heist",))]

    def test_omdb(self, tmp_path: Path) -> None:
        film = {
            "Title": "Heat", "Year": "1995", "Rated": "R", "Released": "15 Dec 1995", "Runtime": "170 min",
            "Genre": "Action, Crime, Drama", "Director": "Ada North", "Writer": "Bo", "Actors": "Cy West, Di East",
            "Plot": "A plan.", "Language": "English, Spanish", "Poster": "https://m.example.com/M@._V1_UX67_CR0,0.jpg",
            "imdbRating": "8.3", "imdbVotes": "700,000", "imdbID": "tt0113277", "Type": "movie", "Response": "True",
            "Ratings": [{"Source": "Metacritic", "Value": "76/100"}],
        }  # fmt: skip
        without_details = film | {
            "Title": "Obscure",
            "imdbID": "tt1",
            "Director": "N/A",
            "Plot": "N/A",
            "Poster": "N/A",
            "imdbVotes": "N/A",
        }
        films, report = films_in(tmp_path, json.dumps([film, without_details]), "omdb.json")
        heat, obscure = films
        assert (heat.item_id, heat.year, heat.certification, heat.runtime, heat.language) == (
            "tt0113277",
            1995,
            "R",
            170,
            "en",
        )
        assert (heat.vote_average, heat.vote_count, heat.cast) == (8.3, 700_000, ("Cy West", "Di East"))
        assert heat.poster_path == film["Poster"]
        assert (obscure.directors, obscure.overview, obscure.poster_path, obscure.vote_count) == ((), "", None, None)
        assert report.ok
        assert not report.counts["bad-value"]

    def test_items_of_a_media_server(self, tmp_path: Path) -> None:
        film = {"Name": "Heat", "Id": "a1b2", "ProductionYear": 1995, "OfficialRating": "R", "CommunityRating": 7.9,
                "Genres": ["Crime"], "ProviderIds": {"Imdb": "tt0113277", "Tmdb": "949"}}  # fmt: skip
        films, _ = films_in(tmp_path, json.dumps({"Items": [film], "TotalRecordCount": 1}), "items.json")
        (heat,) = films
        assert (heat.item_id, heat.title, heat.year, heat.certification) == ("a1b2", "Heat", 1995, "R")
        assert (heat.tmdb_id, heat.imdb_id, heat.vote_average) == (949, "tt0113277", 7.9)

    def test_films_of_radarr(self, tmp_path: Path) -> None:
        film = {"title": "Heat", "originalTitle": "Heat", "originalLanguage": {"id": 1, "name": "English"},
                "year": 1995,
                "overview": "A plan.", "runtime": 170, "tmdbId": 949, "imdbId": "tt0113277", "certification": "R",
                "genres": ["Crime"], "alternateTitles": [{"title": "Fuego contra fuego"}], "hasFile": True, "id": 3,
                "collection": {"title": "Heat Collection", "tmdbId": 7}}  # fmt: skip
        films, report = films_in(tmp_path, json.dumps([film]), "movie.json")
        (heat,) = films
        assert (heat.item_id, heat.title, heat.year, heat.language) == ("3", "Heat", 1995, "en")
        assert (heat.tmdb_id, heat.imdb_id, heat.certification, heat.runtime) == (949, "tt0113277", "R", 170)
        assert (heat.series, heat.aka) == ("Heat Collection", ("Fuego contra fuego",))
        assert not report.counts["bad-value"]

    @pytest.mark.parametrize("lines", [1, 2])
    def test_lines_that_are_python_literals(self, tmp_path: Path, lines: int) -> None:
        text = "".join(f"{{'asin': 'B{n}', 'title': \"Schindler's {n}\", 'price': None}}\n" for n in range(lines))
        films, report = films_in(tmp_path, text, "meta_Movies.json")
        assert [film.title for film in films] == [f"Schindler's {n}" for n in range(lines)]
        assert report.ok


class TestArchivesAndFolders:
    def zipped(self, path: Path, files: dict[str, str | bytes]) -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path

    @pytest.mark.parametrize("where", ["zip in a folder", "zip in a zip", "gzip in a zip", "zips of single files"])
    def test_nested_archives(self, tmp_path: Path, where: str) -> None:
        folder = lay(tmp_path / "in", {".DS_Store": b"\x00\x00", "Thumbs.db": b"\xd0\xcf\x11\xe0"})
        files: dict[str, str | bytes] = {"ml/movies.csv": FILMS, "ml/ratings.csv": RATINGS, "ml/.DS_Store": b"\x00"}
        if where == "zip in a folder":
            self.zipped(folder / "ml.zip", files)
        elif where == "zip in a zip":
            inner = self.zipped(tmp_path / "inner.zip", files).read_bytes()
            self.zipped(folder / "outer.zip", {"data/inner.zip": inner, "__MACOSX/data/._inner.zip": "junk"})
        elif where == "gzip in a zip":
            packed: dict[str, str | bytes] = {
                f"{name}.gz": gzip.compress(str(files[name]).encode()) for name in list(files)[:2]
            }
            self.zipped(folder / "ml.zip", packed)
        else:
            self.zipped(folder / "movies.csv.zip", {"movies.csv": FILMS})
            self.zipped(folder / "ratings.csv.zip", {"ratings.csv": RATINGS})
        data, report = read(folder)
        assert events_of(data) == EXPECTED
        assert not report.counts["unknown-file"]
        if where.startswith("zip in a z"):
            assert events_of(read(folder / "outer.zip")[0]) == EXPECTED

    def test_archives_nested_too_deep_are_named(self, tmp_path: Path) -> None:
        content = self.zipped(tmp_path / "0.zip", {"movies.csv": FILMS}).read_bytes()
        for depth in (1, 2):
            content = self.zipped(tmp_path / f"{depth}.zip", {"inner.zip": content}).read_bytes()
        with pytest.raises(DataError, match="unpack the zip"):
            read(tmp_path / "2.zip")

    def test_an_archive_next_to_its_unpacked_files(self, tmp_path: Path) -> None:
        folder = lay(tmp_path, {"movies.csv": FILMS, "ratings.csv": RATINGS, "ratings copy.csv": RATINGS})
        self.zipped(folder / "ml.zip", {"movies.csv": FILMS, "ratings.csv": RATINGS})
        data, report = read(folder)
        assert events_of(data) == EXPECTED
        assert report.ok
        assert report.counts["unused-file"] == 3

    @pytest.mark.parametrize(
        ("name", "content", "says"),
        [
            ("ml.tar.gz", gzip.compress(bytes(257) + b"ustar" + bytes(300), mtime=0), "tar archive: unpack it first"),
            ("films.csv.bz2", b"BZh91AY" + bytes(60), "bunzip2"),
            ("films.csv.xz", b"\xfd7zXZ\x00" + bytes(60), "unxz"),
            ("films.feather", b"ARROW1" + bytes(60), "write it as CSV"),
            ("films.csv", b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
            ("films.xml", b'<?xml version="1.0"?><movies/>', "XML"),
            ("films.csv", "title,year\nHeat,1995\n".encode("utf-16-le"), "UTF-16 without its byte order mark"),
            ("movies.dat", b"1\n::Heat (1995) and more::Crime\n", "looks like"),
            ("dump.sql", b"-- MySQL dump 10.13\nCREATE TABLE films (id int);\n", "an SQL dump"),
            ("films.bin", bytes(range(256)) * 3, "a binary file"),
        ],
    )
    def test_more_unreadable_files(self, tmp_path: Path, name: str, content: bytes, says: str) -> None:
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(DataError, match=says) as caught:
            read(path)
        assert "\n" not in str(caught.value)

    def test_all_tables_of_imdb(self, tmp_path: Path) -> None:
        files = {
            "title.basics.tsv": "tconst\ttitleType\tprimaryTitle\tstartYear\tgenres\n"
            "tt0113277\tmovie\tHeat\t1995\tCrime\n",
            "title.akas.tsv": "titleId\tordering\ttitle\tregion\tlanguage\ntt0113277\t1\tFuego contra fuego\tES\t\\N\n",
            "title.crew.tsv": "tconst\tdirectors\twriters\ntt0113277\tnm0000520\tnm0000520\n",
            "title.principals.tsv": "tconst\tordering\tnconst\tcategory\tjob\ntt0113277\t1\tnm1\tactor\t\\N\n",
            "title.episode.tsv": "tconst\tparentTconst\tseasonNumber\tepisodeNumber\ntt1\ttt2\t1\t1\n",
            "name.basics.tsv": "nconst\tprimaryName\tbirthYear\nnm1\tAda North\t1950\n",
        }
        data, report = read(lay(tmp_path, files))
        (heat,) = data.films
        assert (heat.item_id, heat.title, heat.directors, heat.genres) == ("tt0113277", "Heat", (), ("Crime",))
        assert report.counts["unused-file"] == 5
        assert not report.counts["unknown-file"]

    def test_movielens_20m_as_kaggle_has_it(self, tmp_path: Path) -> None:
        files = {
            "movie.csv": FILMS, "rating.csv": RATINGS.replace("1500103908", "2017-07-15 07:31:48"),
            "link.csv": "movieId,imdbId,tmdbId\n2,113277,949.0\n",
            "tag.csv": "userId,movieId,tag,timestamp\n7,1,Pixar,2009-04-24 18:19:40\n",
            "genome_scores.csv": "movieId,tagId,relevance\n1,1,0.025\n", "genome_tags.csv": "tagId,tag\n1,007\n",
        }  # fmt: skip
        data, report = read(lay(tmp_path, files))
        assert events_of(data) == EXPECTED
        assert (data.films[1].imdb_id, data.films[1].tmdb_id, data.films[0].tags) == ("tt0113277", 949, ("pixar",))
        assert not report.counts["unknown-file"]


class TestOverrides:
    def test_a_column_that_no_file_has_is_reported(self, tmp_path: Path) -> None:
        path = lay(tmp_path, {"f.csv": "title,released\nHeat,1995\n"}) / "f.csv"
        with pytest.raises(DataError, match=r"no file has a column 'relased', given for year; found title, released"):
            load(Source(paths=(path,), maps={"year": "relased"}))

    def test_case_and_blanks_of_a_column_do_not_matter(self, tmp_path: Path) -> None:
        path = lay(tmp_path, {"f.csv": "Main Title,When\nHeat,1995\n"}) / "f.csv"
        data, _ = load(Source(paths=(path,), maps={"title": "main_title", "year": "when"}))
        assert (data.films[0].title, data.films[0].year) == ("Heat", 1995)

    def test_a_table_without_a_header_can_be_mapped(self, tmp_path: Path) -> None:
        path = lay(tmp_path, {"f.csv": "Heat,1995,x\nAlien,1979,y\n"}) / "f.csv"
        data, _ = load(Source(paths=(path,), maps={"title": "column 1", "year": "column 2"}))
        assert [(film.title, film.year) for film in data.films] == [("Heat", 1995), ("Alien", 1979)]

    def test_a_mapping_of_one_file_leaves_those_without_a_header_alone(self, tmp_path: Path) -> None:
        files = {
            "movies.csv": "nr,what\n1,Heat\n2,Alien\n",
            "combined_data_1.txt": "1:\n7,4,2005-09-06\n2:\n8,5,2005-09-07\n",
        }
        lay(tmp_path, files)
        data, _ = load(Source(paths=(tmp_path,), maps={"item_id": "nr", "title": "what"}))
        assert [each[:2] for each in events_of(data)] == [("7", "1"), ("8", "2")]

    def test_a_scale_can_be_given_for_a_table_without_a_header(self, tmp_path: Path) -> None:
        lay(tmp_path, {"films.csv": FILMS, "log.tsv": "7\t1\t8\t1500103908\n8\t2\t3\t1500103908\n"})
        data, _ = load(Source(paths=(tmp_path,), scale=10))
        assert [each[3] for each in events_of(data)] == [4.0, 1.5]

    def test_every_recognised_file_has_a_role(self, tmp_path: Path) -> None:
        lay(tmp_path, {"films.csv": FILMS, "stock.csv": "colour,size\nred,1\n"})
        with parts_of(Source(paths=(tmp_path,)), Report()) as parts:
            roles: dict[str, Role] = {part.name: part.role for part in parts}
        assert roles == {"films.csv": Role.FILMS, "stock.csv": Role.UNKNOWN}


def named(folder: Path, document: object, name: str = "films.json") -> list[tuple[str, str, int | None]]:
    films, report = films_in(folder, document if isinstance(document, str) else json.dumps(document), name)
    assert report.ok
    return [(film.item_id, film.title, film.year) for film in films]


@pytest.mark.parametrize(
    ("name", "says"), [("films.yaml", "films.yaml is YAML, which is not read: write it as JSON or CSV"),
                       ("films.md", "films.md is a text: save a table in it as CSV")],
)  # fmt: skip
def test_a_lone_file_without_data_is_named(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        films_in(tmp_path, "- title: Heat\n", name)


class TestWrappedRecords:
    """Search engines, databases and APIs wrap records in others."""

    HEAT, RAN = {"title": "Heat", "year": 1995}, {"title": "Ran", "year": 1985}
    EXPECTED = [("1", "Heat", 1995), ("2", "Ran", 1985)]  # noqa: RUF012

    @pytest.mark.parametrize(
        "document",
        [
            {"took": 3, "timed_out": False, "_shards": {"total": 1}, "hits": {"total": {"value": 2}, "hits": [
                {"_index": "m", "_id": "1", "_source": HEAT}, {"_index": "m", "_id": "2", "_source": RAN}]}},
            "\n".join(json.dumps({"_id": at, "_source": film}) for at, film in (("1", HEAT), ("2", RAN))),
            {"links": {"self": "x"}, "data": [
                {"type": "movies", "id": "1", "attributes": HEAT}, {"type": "movies", "id": "2", "attributes": RAN}]},
            {"data": {"movies": {"edges": [{"cursor": "a", "node": {"id": "1", **HEAT}}, {"node": {"id": "2", **RAN}}],
                                 "pageInfo": {"hasNextPage": False}}}},
            "\n".join(json.dumps({"Item": {"id": {"S": at}, "title": {"S": title}, "year": {"N": year}}})
                      for at, title, year in (("1", "Heat", "1995"), ("2", "Ran", "1985"))),
            {"@odata.context": "x", "value": [
                {"Id": 1, "Title": "Heat", "Year": 1995}, {"Id": 2, "Title": "Ran", "Year": 1985}]},
            {"head": {"vars": ["item", "itemLabel", "year"]}, "results": {"bindings": [
                {"item": {"type": "literal", "value": at}, "itemLabel": {"type": "literal", "value": title},
                 "year": {"type": "literal", "value": year}}
                for at, title, year in (("1", "Heat", "1995"), ("2", "Ran", "1985"))]}},
        ],
        ids=["search", "dump of a search", "JSON:API", "GraphQL", "DynamoDB", "OData", "SPARQL"],
    )  # fmt: skip
    def test_the_wrapper_is_removed(self, tmp_path: Path, document: object) -> None:
        assert named(tmp_path, document) == self.EXPECTED

    def test_a_film_with_its_own_attributes_is_not_unwrapped(self, tmp_path: Path) -> None:
        film = {"id": 1, **self.HEAT, "attributes": {"mood": "dark"}, "properties": {"title": "x"}}
        assert named(tmp_path, [film]) == [("1", "Heat", 1995)]

    def test_linked_data(self, tmp_path: Path) -> None:
        film = {
            "@type": "Movie", "name": "Heat", "datePublished": "1995-12-15", "genre": ["Crime"],
            "director": {"@type": "Person", "name": "Michael Mann"}, "actor": [{"name": "Al Pacino"}],
        }  # fmt: skip
        films, _ = films_in(tmp_path, json.dumps({"@context": "https://schema.org", "@graph": [film]}), "films.json")
        assert [(each.title, each.year, each.directors, each.cast) for each in films] == [
            ("Heat", 1995, ("Michael Mann",), ("Al Pacino",))
        ]


class TestLogsOfShops:
    def log(self, folder: Path, text: str, name: str = "log.json") -> list[tuple[str, str, str]]:
        data, report = read(lay(folder, {"films.csv": "sku,title,year\n1,Heat,1995\n2,Ran,1985\n", name: text}))
        assert report.ok
        return [each[:3] for each in events_of(data)]

    def test_google_analytics(self, tmp_path: Path) -> None:
        lines = (
            {"event_timestamp": 1709251200000000, "event_name": name, "user_pseudo_id": "ann", "items": items}
            for name, items in (("view_item", [{"item_id": "1"}]), ("purchase", [{"item_id": "1"}, {"item_id": "2"}]))
        )
        assert self.log(tmp_path, "\n".join(map(json.dumps, lines))) == [("ann", "1", "watch"), ("ann", "2", "watch")]

    def test_events_with_separate_properties(self, tmp_path: Path) -> None:
        lines = (
            {
                "userId": "ann",
                "type": "track",
                "event": name,
                "properties": {"product_id": item},
                "timestamp": "2024-03-01",
            }
            for name, item in (("Product Viewed", "1"), ("Order Completed", "2"))
        )
        assert self.log(tmp_path, "\n".join(map(json.dumps, lines))) == [("ann", "1", "click"), ("ann", "2", "watch")]

    def test_orders_with_their_lines(self, tmp_path: Path) -> None:
        lines = [{"id": 5, "sku": "1", "title": "Heat"}, {"id": 6, "sku": "2", "title": "Ran"}]
        order = {"id": 1001, "email": "a@x.org", "created_at": "2024-03-01T00:00:00Z", "line_items": lines}
        events = self.log(tmp_path, json.dumps({"orders": [order]}))
        assert events == [("a@x.org", "1", "watch"), ("a@x.org", "2", "watch")]

    def test_orders_as_a_table(self, tmp_path: Path) -> None:
        text = (
            "Name,Email,Financial Status,Created at,Lineitem quantity,Lineitem name,Lineitem sku\n"
            "#1001,a@x.org,paid,2024-03-01 10:00:00 +0100,1,Heat (1995),1\n"
        )
        assert self.log(tmp_path, text, "orders.csv") == [("a@x.org", "1", "watch")]

    def test_feedback_of_another_recommender(self, tmp_path: Path) -> None:
        text = "feedback_type,user_id,item_id,time_stamp\nlike,ann,1,2020-01-01 00:00:00 +0000 UTC\n"
        assert self.log(tmp_path, text, "feedback.csv") == [("ann", "1", "like")]


class TestMoreTables:
    def test_types_after_column_names(self, tmp_path: Path) -> None:
        films = (
            "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n10\tHeat\t1995\tCrime Drama\n"
        )
        log = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t10\t4\t881250949\n"
        data, report = read(lay(tmp_path, {"ml.item": films, "ml.inter": log}))
        assert [(film.title, film.year, film.genres) for film in data.films] == [("Heat", 1995, ("Crime", "Drama"))]
        assert [each[:4] for each in events_of(data)] == [("1", "10", "rating", 4.0)]
        assert report.ok

    def test_ratings_separated_by_blanks(self, tmp_path: Path) -> None:
        data, report = read(lay(tmp_path, {"ratings.txt": "1 1 2.0\n1 2 4\n2 1 3.5\n2 3 .5\n"}))
        assert len(data.events) == 4
        assert report.ok

    def test_quotes_escaped_by_backslashes(self, tmp_path: Path) -> None:
        text = '"id","title","year"\n"1","The \\"Heat\\"","1995"\n"2","A \\\\ B",\\N\n"3","\\"X\\", Y","1990"\n'
        assert named(tmp_path, text, "films.csv") == [
            ("1", 'The "Heat"', 1995), ("2", "A \\ B", None), ("3", '"X", Y', 1990)
        ]  # fmt: skip

    @pytest.mark.parametrize("quote", ["", '"'])
    def test_a_repeated_header_in_concatenated_files(self, tmp_path: Path, quote: str) -> None:
        text = "".join(f"{quote}{a}{quote},{b}\n" for a, b in
                       (("title", "year"), ("Heat", 1995), ("title", "year"), ("Ran", 1985)))  # fmt: skip
        films, report = films_in(tmp_path, text)
        assert [film.title for film in films] == ["Heat", "Ran"]
        assert [each.line for each in report.findings if each.code == "repeated-header"] == [3]

    @pytest.mark.parametrize(
        "header",
        ["Название;Год;Жанр;Режиссёр", "Tytuł;Rok;Gatunek;Reżyser", "タイトル;公開年;ジャンル;監督",
         "片名;年份;类型;导演", "제목;연도;장르;감독", "Název;Rok;Žánr;Režie",
         "Başlık;Yıl;Tür;Yönetmen", "Cím;Év;Műfaj;Rendező"],
    )  # fmt: skip
    def test_headers_in_other_scripts_and_languages(self, tmp_path: Path, header: str) -> None:
        films, report = films_in(tmp_path, f"{header}\nСталкер;1979;Drama;Тарковский\n")
        assert [(film.title, film.year, film.genres, film.directors) for film in films] == [
            ("Сталкер", 1979, ("Drama",), ("Тарковский",))
        ]
        assert report.ok

    @pytest.mark.parametrize(
        "genres",
        [
            "{Crime,Drama}",
            '{"Crime",Drama}',
            "Crime - Drama",
            "crime drama",
            "Crime drama film",
            "crime film|drama film",
        ],
    )
    def test_more_ways_to_write_genres(self, tmp_path: Path, genres: str) -> None:
        films, report = films_in(tmp_path, f"title;genres\nHeat;{genres}\n")
        assert films[0].genres == ("Crime", "Drama")
        assert report.ok

    def test_a_wikidata_query(self, tmp_path: Path) -> None:
        row = "http://www.wikidata.org/entity/Q42198,Heat,1995-12-15T00:00:00Z,crime film"
        text = f"item,itemLabel,publicationDate,genreLabel\n{row}\n"
        films, _ = films_in(tmp_path, text)
        assert [(film.title, film.year, film.genres) for film in films] == [("Heat", 1995, ("Crime",))]
