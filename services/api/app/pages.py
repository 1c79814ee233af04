"""Demo page: files of one folder, read once, served under a policy that allows only their own scripts."""

import mimetypes
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.api.app.edge import Representation, shared

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https://image.tmdb.org; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
INDEX = "index.html"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


def install_pages(app: FastAPI, web_dir: Path | None) -> frozenset[str]:
    """Serve each file of the folder at ``/name`` and the index at ``/``; return the paths, which are public."""
    paths: set[str] = set()
    for file in sorted(web_dir.iterdir()) if web_dir is not None and web_dir.is_dir() else ():
        if file.is_file() and not file.name.startswith((".", "_")):
            path = "/" if file.name == INDEX else f"/{file.name}"
            app.add_route(path, _page(file), methods=["GET"], include_in_schema=False)
            paths.add(path)
    return frozenset(paths)


def _page(file: Path) -> Callable[[Request], Awaitable[Response]]:
    media_type = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    representation = Representation(file.read_bytes(), media_type)

    async def page(request: Request) -> Response:
        response = shared(request, representation, 0)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return page
