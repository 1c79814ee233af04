"""Trace ids sent with a request: from AWS's header, otherwise from the W3C header."""

import re
from dataclasses import dataclass

from starlette.types import Scope

# Source: AWS X-Ray developer guide, "Tracing header".
_ROOT = re.compile(rb"(?:^|;)\s*Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;|$)")
_PARENT = re.compile(rb"(?:^|;)\s*Parent=([0-9a-f]{16})(?:;|$)")
# Source: W3C, "Trace Context", section 3.2.
_W3C = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class TraceIds:
    """``trace``: 32 hexadecimal digits. ``parent``: the calling span, 16 digits or empty. ``of_aws``: AWS formats the
    trace id as 1-8-24.
    """

    trace: str
    parent: str = ""
    of_aws: bool = False

    @property
    def logged(self) -> str:
        """Trace id in the format used by the surrounding log lines."""
        return f"1-{self.trace[:8]}-{self.trace[8:]}" if self.of_aws else self.trace


def trace_ids_of(scope: Scope) -> TraceIds | None:
    """Return the trace ids in a request's headers; None if missing or malformed."""
    headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
    amazon = headers.get(b"x-amzn-trace-id", b"")
    if root := _ROOT.search(amazon):
        parent = _PARENT.search(amazon)
        return TraceIds((root[1] + root[2]).decode(), parent[1].decode() if parent else "", of_aws=True)
    if w3c := _W3C.fullmatch(headers.get(b"traceparent", b"")):
        return TraceIds(w3c[1].decode(), w3c[2].decode())
    return None
