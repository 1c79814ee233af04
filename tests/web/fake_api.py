"""A stand-in for the API in the page's tests: a dozen films, one process, no bundle. It also serves the page."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from services.api.app.pages import POLICY

WEB = Path(__file__).resolve().parents[2] / "services" / "web"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

Json = dict[str, Any]

FILMS: list[Json] = [
    {
        "item_id": str(n),
        "title": title,
        "year": year,
        "genres": genres,
        "language": "en",
        "director": who,
        "tmdb_id": n,
        "runtime": 100 + 10 * n,
    }
    for n, (title, year, genres, who) in enumerate(
        [
            ("The Kid", 1921, ["Comedy", "Drama"], "Charlie Chaplin"),
            ("Casablanca", 1942, ["Romance", "War"], "Michael Curtiz"),
            ("Vertigo", 1958, ["Mystery", "Thriller"], "Alfred Hitchcock"),
            ("Psycho", 1960, ["Horror", "Thriller"], "Alfred Hitchcock"),
            ("The Godfather", 1972, ["Crime", "Drama"], "Francis Ford Coppola"),
            ("Blade Runner", 1982, ["Science Fiction", "Thriller"], "Ridley Scott"),
            ("Heat", 1995, ["Crime", "Thriller"], "Michael Mann"),
            ("Fargo", 1996, ["Crime", "Comedy"], "Joel Coen"),
            ("Amélie", 2001, ["Romance", "Comedy"], "Jean-Pierre Jeunet"),
            ("Inception", 2010, ["Science Fiction", "Action"], "Christopher Nolan"),
            ("Parasite", 2019, ["Thriller", "Drama"], "Bong Joon-ho"),
            ("<b>Mark & Up</b>", None, [], "Nobody"),
        ],
        start=1,
    )
]


class Problem(Exception):
    """A response other than 2xx."""

    def __init__(self, status: int, title: str, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.retry_after = status, title, detail, retry_after


@dataclass
class FakeApi:
    """People's opinions in a dict; ``fail_with`` makes the next /recommend fail; ``bodies`` records the bodies."""

    films: list[Json] = field(default_factory=lambda: list(FILMS))
    demo_users: list[str] = field(default_factory=lambda: ["ada"])
    api_key: str = ""
    degraded: list[str] = field(default_factory=list)
    fail_with: Problem | None = None
    opinions: dict[str, dict[str, str]] = field(default_factory=dict)
    bodies: list[Json] = field(default_factory=list)
    feedback_seen: list[Json] = field(default_factory=list)
    imported: list[tuple[str, str]] = field(default_factory=list)

    def film(self, item_id: str) -> Json:
        for film in self.films:
            if film["item_id"] == item_id:
                return film
        raise Problem(404, "Unknown film", f"no film {item_id!r} in the catalogue")

    def recommend(self, body: Json) -> Json:
        self.bodies.append(body)
        if self.fail_with:
            failure, self.fail_with = self.fail_with, None
            raise failure
        events = self.opinions.get(body.get("user_id", ""), {})
        liked = [self.film(i) for i, event in events.items() if event == "like"]
        pool = [f for f in self.films if f["item_id"] not in events and _passes(f, body.get("filters") or {})]
        ranked = sorted(pool, key=lambda film: -_affinity(film, liked, body.get("query") or ""))
        start, k = int(body.get("cursor") or 0), int(body.get("k", 20))
        strategy = "query" if body.get("query") else "personal" if liked else "popular"
        return {
            "user_id": body.get("user_id"),
            "items": [_item(film, liked, body) for film in ranked[start : start + k]],
            "model_version": "fake-1",
            "index_version": "fake-1",
            "cached": False,
            "strategy": strategy,
            "degraded": self.degraded,
            "recommendation_id": f"r{len(self.bodies)}",
            "next_cursor": str(start + k) if start + k < len(ranked) else None,
            "ignored_ids": [],
            **self.understood(body),
        }

    def understood(self, body: Json) -> Json:
        """ "Crime" and "the 90s" are conditions, "nonsense" matches nothing."""
        query = body.get("query")
        if not query:
            return {}
        conditions_by_word = {"crime": ("genre:crime", "Crime", True), "90s": ("year:1990-1999", "1990s", False)}
        off = body.get("ignore_conditions") or []
        read = [
            (word, *conditions_by_word[word])
            for word in query.split()
            if word in conditions_by_word and conditions_by_word[word][0] not in off
        ]
        conditions = [
            {"id": which, "kind": "genre", "text": text, "words": word, "applied": applied}
            for word, which, text, applied in read
        ]
        rest = " ".join(word for word in query.split() if word not in [each[0] for each in read])
        return {"understood": {"text": rest, "conditions": conditions}, "matched": 0 if "nonsense" in query else 3}

    def feedback(self, body: Json) -> Json:
        self.film(body["item_id"])
        self.feedback_seen.append(body)
        events = self.opinions.setdefault(body["user_id"], {})
        events.pop(body["item_id"], None)
        if body["event"] != "clear":
            events[body["item_id"]] = body["event"]
        return {"event_id": f"e{len(self.feedback_seen)}", "duplicate": False}

    def similar(self, item_id: str, k: int) -> Json:
        film = self.film(item_id)
        others = [f for f in self.films if f["item_id"] != item_id]
        ranked = sorted(others, key=lambda other: -_affinity(other, [film], ""))[:k]
        items = [_brief(f) | {"score": 0.9 - n / 50, "reason": ["Shared genres"]} for n, f in enumerate(ranked)]
        return {"item_id": item_id, "title": film["title"], "items": items}

    def import_history(self, user_id: str, content: bytes, filename: str) -> Json:
        if b"Name" not in content:
            raise Problem(422, "The request is not valid", "not a known export")
        self.imported.append((user_id, filename))
        self.opinions.setdefault(user_id, {})[self.films[0]["item_id"]] = "like"
        listed = {"place": "ratings.csv, line 3", "title": "<b>Emma</b>", "year": 1996}
        return {
            "user_id": user_id, "source": "Letterboxd", "rows": 3, "films": 1, "stored": 1, "doubtful_films": 1,
            "doubtful": [{**listed, "candidates": [_brief(self.films[1])]}], "unmatched_films": 1,
            "unmatched": [{**listed, "title": "Nobody knows", "year": None, "candidates": []}],
        }  # fmt: skip

    def suggest(self, prefix: str, limit: int) -> Json:
        return {"items": [_brief(f) for f in self.films if prefix.lower() in f["title"].lower()][:limit]}

    def details(self, item_id: str) -> Json:
        film = self.film(item_id)
        facts = {"directors": [film["director"]], "cast": film.get("cast", []), "runtime": film.get("runtime")}
        return _brief(film) | facts | {"overview": film.get("overview"), "poster_path": film.get("poster_path")}

    def catalogue(self) -> Json:
        genres = sorted({genre for film in self.films for genre in film["genres"]})
        years = [film["year"] for film in self.films if film["year"]]
        codes = sorted({film["language"] for film in self.films})
        return {
            "films": len(self.films),
            "genres": [{"name": name, "films": sum(name in f["genres"] for f in self.films)} for name in genres],
            "years": {"from": min(years), "to": max(years)},
            "languages": [{"code": code, "films": sum(f["language"] == code for f in self.films)} for code in codes],
            "demo_users": self.demo_users,
            "auth_required": bool(self.api_key),
        }


