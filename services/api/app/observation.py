"""What is observed of a request, and who may want to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

NO_ROUTE = "-"


@dataclass(frozen=True, slots=True)
class Observation:
    """One request that was answered. ``route``: the path's template, never the path, which can hold a person's id;
    "-" if there is no such route. ``ms``: from the first byte to here; ``stages``: milliseconds by stage. ``facts``:
    what was noted on the way, e.g. ``strategy``, ``cached``, ``degraded``, ``problem``, and ``user``, a pseudonym.
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
        """What a log tells of it: how it was answered, and of the person no more than the pseudonym."""
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
    """Takes what was observed to wherever metrics are kept."""

    def record(self, seen: Observation) -> None:
        """Note one request. Called in the event loop, so it must neither wait nor raise."""
