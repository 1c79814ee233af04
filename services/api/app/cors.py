"""CORS, with refusals in the shape of every other error."""

from time import perf_counter

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.api.app.context import Context, attach
from services.api.app.middleware import request_id_of
from services.api.app.problem import Problem


class Refusal(Response):
    """A preflight that was refused. The layer that gives requests their ids lies further in: it makes its own."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a problem, under the headers of the refusal."""
        context = Context(request_id_of(scope), perf_counter())
        attach(scope, context)
        kept = {name: value for name, value in self.headers.items() if not name.startswith("content-")}
        headers = {**kept, "X-Request-Id": context.request_id, "Cache-Control": "no-store"}
        detail = (
            f"{bytes(self.body).decode()}; CORS_ORIGINS names the origins that may call, and /openapi.json the rest."
        )
        problem = Problem(400, "cors-refused", "The browser's preflight request is refused", detail, headers=headers)
        await problem.response(scope)(scope, receive, send)


class ProblemCors(CORSMiddleware):
    """Starlette's middleware, but for the answer to a preflight that is refused."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """The answer to a preflight."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        return Refusal(bytes(answer.body), answer.status_code, dict(answer.headers))