def _brief(film: Json) -> Json:
    return {key: film.get(key) for key in ("item_id", "title", "year", "genres", "tmdb_id")}


def _affinity(film: Json, liked: list[Json], query: str) -> float:
    shared = float(sum(len(set(film["genres"]) & set(other["genres"])) for other in liked))
    text = json.dumps(film, ensure_ascii=False).lower()
    return shared + 5 * sum(word in text for word in query.lower().split()) + float(film.get("popularity", 0)) / 100


def _passes(film: Json, filters: Json) -> bool:
    year = film["year"]
    if ("year_from" in filters or "year_to" in filters) and year is None:
        return False
    return (
        (not filters.get("genres") or bool(set(filters["genres"]) & set(film["genres"])))
        and not set(filters.get("not_genres") or []) & set(film["genres"])
        and (not filters.get("languages") or film["language"] in filters["languages"])
        and 0 < film["runtime"] <= filters.get("runtime_to", 9999)
        and filters.get("year_from", 0) <= (year or 0) <= filters.get("year_to", 9999)
    )


def _item(film: Json, liked: list[Json], body: Json) -> Json:
    cited = [other for other in liked if set(other["genres"]) & set(film["genres"])]
    genre = film["genres"][0] if film["genres"] else "all films"
    reason = [f"Because you liked {cited[-1]['title']}"] if cited else [f"Popular in {genre}"]
    affinity = _affinity(film, liked, body.get("query") or "")
    item = _brief(film) | {"score": round(min(0.98, 0.3 + affinity / 8), 3), "reason": reason}
    if body.get("explain"):
        item["explanation"] = f"{reason[0]}, and {film['director']} knows this ground."
        item["signals"] = {"collaborative": affinity / 4, "popularity": 0.4, "traits": 0.1, "dislike": -0.2}
    return item


