"""Interactive API reference at ``/docs``: Swagger UI from an installed package, so nothing third-party is loaded.

The page shares its origin with the demo page, which keeps an API key, so only these scripts may run.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.api.app.edge import Representation, shared

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# An MIT-licensed package with the unmodified files of swagger-ui-dist; it is located, not imported.
PACKAGE = "fastapi_swagger"
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Marquee API</title><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><link rel="stylesheet" href="docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script><script src="docs/start.js"></script></body>
</html>
"""
_START = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null});\n'
_PAGE_WITHOUT_ASSETS = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Marquee API</title><link rel="icon" href="data:,"></head>
<body><p>The interactive reference is not installed here. The API is described by
<a href="openapi.json">openapi.json</a>.</p></body>
</html>
"""


def install_docs(app: FastAPI) -> frozenset[str]:
    """Serve the page at ``/docs`` and its files below it; return their paths, which are public."""
    folder = _folder()
    pages: dict[str, tuple[Callable[[], bytes], str]] = {
        "/docs": (lambda: (_PAGE if folder else _PAGE_WITHOUT_ASSETS).encode(), "text/html")
    }
    if folder is not None:
        pages["/docs/start.js"] = (_START.encode, "text/javascript")
        pages |= {f"/docs/{name}": ((folder / name).read_bytes, kind) for name, kind in _ASSETS.items()}
    for path, (content, kind) in pages.items():
        app.add_route(path, _page(content, kind), methods=["GET"], include_in_schema=False)
    return frozenset(pages)


def _folder() -> Path | None:
    spec = find_spec(PACKAGE)
    folder = Path(spec.origin).parent / "resources" if spec is not None and spec.origin else None
    return folder if folder is not None and all((folder / name).is_file() for name in _ASSETS) else None


def _page(content: Callable[[], bytes], kind: str) -> Callable[[Request], Awaitable[Response]]:
    # Read on first use: the files are two megabytes.
    representation = cache(lambda: Representation(content(), kind))

    async def page(request: Request) -> Response:
        response = shared(request, representation(), 0)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return page
