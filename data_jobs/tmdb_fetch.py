"""Fetch film metadata from the TMDB API with the user's own token: rate-limited, cached, resumable, and refreshed when
it changes.

API: TMDB developer documentation, "Movie, Details" (v3, with ``append_to_response``), "Changes, Movie List" and "Rate
Limiting" (about 50 requests a second; 429 with Retry-After beyond). This product uses the TMDB API but is not endorsed
or certified by TMDB.
"""

import json
import threading
import time
import urllib.error
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any

from data_jobs.download import DownloadFailed, open_url, reason_of
from data_jobs.report import Progress

BASE_URL = "https://api.themoviedb.org/3"
ATTRIBUTION = "This product uses the TMDB API but is not endorsed or certified by TMDB."
TERMS = (
    f"{ATTRIBUTION} Its data are for non-commercial use, with this attribution shown wherever they are; they may be "
    "kept for six months (TMDB API Terms of Use)."
)
LANGUAGE = "en-US"
# "Changes" reaches back this far (TMDB developer documentation); older films are fetched again.
CHANGES_DAYS = 14
# TMDB's terms: nothing is kept longer than six months.
KEPT_DAYS = 180
AT_ONCE = 4
# Below the rate at which TMDB starts to refuse.
REQUESTS_PER_SECOND = 40.0
TRIES = 6
# A film takes tens of kilobytes; one with the longest cast, hundreds.
LARGEST = 8 << 20
_CAST, _KEYWORDS = 5, 40
_NOT_FOUND, _THROTTLED, _UNAUTHORISED = 404, 429, 401
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 60.0


class RateLimiter:
    """A rate limit shared by all threads."""

    def __init__(self, per_second: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._every_s = 1.0 / per_second
        self._monotonic = monotonic
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, sleep: Callable[[float], None]) -> None:
        """Wait for this caller's turn."""
        with self._lock:
            now = self._monotonic()
            turn = max(now, self._next)
            self._next = turn + self._every_s
        if turn > now:
            sleep(turn - now)


