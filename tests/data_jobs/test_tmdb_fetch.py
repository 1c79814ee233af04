"""Fetching from TMDB with a user's token: what is requested, cached, refreshed and read back."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from data_jobs import download
from data_jobs.download import DownloadFailed
from data_jobs.forms.films import read_tmdb
from data_jobs.report import Report, Silent
from data_jobs.tmdb_fetch import CHANGES_DAYS, KEPT_DAYS, TRIES, RateLimiter, TmdbApi, fetch_tmdb, ids_of
from tests.patience import PATIENCE_S
from tests.tmdb_site import TOKEN, Tmdb, film, tmdb_site

DAY = date(2026, 11, 1)
IDS = {603: "2571", 604: "6365", 999: "7"}


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tmdb]:
    monkeypatch.setattr(download, "TIMEOUT_S", PATIENCE_S)
    with tmdb_site() as running:
        running.films = {603: film(603, "One"), 604: film(604, "Two")}
        yield running


def api(site: Tmdb, slept: list[float] | None = None, day: date = DAY, token: str = TOKEN) -> TmdbApi:
    unpaced = RateLimiter(1e9)
    return TmdbApi(token, site.url, (slept if slept is not None else []).append, lambda: day, unpaced)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_films_are_fetched_and_read_as_metadata(site: Tmdb, tmp_path: Path) -> None:
    path = fetch_tmdb(IDS, tmp_path, api(site), Silent())
    assert [line["tmdb_id"] for line in lines(path)] == [603, 604]
    report = Report()
    entry = read_tmdb(path, report, Silent()).by_movielens["2571"]
    assert (entry.title, entry.year, entry.directors, entry.runtime) == ("One", 1999, ("Ada North",), 120)
    assert (len(entry.cast), entry.keywords, entry.series) == (5, ("harbour",), "One Collection")
    assert report.summary() == [] or all(row[0] == "note" for row in report.summary())


def test_nothing_is_fetched_twice_on_one_day(site: Tmdb, tmp_path: Path) -> None:
    first = fetch_tmdb(IDS, tmp_path, api(site), Silent()).read_bytes()
    site.paths.clear()
    assert fetch_tmdb(IDS, tmp_path, api(site), Silent()).read_bytes() == first
    assert site.paths == []


def test_later_only_changed_films_are_fetched_again(site: Tmdb, tmp_path: Path) -> None:
    fetch_tmdb(IDS, tmp_path, api(site), Silent())
    site.paths.clear()
    site.changed, site.films[604] = [[1, 2], [604, 5]], film(604, "Two, renamed")
    path = fetch_tmdb({**IDS, 605: ""}, tmp_path, api(site, day=DAY + timedelta(days=3)), Silent())
    assert sorted(site.films_asked) == [604, 605]
    assert [line["title"] for line in lines(path)] == ["One", "Two, renamed"]
    assert "start_date=2026-11-01&end_date=2026-11-04" in site.paths[0]


@pytest.mark.parametrize("days", [CHANGES_DAYS + 1, KEPT_DAYS + 1])
def test_films_older_than_the_list_of_changes_are_fetched_again(site: Tmdb, tmp_path: Path, days: int) -> None:
    fetch_tmdb(IDS, tmp_path, api(site), Silent())
    site.paths.clear()
    fetch_tmdb(IDS, tmp_path, api(site, day=DAY + timedelta(days=days)), Silent())
    assert sorted(site.films_asked) == sorted(IDS)


def test_an_interrupted_fetch_is_resumed(site: Tmdb, tmp_path: Path) -> None:
    many = dict.fromkeys(range(1, 31), "")
    site.films = {number: film(number, f"Film {number}") for number in many}
    site.faults = [None] * 12 + [403]
    with pytest.raises(DownloadFailed, match="answers 403"):
        fetch_tmdb(many, tmp_path, api(site), Silent())
    cached = len(list((tmp_path / "films").glob("*.json")))
    assert cached > 0
    site.paths.clear()
    assert len(lines(fetch_tmdb(many, tmp_path, api(site), Silent()))) == 30
    assert len(site.films_asked) == 30 - cached


def test_it_waits_as_long_as_tmdb_demands(site: Tmdb, tmp_path: Path) -> None:
    slept: list[float] = []
    site.faults = [429, 503]
    fetch_tmdb({603: ""}, tmp_path, api(site, slept), Silent())
    assert slept[0] == 7.0
    assert len(slept) == 2


def test_retries_end_if_tmdb_stays_down(site: Tmdb, tmp_path: Path) -> None:
    site.faults = [500] * 100
    with pytest.raises(DownloadFailed, match=r"does not answer.*run it again"):
        fetch_tmdb({603: ""}, tmp_path, api(site), Silent())
    assert len(site.paths) == TRIES


def test_a_wrong_token_says_what_to_set_and_is_not_shown(site: Tmdb, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="set TMDB_TOKEN") as caught:
        fetch_tmdb({603: ""}, tmp_path, api(site, token="secret-and-wrong"), Silent())
    assert "secret" not in str(caught.value)
    assert len(site.paths) == 1


@pytest.mark.parametrize("raw", [b"<html>", b"", b"\xff"])
def test_an_invalid_document_is_requested_again_and_then_refused(site: Tmdb, tmp_path: Path, raw: bytes) -> None:
    site.raw = raw
    with pytest.raises(DownloadFailed):
        fetch_tmdb({603: ""}, tmp_path, api(site), Silent())


@pytest.mark.parametrize("raw", [b"[]", b"3", b'{"title": null, "credits": []}', b'{"id": 1}', b'{"genres": 7}'])
def test_an_invalid_film_is_refused_and_not_cached(site: Tmdb, tmp_path: Path, raw: bytes) -> None:
    site.raw = raw
    with pytest.raises(DownloadFailed, match="cannot be read"):
        fetch_tmdb({603: ""}, tmp_path, api(site), Silent())
    assert list((tmp_path / "films").iterdir()) == []


def test_a_damaged_file_in_the_cache_is_fetched_again(site: Tmdb, tmp_path: Path) -> None:
    fetch_tmdb(IDS, tmp_path, api(site), Silent())
    (tmp_path / "films" / "603.json").write_text("{")
    site.paths.clear()
    fetch_tmdb(IDS, tmp_path, api(site), Silent())
    assert site.films_asked == [603]


def test_a_title_is_enough_for_a_film(site: Tmdb, tmp_path: Path) -> None:
    site.films = {1: {"id": 1, "title": "Bare"}}
    (bare,) = lines(fetch_tmdb({1: ""}, tmp_path, api(site), Silent()))
    assert (bare["title"], bare["year"], bare["genres"], bare["director"]) == ("Bare", None, [], None)


def test_requests_are_paced() -> None:
    slept: list[float] = []
    rate = RateLimiter(40.0, lambda: 100.0)
    for _ in range(3):
        rate.wait(slept.append)
    assert slept == pytest.approx([0.025, 0.05])


def test_ids_come_from_links(tmp_path: Path) -> None:
    (tmp_path / "links.csv").write_text("movieId,imdbId,tmdbId\n1,0114709,862\n2,0113497,\n3,1,862\n")
    assert ids_of(tmp_path) == {862: "1"}
    with pytest.raises(DownloadFailed, match=r"links\.csv"):
        ids_of(tmp_path / "nowhere")
