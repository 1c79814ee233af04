"""CORS, with rejections as problem documents."""

from time import perf_counter

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.api.app.context import RequestContext, attach
from services.api.app.middleware import request_id_of
from services.api.app.schemas.problem import Problem


class Refusal(Response):
    """Rejected preflight. The layer that assigns request ids lies further in, so this makes its own."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a problem document with the rejection's headers."""
        context = RequestContext(request_id_of(scope), perf_counter())
        attach(scope, context)
        cors_headers = {name: value for name, value in self.headers.items() if not name.startswith("content-")}
        headers = {**cors_headers, "X-Request-Id": context.request_id, "Cache-Control": "no-store"}
        detail = f"{bytes(self.body).decode()}; see CORS_ORIGINS for origins, /openapi.json for methods and headers."
        problem = Problem(400, "cors-refused", "The preflight request was rejected", detail, headers=headers)
        await problem.response(scope)(scope, receive, send)


class ProblemCors(CORSMiddleware):
    """Starlette's CORS middleware, with problem documents for rejected preflights."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return the response to a preflight."""
        response = super().preflight_response(request_headers)
        if response.status_code < 400:
            return response
        return Refusal(bytes(response.body), response.status_code, dict(response.headers))
