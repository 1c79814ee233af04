"""Consumed read and write units, as reported by DynamoDB."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_READS = frozenset({"batch_get_item", "get_item", "query", "scan"})


@dataclass(slots=True)
class ConsumedUnits:
    """Capacity units consumed since creation, as reported (``ReturnConsumedCapacity``). Thread-safe."""

    read: float = 0.0
    write: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, operation: str, response: Mapping[str, Any]) -> None:
        """Add the units consumed by a client's ``operation``, from its response."""
        consumed = response.get("ConsumedCapacity") or []
        total = sum(table["CapacityUnits"] for table in (consumed if isinstance(consumed, list) else [consumed]))
        with self._lock:
            if operation in _READS:
                self.read += total
            else:
                self.write += total