class Handler(BaseHTTPRequestHandler):
    """The routes; one instance per request."""

    api: FakeApi

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/" or Path(url.path).suffix in TYPES:
            self._page(url.path)
        elif url.path == "/catalogue":
            self._send(200, self.api.catalogue())
        elif url.path == "/films":
            self._guarded(lambda: (200, self.api.suggest(query.get("q", ""), int(query.get("limit", 10)))))
        elif url.path.startswith("/films/"):
            self._guarded(lambda: (200, self.api.details(unquote(url.path.removeprefix("/films/")))))
        elif url.path == "/similar":
            self._guarded(lambda: (200, self.api.similar(query["item_id"], int(query.get("k", 20)))))
        else:
            self._guarded(self._nothing)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        url = urlsplit(self.path)
        if url.path.endswith("/import"):
            user_id = unquote(url.path.split("/")[2])
            filename = parse_qs(url.query)["filename"][0]
            return self._guarded(lambda: (200, self.api.import_history(user_id, content, filename)))
        body = json.loads(content)
        if self.path == "/recommend":
            return self._guarded(lambda: (200, self.api.recommend(body)))
        return self._guarded(lambda: (202, self.api.feedback(body)))

    def do_DELETE(self) -> None:
        user_id = unquote(self.path.removeprefix("/users/"))
        self._guarded(lambda: (204, self.api.opinions.pop(user_id, {})))

    def _nothing(self) -> tuple[int, Json]:
        raise Problem(404, "Not found", f"nothing at {self.path}")

    def _guarded(self, answer: Any) -> None:
        try:
            if self.api.api_key and self.headers.get("x-api-key") != self.api.api_key:
                raise Problem(401, "Unauthorized", "send an API key in X-API-Key")
            status, document = answer()
        except Problem as problem:
            body = {"type": "about:blank", "title": problem.title, "status": problem.status, "detail": problem.detail}
            extra = {"Retry-After": str(problem.retry_after)} if problem.retry_after else {}
            self._send(problem.status, body, {"Content-Type": "application/problem+json"} | extra)
        else:
            self._send(status, document, {"Server-Timing": "state;dur=0.6, retrieve;dur=2.1, rank;dur=1.2"})

    def _page(self, path: str) -> None:
        file = WEB / ("index.html" if path == "/" else Path(path).name)
        if not file.is_file():
            return self._guarded(self._nothing)
        return self._send(200, file.read_bytes(), {"Content-Type": f"{TYPES[file.suffix]}; charset=utf-8"})

    def _send(self, status: int, document: Json | bytes, headers: dict[str, str] | None = None) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        all_headers = {"Content-Type": "application/json", "Content-Security-Policy": POLICY} | (headers or {})
        for name, value in all_headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(0 if status == 204 else len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet: the tests read the API object, not a log."""


@contextmanager
def served(api: FakeApi, port: int = 0) -> Iterator[str]:
    """Serve on loopback for the length of the block; yields the base address."""
    handler = type("BoundHandler", (Handler,), {"api": api})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
