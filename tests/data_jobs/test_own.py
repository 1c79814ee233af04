"""Marquee's own format: catalogue and event log, JSON lines and CSV."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.readers.events import Columns, keep_standing
from data_jobs.records import Dataset
from data_jobs.report import DataError, Report
from data_jobs.validate import load_own
from services.recommender.domain.history import EventKind

FILMS = [
    {
        "item_id": "a",
        "title": "The Glass Harbour",
        "year": 1987,
        "genres": ["Drama", "Sci-Fi"],
        "director": "Ada North & Bo South",
        "cast": ["Cy West"],
        "keywords": ["harbour", "ice"],
        "runtime": 101,
        "language": "en",
        "overview": "A pilot finds a town under the ice.",
        "tmdb_id": 500,
        "imdb_id": "tt0005000",
        "popularity": 12.5,
    },
    {"item_id": 7, "title": "Winter, Twice", "genres": ["Comedy"], "vote_count": 10, "vote_average": 6.5},
]
CSV = (
    "item_id,title,year,genres,director,cast,keywords,runtime,language,overview,tmdb_id,imdb_id,"
    "popularity,vote_count,vote_average\n"
    "a,The Glass Harbour,1987,Drama|Sci-Fi,Ada North & Bo South,Cy West,harbour|ice,101,en,"
    "A pilot finds a town under the ice.,500,tt0005000,12.5,,\n"
    '7,"Winter, Twice",,Comedy,,,,,,,,,,10,6.5\n'
)


def catalogue(folder: Path, films: list[dict[str, object]] | None = None) -> Path:
    path = folder / "films.jsonl"
    path.write_text("".join(json.dumps(film) + "\n" for film in (FILMS if films is None else films)))
    return path


def with_events(folder: Path, text: str, name: str = "events.csv") -> tuple[Dataset, Report]:
    path = folder / name
    path.write_text(text)
    return load_own(catalogue(folder), path)


def rows(data: Dataset) -> list[tuple[str, str, str, float, int]]:
    events = data.events
    return [
        (
            events.user_ids[user],
            data.films[film].item_id,
            EventKind(kind).label,
            float(value),
            int(when),
        )
        for user, film, kind, value, when in zip(
            events.user, events.film, events.kind, events.value, events.ts_ms, strict=True
        )
    ]


def test_json_lines_and_csv_give_the_same_films(tmp_path: Path) -> None:
    (tmp_path / "films.csv").write_text(CSV)
    lines, report = load_own(catalogue(tmp_path))
    table, report_of_csv = load_own(tmp_path / "films.csv")
    assert lines.films == table.films
    assert not report.findings
    assert not report_of_csv.findings
    harbour, winter = lines.films
    assert harbour.genres == ("Drama", "Science Fiction")
    assert harbour.directors == ("Ada North", "Bo South")
    assert (winter.item_id, winter.year, winter.vote_count) == ("7", None, 10)
    assert len(lines.events) == 0


def test_several_files_make_one_catalogue(tmp_path: Path) -> None:
    second = tmp_path / "more.jsonl"
    second.write_text(
        '{"item_id":"b","title":"More","genres":["Drama"]}\n{"item_id":"a","title":"Again","genres":["War"]}\n'
    )
    data, report = load_own([catalogue(tmp_path), second])
    assert [film.item_id for film in data.films] == ["a", "7", "b"]
    assert report.counts["duplicate-film"] == 1
    assert data.sources == ("films.jsonl", "more.jsonl")


@pytest.mark.parametrize(
    ("film", "code"),
    [
        ({"title": "No id"}, "missing-value"),
        ({"item_id": "", "title": "No id"}, "missing-value"),
        ({"item_id": "x"}, "missing-value"),
        ({"item_id": "x" * 200, "title": "Long"}, "bad-id"),
        ({"item_id": "x\n", "title": "ok"}, None),
        ({"item_id": "x\ty", "title": "Tab"}, "bad-id"),
        ({"item_id": 1.5, "title": "Float"}, "bad-id"),
        ({"item_id": True, "title": "Bool"}, "bad-id"),
        ({"item_id": ["x"], "title": "List"}, "bad-id"),
        ({"item_id": "a", "title": "Again"}, "duplicate-film"),
    ],
)
def test_wrong_film_rows_are_left_out(tmp_path: Path, film: dict[str, object], code: str | None) -> None:
    data, report = load_own(catalogue(tmp_path, [*FILMS, film | {"genres": ["Drama"]}]))
    assert len(data.films) == (2 if code else 3)
    assert [(finding.code, finding.line) for finding in report.findings] == ([(code, 3)] if code else [])


def test_genres_and_unknown_fields_are_noted_once(tmp_path: Path) -> None:
    odd = {"title": "Odd", "genres": ["Polka"], "colour": "red"}
    data, report = load_own(catalogue(tmp_path, [odd | {"item_id": str(n)} for n in range(3)]))
    assert {film.genres for film in data.films} == {()}
    assert report.counts == {"unknown-genre": 3, "no-genres": 3, "unknown-field": 1}
    assert report.ok


def test_a_csv_without_title_is_fatal(tmp_path: Path) -> None:
    (tmp_path / "films.csv").write_text("item_id,heading\n1,x\n")
    with pytest.raises(DataError, match=r"films\.csv: fatal missing-column.*titles; found.*item_id, heading"):
        load_own(tmp_path / "films.csv")


def test_events_with_every_notation_of_time(tmp_path: Path) -> None:
    data, report = with_events(
        tmp_path,
        "user_id,item_id,event,value,ts\n"
        "u1,a,like,,1600000000\n"
        "u2,a,LIKE,1,1600000000123\n"
        "u3,a,rating,4.5,2020-09-13T12:26:40Z\n"
        "u4,a,watch,,2020-09-13T14:26:40+02:00\n"
        "u5,a,click,,2020-09-13 12:26:40\n"
        "u6,a,dislike,,2020-09-13\n",
    )
    base = 1_600_000_000_000
    assert rows(data) == [
        ("u1", "a", "like", 1.0, base),
        ("u2", "a", "like", 1.0, base + 123),
        ("u3", "a", "rating", 4.5, base),
        ("u4", "a", "watch", 1.0, base),
        ("u5", "a", "click", 1.0, base),
        ("u6", "a", "dislike", 1.0, 1_599_955_200_000),
    ]
    assert not report.findings


def test_events_as_json_lines(tmp_path: Path) -> None:
    lines = [
        {"user_id": 1, "item_id": 7, "event": "rating", "value": 3, "ts": 1600000000},
        {"user_id": "2", "item_id": "a", "event": "like", "ts": "2020-09-13T12:26:40Z", "page": 3},
    ]
    data, report = with_events(tmp_path, "".join(json.dumps(line) + "\n" for line in lines), "events.jsonl")
    assert rows(data) == [
        ("1", "7", "rating", 3.0, 1_600_000_000_000),
        ("2", "a", "like", 1.0, 1_600_000_000_000),
    ]
    assert report.counts == {"unknown-field": 1}


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        ("u,a,adore,,1600000000", "unknown-event", "event"),
        ("u,a,,,1600000000", "unknown-event", "event"),
        ("u,zz,like,,1600000000", "unknown-film", "item_id"),
        (",a,like,,1600000000", "missing-value", "user_id"),
        ("u,a,rating,,1600000000", "rating-out-of-range", "value"),
        ("u,a,rating,7,1600000000", "rating-out-of-range", "value"),
        ("u,a,like,,", "bad-timestamp", "ts"),
        ("u,a,like,,12/31/2020", "bad-timestamp", "ts"),
        ("u,a,like,,2500-01-01", "bad-timestamp", "ts"),
    ],
)
def test_wrong_event_rows_are_left_out(tmp_path: Path, line: str, code: str, field: str) -> None:
    data, report = with_events(tmp_path, f"user_id,item_id,event,value,ts\nu,7,like,,1600000000\n{line}\n")
    assert len(data.events) == 1
    assert [(finding.code, finding.line, finding.field) for finding in report.findings] == [(code, 3, field)]
    assert report.errors["events.csv"] == 1


def test_the_value_of_a_like_is_not_a_rating(tmp_path: Path) -> None:
    data, report = with_events(tmp_path, "user_id,item_id,event,value,ts\nu,7,like,4,1600000000\n")
    assert rows(data)[0][3] == 1.0
    assert report.counts == {"bad-value": 1}


def test_the_value_column_may_be_absent(tmp_path: Path) -> None:
    data, report = with_events(tmp_path, "user_id,item_id,event,ts\nu,7,like,1600000000\n")
    assert len(data.events) == 1
    assert report.ok


def test_the_time_may_be_absent(tmp_path: Path) -> None:
    data, report = with_events(tmp_path, "user_id,item_id,event\nu,7,like\nu,7,dislike\n")
    assert rows(data) == [("u", "7", "dislike", 1.0, 3_000)]
    assert report.counts == {"no-times": 1, "superseded-event": 1}


@pytest.mark.parametrize(
    ("log", "expected", "counts"),
    [
        (["like@1", "dislike@2"], "dislike", {"superseded-event": 1}),
        (["rating:5@3", "rating:1@2"], "rating", {"superseded-event": 1}),
        (["like@1", "watch@2", "click@3"], "like", {"superseded-event": 2}),
        (["watch@1", "click@2"], "watch", {"superseded-event": 1}),
        (["like@1", "like@1"], "like", {"duplicate-event": 1}),
        (["like@1", "like@2"], "like", {"superseded-event": 1}),
        (["like@1", "dislike@1"], "dislike", {"superseded-event": 1}),
        (["like@1", "clear@2"], None, {"cleared-event": 2}),
        (["like@1", "clear@2", "watch@3"], "watch", {"cleared-event": 2}),
        (["like@1", "clear@2", "like@3"], "like", {"cleared-event": 2}),
        (["clear@1", "like@2"], "like", {"cleared-event": 1}),
        (["clear@1"], None, {"cleared-event": 1}),
        (["like@1", "clear@1", "like@1"], "like", {"duplicate-event": 1, "cleared-event": 1}),
    ],
)
def test_one_event_is_decisive(tmp_path: Path, log: list[str], expected: str | None, counts: dict[str, int]) -> None:
    text = "user_id,item_id,event,value,ts\nother,a,like,,1600000000\n"
    for entry in log:
        event, _, second = entry.partition("@")
        kind, _, value = event.partition(":")
        text += f"u,a,{kind},{value},{1_600_000_000 + int(second)}\n"
    data, report = with_events(tmp_path, text)
    assert [row[2] for row in rows(data) if row[0] == "u"] == ([expected] if expected else [])
    assert [row[2] for row in rows(data) if row[0] == "other"] == ["like"]
    assert report.counts == counts
    assert report.ok


_EVENT = st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from(list(EventKind)), st.integers(0, 5))


@given(st.lists(_EVENT, max_size=30))
def test_the_decisive_events_are_those_of_a_replay(log: list[tuple[int, int, EventKind, int]]) -> None:
    """The columns agree with a log read event by event, and every dropped row is counted."""
    frame = pl.DataFrame(
        {
            "line": list(range(len(log))),
            "user": [f"u{user}" for user, *_ in log],
            "film": [film for _, film, *_ in log],
            "kind": [int(kind) for _, _, kind, _ in log],
            "value": [1.0] * len(log),
            "ts_ms": [when for *_, when in log],
        },
        schema={
            "line": pl.Int64,
            "user": pl.String,
            "film": pl.Int32,
            "kind": pl.UInt8,
            "value": pl.Float32,
            "ts_ms": pl.Int64,
        },
    )
    report = Report()
    decisive = keep_standing(frame, Columns("log", {}, report))
    strength = {EventKind.CLICK: 0, EventKind.WATCH: 1}
    expected: dict[tuple[str, int], EventKind] = {}
    for user, film, kind, _ in sorted(log, key=lambda event: event[3]):
        pair = (f"u{user}", film)
        if kind == EventKind.CLEAR:
            expected.pop(pair, None)
        elif pair not in expected or strength.get(kind, 2) >= strength.get(expected[pair], 2):
            expected[pair] = kind
    kinds = {(user, film): EventKind(kind) for user, film, kind in decisive.select("user", "film", "kind").rows()}
    assert kinds == expected
    assert decisive.height == len(expected)
    assert sum(report.counts.values()) == len(log) - decisive.height
