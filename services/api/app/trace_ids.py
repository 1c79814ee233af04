"""The ids of the trace that a request came with: those of AWS, else those of the W3C."""

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
    """``trace``: 32 hexadecimal digits. ``parent``: the span that asked, 16 or none. ``of_aws``: lines of AWS write the
    first as 1-8-24.
    """

    trace: str
    parent: str = ""
    of_aws: bool = False

    @property
    def logged(self) -> str:
        """The trace's id as the lines beside ours have it."""
        return f"1-{self.trace[:8]}-{self.trace[8:]}" if self.of_aws else self.trace


def trace_ids_of(scope: Scope) -> TraceIds | None:
    """What the headers of a request say; None if there is nothing, or nothing that can be read."""
    headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
    amazon = headers.get(b"x-amzn-trace-id", b"")
    if root := _ROOT.search(amazon):
        parent = _PARENT.search(amazon)
        return TraceIds((root[1] + root[2]).decode(), parent[1].decode() if parent else "", of_aws=True)
    if found := _W3C.fullmatch(headers.get(b"traceparent", b"")):
        return TraceIds(found[1].decode(), found[2].decode())
    return None
