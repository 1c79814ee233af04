"""A TMDB server on loopback that answers like the real one: films, paged changes, 401, 404, 429 and 5xx."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a-token-of-our-own"


def film(tmdb_id: int, title: str, **other: Any) -> dict[str, Any]:
    """A film as TMDB's "Movie Details" returns it, with credits, keywords and release dates appended."""
    document = {
        "id": tmdb_id, "title": title, "original_title": title, "overview": f"What happens in {title}.",
        "release_date": "1999-03-30", "genres": [{"id": 18, "name": "Drama"}], "runtime": 120, "tagline": "",
        "original_language": "en", "vote_average": 7.5, "vote_count": 1_000, "popularity": 12.5,
        "poster_path": "/poster.jpg", "imdb_id": "tt0000001",
        "belongs_to_collection": {"id": 1, "name": f"{title} Collection"},
        "credits": {
            "cast": [{"name": f"Player {number}"} for number in range(9)],
            "crew": [{"name": "Ada North", "job": "Director"}, {"name": "Bo South", "job": "Writer"}],
        },
        "keywords": {"keywords": [{"id": 1, "name": "harbour"}]},
        "release_dates": {"results": [
            {"iso_3166_1": "DE", "release_dates": [{"certification": "16"}]},
            {"iso_3166_1": "US", "release_dates": [{"certification": ""}, {"certification": "PG-13"}]},
        ]},
    }  # fmt: skip
    return document | other


@dataclass
class Tmdb:
    """``films`` by id; ``changed``: pages of ids; ``faults``: statuses of the next answers, None for a good one."""

    url: str = ""
    films: dict[int, Any] = field(default_factory=dict)
    changed: list[list[int]] = field(default_factory=lambda: [[]])
    faults: list[int | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    raw: bytes | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, token: str) -> tuple[int, Any]:
        """Status and document."""
        with self.lock:
            self.paths.append(path)
            fault = self.faults.pop(0) if self.faults else None
        if token != f"Bearer {TOKEN}":
            return 401, {"status_code": 7, "status_message": "Invalid API key: You must be granted a valid key."}
        if fault is not None:
            return fault, {"status_code": 25, "status_message": "Your request count is over the allowed limit."}
        parts = urlsplit(path)
        name = parts.path.rpartition("/")[2]
        if name == "changes":
            page = int(parse_qs(parts.query)["page"][0])
            results = [{"id": tmdb_id, "adult": False} for tmdb_id in self.changed[page - 1]]
            return 200, {"results": results, "page": page, "total_pages": len(self.changed)}
        if int(name) not in self.films:
            return 404, {"status_code": 34, "status_message": "The resource you requested could not be found."}
        return 200, self.films[int(name)]

    @property
    def films_asked(self) -> list[int]:
        """Film ids in the order of their requests."""
        names = [urlsplit(path).path.rpartition("/")[2] for path in self.paths]
        return [int(name) for name in names if name.isdigit()]


@contextmanager
def tmdb_site() -> Iterator[Tmdb]:
    """Run the server on a port of its own."""
    site = Tmdb()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, document = site.answer(self.path, self.headers.get("Authorization", ""))
            body = json.dumps(document).encode() if site.raw is None or status != 200 else site.raw
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "7")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_address[1]}/3"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
