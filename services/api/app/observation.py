"""Data observed about a request, and the protocol of its consumers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

NO_ROUTE = "-"


@dataclass(frozen=True, slots=True)
class Observation:
    """One answered request. ``route``: the path template, never the path, which may contain a person's id; "-" if there
    is no such route. ``ms``: total time; ``stages``: milliseconds by stage. ``facts``: what was noted on the way, e.g.
    ``strategy``, ``cached``, ``degraded``, ``problem``, and ``user``, a pseudonym.
    """

    request_id: str
    method: str
    route: str
    status: int
    ms: float
    key_id: str | None
    stages: Mapping[str, float]
    facts: Mapping[str, object]

    def line(self) -> dict[str, object]:
        """Return the fields of the log line; the person appears only as a pseudonym."""
        return {
            "request_id": self.request_id,
            "method": self.method,
            "route": self.route,
            "status": self.status,
            "ms": self.ms,
            "key": self.key_id,
            **self.facts,
        }


class Telemetry(Protocol):
    """Sends observations to wherever metrics are kept."""

    def record(self, seen: Observation) -> None:
        """Record one request. Called in the event loop, so it must neither block nor raise."""
