"""Pending feedback of one person: its receipts, and the items to write."""

from dataclasses import dataclass, field

from services.adapters.state.arrival_ids import event_id_of
from services.adapters.state.by_person import Receipts
from services.adapters.state.dynamodb import items
from services.adapters.state.dynamodb.store import Item
from services.recommender.domain.history import DUPLICATE_WINDOW_MS
from services.recommender.domain.profile import Profile, apply
from services.recommender.errors import IdempotencyMismatch, MarqueeError
from services.recommender.ports import FeedbackCommand, Idempotency, LoggedEvent, Receipt

KEPT_S = 24 * 3_600
# Sort key of an idempotency record.
RECORD = "event"


@dataclass(slots=True)
class Change:
    """A person with the commands applied so far, and the resulting writes. ``used_keys``: idempotency records by
    partition.
    """

    profile: Profile
    now_ms: int
    recent: list[str]
    used_keys: dict[str, Item]
    receipts: Receipts = field(default_factory=list)
    event_items: list[Item] = field(default_factory=list)
    record_items: list[Item] = field(default_factory=list)

    def receipt_of_key(self, command: FeedbackCommand) -> Receipt | MarqueeError | None:
        """Return the receipt of an earlier command with the same key; None without a key or a live record."""
        if command.idempotency is None or (record := self.used_keys.get(record_partition(command.idempotency))) is None:
            return None
        if record["fingerprint"]["S"] == command.idempotency.fingerprint:
            return Receipt(record["event_id"]["S"], replayed=True)
        return IdempotencyMismatch(
            "Idempotency-Key: this key was used within 24 hours with another body; send a new key for a new event"
        )

    def repeated(self, command: FeedbackCommand) -> list[tuple[int, str]]:
        """Return time and id of events among the same commands that this one repeats."""
        event, first = command.event, command.event.ts_ms - DUPLICATE_WINDOW_MS
        return [
            (logged_event.event.ts_ms, logged_event.event_id)
            for logged_event in map(items.logged_event_of, self.event_items)
            if (logged_event.event.item_id, logged_event.event.kind, logged_event.event.value)
            == (event.item_id, event.kind, event.value)
            and first <= logged_event.event.ts_ms <= event.ts_ms
        ]

    def append(self, command: FeedbackCommand, arrived: int) -> Receipt:
        """Add an event, and the record of its key."""
        event_id, partition = event_id_of(arrived), None
        if command.idempotency is not None:
            partition = record_partition(command.idempotency)
            self.used_keys[partition] = _record(command.idempotency, event_id, self.now_ms)
            self.record_items.append(self.used_keys[partition])
        logged_event = LoggedEvent(event_id, command.user_id, command.event, command.recommendation_id)
        self.event_items.append(items.event_item(logged_event, arrived, partition))
        profile = apply(self.profile, command.event)
        if profile is not self.profile:
            self.recent = items.recent_after(self.recent, [command.event])
        self.profile = profile
        return Receipt(event_id)


def record_partition(idempotency: Idempotency) -> str:
    """Return the partition of a key's record."""
    return items.idempotency_key(idempotency.scope, idempotency.key)


def _record(idempotency: Idempotency, event_id: str, now_ms: int) -> Item:
    return {
        **items.cache_key(record_partition(idempotency), RECORD),
        "fingerprint": items.text(idempotency.fingerprint),
        "event_id": items.text(event_id),
        "expires_at": items.number(now_ms // 1_000 + KEPT_S),
    }
