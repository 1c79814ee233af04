"""Protocol of the recommender as the HTTP API uses it, so that tests can substitute a fake."""

from collections.abc import Sequence
from typing import Any, Protocol

from services.recommender.cache import Answer
from services.recommender.domain.imported_history import ImportedHistory
from services.recommender.domain.request import Preset, Request
from services.recommender.errors import MarqueeError
from services.recommender.films import FilmsResult
from services.recommender.ports import Clock, Deadline, FeedbackCommand, Receipt
from services.recommender.service import Options


class RecommenderPort(Protocol):
    """Subset of ``services.recommender.service.Recommender`` that the API uses; see there for results and errors."""

    @property
    def clock(self) -> Clock:
        """Clock of deadlines, events and quotas."""
        ...

    @property
    def options(self) -> Options:
        """Time limits of a request."""
        ...

    def recommend(self, request: Request, deadline: Deadline | None = None) -> Answer:
        """Recommend films."""
        ...

    def similar(self, item_id: str | None, tmdb_id: int | None, k: int) -> FilmsResult:
        """Find films similar to a film."""
        ...

    def from_films(
        self, item_ids: Sequence[str], tmdb_ids: Sequence[int], top_n: int, preset: Preset = Preset.DEFAULT
    ) -> FilmsResult:
        """Find films similar to several films, for callers who store no people here."""
        ...

    def feedback(
        self, commands: Sequence[FeedbackCommand], deadline: Deadline | None = None
    ) -> list[Receipt | MarqueeError]:
        """Store events; return one receipt per event."""
        ...

    def import_history(self, user_id: str, history: ImportedHistory, deadline: Deadline) -> dict[str, Any]:
        """Store a person's history from another service."""
        ...

    def export(self, user_id: str) -> dict[str, Any] | None:
        """Return everything stored about a person."""
        ...

    def erase(self, user_id: str) -> bool:
        """Delete everything stored about a person."""
        ...

    def film(self, item_id: str) -> dict[str, Any]:
        """Return one film."""
        ...

    def films(self, text: str, limit: int) -> dict[str, Any]:
        """Find films by name."""
        ...

    def catalogue(self) -> dict[str, Any]:
        """Return counts of the catalogue."""
        ...

    def versions(self) -> dict[str, Any]:
        """Return the versions being served."""
        ...

    def ready(self, deep: bool, deadline: Deadline) -> dict[str, str]:
        """Return the state of each part."""
        ...
