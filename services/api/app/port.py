"""What HTTP asks of the recommender: the edge knows no more of it, so that a fake can stand in its place."""

from collections.abc import Sequence
from typing import Any, Protocol

from services.recommender.answer import Answer, Options
from services.recommender.domain.request import Preset, Request
from services.recommender.domain.told import ToldHistory
from services.recommender.errors import MarqueeError
from services.recommender.films import Found
from services.recommender.ports import Clock, Deadline, FeedbackCommand, Receipt


class RecommenderPort(Protocol):
    """As much of ``services.recommender.service.Recommender`` as the edge uses; see there for answers and errors."""

    @property
    def clock(self) -> Clock:
        """The time of deadlines, events and quotas."""
        ...

    @property
    def options(self) -> Options:
        """How long a request may take."""
        ...

    def recommend(self, request: Request, deadline: Deadline | None = None) -> Answer:
        """What a person should watch next."""
        ...

    def similar(self, item_id: str | None, tmdb_id: int | None, k: int) -> Found:
        """Films like a film."""
        ...

    def from_films(
        self, item_ids: Sequence[str], tmdb_ids: Sequence[int], top_n: int, preset: Preset = Preset.DEFAULT
    ) -> Found:
        """Films like several, for callers who keep no people here."""
        ...

    def feedback(
        self, commands: Sequence[FeedbackCommand], deadline: Deadline | None = None
    ) -> list[Receipt | MarqueeError]:
        """Store events; one result each."""
        ...

    def import_history(self, user_id: str, history: ToldHistory, deadline: Deadline) -> dict[str, Any]:
        """Store what another service knows of a person."""
        ...

    def export(self, user_id: str) -> dict[str, Any] | None:
        """All that is stored of a person."""
        ...

    def erase(self, user_id: str) -> bool:
        """Delete all of it."""
        ...

    def film(self, item_id: str) -> dict[str, Any]:
        """One film."""
        ...

    def films(self, text: str, limit: int) -> dict[str, Any]:
        """Films by the beginning of their titles."""
        ...

    def catalogue(self) -> dict[str, Any]:
        """Counts of the catalogue."""
        ...

    def versions(self) -> dict[str, Any]:
        """What is served."""
        ...

    def ready(self, deep: bool, deadline: Deadline) -> dict[str, str]:
        """The state of each part."""
        ...