@dataclass(frozen=True, slots=True)
class TmdbApi:
    """The TMDB API. ``token``: the API Read Access Token of the user's account. ``sleep``: in seconds. ``today``: the
    date (UTC).
    """

    token: str
    base_url: str = BASE_URL
    sleep: Callable[[float], None] = time.sleep
    today: Callable[[], date] = lambda: datetime.now(UTC).date()
    rate: "RateLimiter" = field(default_factory=lambda: RateLimiter(REQUESTS_PER_SECOND))

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return the document at a path; None if there is none. Raises DownloadFailed."""
        url = f"{self.base_url}/{path}"
        for attempt in range(TRIES):
            pause = min(_FIRST_PAUSE_S * 2**attempt, _LONGEST_PAUSE_S)
            self.rate.wait(self.sleep)
            try:
                headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
                with open_url(url, headers) as response:
                    content = response.read(LARGEST + 1)
                if len(content) > LARGEST:
                    raise DownloadFailed(f"{url} sends more than {LARGEST:,} bytes; that is not a film")
                return json.loads(content)
            except urllib.error.HTTPError as error:
                error.close()
                if error.code == _NOT_FOUND:
                    return None
                if error.code == _UNAUTHORISED:
                    raise DownloadFailed(
                        "TMDB rejects this token: set TMDB_TOKEN to the API Read Access Token of your account"
                    ) from error
                if error.code != _THROTTLED and error.code < 500:
                    raise DownloadFailed(f"{url} answers {error.code}") from error
                failure: Exception = error
                pause = _retry_after(error.headers.get("Retry-After"), pause)
            except (OSError, HTTPException, ValueError) as error:
                failure = error
            if attempt + 1 < TRIES:
                self.sleep(pause)
        raise DownloadFailed(f"{url} does not answer ({reason_of(failure)}); run it again to resume")


def fetch_tmdb(ids: Mapping[int, str], folder: Path, api: TmdbApi, progress: Progress) -> Path:
    """Write metadata of the films with these TMDB ids, with the MovieLens id of each ("" for none), to ``tmdb.jsonl``.

    Fetched films are cached in ``folder/films``, one file each, and fetched again only if TMDB lists them as changed
    since or they are older than TMDB's terms allow; an interrupted run is resumed. Raises DownloadFailed.
    """
    cache = folder / "films"
    cache.mkdir(parents=True, exist_ok=True)
    today = api.today()
    stale = _stale(cache, folder / "state.json", ids, api)
    to_fetch = [tmdb_id for tmdb_id in sorted(ids) if tmdb_id in stale or not (cache / f"{tmdb_id}.json").is_file()]
    done = len(ids) - len(to_fetch)
    progress.advance("fetching TMDB", done, len(ids))
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        documents = pool.map(lambda tmdb_id: api.get(_path(tmdb_id)), to_fetch)
        for fetched, document in zip(to_fetch, documents, strict=True):
            _write(cache / f"{fetched}.json", {"on": today.isoformat(), "film": _film(fetched, document)})
            done += 1
            progress.advance("fetching TMDB", done, len(ids))
    finally:
        # After an error, pending work is dropped, not waited for.
        pool.shutdown(cancel_futures=True)
    _write(folder / "state.json", {"on": today.isoformat()})
    return _joined(folder / "tmdb.jsonl", cache, ids)


def _path(tmdb_id: int) -> str:
    return f"movie/{tmdb_id}?language={LANGUAGE}&append_to_response=credits,keywords,release_dates"


def _retry_after(header: str | None, default: float) -> float:
    """Return the seconds that a server asks to wait, within limits."""
    try:
        return min(max(float(header or ""), 0.0), _LONGEST_PAUSE_S)
    except ValueError:
        return default


def _stale(cache: Path, state: Path, ids: Iterable[int], api: TmdbApi) -> set[int]:
    """Return the cached films that have to be fetched again."""
    today = api.today()
    days = {tmdb_id: _day(cache / f"{tmdb_id}.json") for tmdb_id in ids}
    oldest = today - timedelta(days=KEPT_DAYS)
    stale = {tmdb_id for tmdb_id, day in days.items() if day is not None and day < oldest}
    cached = {tmdb_id for tmdb_id, day in days.items() if day is not None} - stale
    last = _day(state)
    if not cached or last == today:
        return stale
    if last is None:
        # The last run was interrupted: look for changes since the oldest cached film.
        last = min(day for tmdb_id in cached if (day := days[tmdb_id]) is not None)
    since = today - timedelta(days=CHANGES_DAYS)
    if last < since:
        return stale | {tmdb_id for tmdb_id in cached if (days[tmdb_id] or last) < since}
    return stale | (cached & _changed(last, today, api))


def _changed(since: date, until: date, api: TmdbApi) -> set[int]:
    changed: set[int] = set()
    page, pages = 1, 1
    while page <= pages:
        document = api.get(f"movie/changes?start_date={since}&end_date={until}&page={page}")
        try:
            changed |= {int(each["id"]) for each in document["results"] if each["id"] is not None}
            pages = min(int(document["total_pages"]), 500)
        except (TypeError, KeyError, ValueError) as error:
            raise DownloadFailed("TMDB's list of changes cannot be read; run it again") from error
        page += 1
    return changed


def _day(path: Path) -> date | None:
    """Return when a file was fetched; None if it is missing or unreadable, and then remove it."""
    try:
        return date.fromisoformat(json.loads(path.read_bytes())["on"])
    except (OSError, ValueError, KeyError, TypeError):
        path.unlink(missing_ok=True)
        return None


def _film(tmdb_id: int, document: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a film as ``--tmdb`` reads it; None if TMDB no longer has it. Raises DownloadFailed for an invalid one."""
    if document is None:
        return None
    try:
        if not isinstance(document["title"], str):
            raise TypeError("title is not a string")
        people, released = document.get("credits") or {}, document.get("release_date") or ""
        crew = people.get("crew") or ()
        collection = document.get("belongs_to_collection") or {}
        named = ("title", "original_title", "overview", "tagline", "runtime", "original_language", "imdb_id")
        figures = ("vote_average", "vote_count", "popularity", "poster_path")
        return {
            "tmdb_id": tmdb_id,
            **{name: document.get(name) or None for name in (*named, *figures)},
            "title": document["title"],
            "release_date": released or None,
            "year": int(released[:4]) if released[:4].isdigit() else None,
            "genres": _names(document.get("genres")),
            "director": ", ".join(_names(each for each in crew if each.get("job") == "Director")) or None,
            "cast": _names(people.get("cast"))[:_CAST],
            "keywords": _names((document.get("keywords") or {}).get("keywords"))[:_KEYWORDS],
            "series": collection.get("name"),
            "certification": _certification(document.get("release_dates") or {}),
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DownloadFailed(f"TMDB's film {tmdb_id} cannot be read ({type(error).__name__}: {error})") from error


def _names(objects: Iterable[Mapping[str, Any]] | None) -> list[str]:
    return [str(each["name"]) for each in objects or () if each.get("name")]


def _certification(document: Mapping[str, Any]) -> str | None:
    """Return the certification in the United States, which most films have; None without one."""
    for country in document.get("results") or ():
        if country.get("iso_3166_1") == "US":
            return next((each["certification"] for each in country["release_dates"] if each.get("certification")), None)
    return None


def _write(path: Path, document: object) -> None:
    """Write the file atomically."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    part.replace(path)


def _joined(path: Path, cache: Path, ids: Mapping[int, str]) -> Path:
    """Write one line per film that TMDB has, in the order of TMDB ids, and return the path."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as lines:
        for tmdb_id in sorted(ids):
            film = json.loads((cache / f"{tmdb_id}.json").read_bytes())["film"]
            if film is not None:
                first = {"movielens_id": int(ids[tmdb_id])} if ids[tmdb_id].isdigit() else {}
                lines.write(json.dumps(first | film, ensure_ascii=False) + "\n")
    part.replace(path)
    return path


def ids_of(movielens: Path) -> dict[int, str]:
    """Return TMDB id -> MovieLens id of a folder's ``links.csv``; if films share one, the first. Raises
    DownloadFailed.
    """
    import csv

    try:
        with (movielens / "links.csv").open(encoding="utf-8-sig", newline="") as file:
            rows: Sequence[dict[str, str]] = list(csv.DictReader(file))
    except (OSError, ValueError) as error:
        raise DownloadFailed(f"{movielens / 'links.csv'}: {error}; it maps MovieLens films to TMDB films") from error
    ids: dict[int, str] = {}
    for row in rows:
        if (row.get("tmdbId") or "").isdigit():
            ids.setdefault(int(row["tmdbId"]), row["movieId"])
    return ids
