"""Conversion between table items and domain objects. ``docs/dynamodb.md`` lists keys and attributes."""

import hashlib
import secrets
import zlib
from collections.abc import Iterable, Sequence

from services.adapters.state.dynamodb.store import Item
from services.recommender.domain.catalogue import hash_id
from services.recommender.domain.history import Event, EventKind, pack, pack_hashes, unpack, unpack_hashes
from services.recommender.domain.profile import Profile
from services.recommender.errors import StateUnavailable
from services.recommender.ports import CacheEntry, CacheKey, LoggedEvent

RECENT_ITEMS = 20
# Attributes of a profile, without recent_item_ids, which is for other readers of the table.
PROFILE_NAMES = {"#h": "history", "#s": "seen", "#d": "disliked", "#r": "revision", "#u": "updated_at"}
PROFILE_PROJECTION = ", ".join(PROFILE_NAMES)
# 15 digits cover every time in a packed history, and sort as text.
_TIME_DIGITS = 15
# A partition key has at most 2,048 bytes, and percent-encoding triples an id's length.
_LONGEST_OWNER = 1_024
_FASTEST = 1
# A hundred films with all their signals take about 100 kB.
_LARGEST_ANSWER = 4 << 20


def text(value: str) -> dict[str, str]:
    """Return a string attribute."""
    return {"S": value}


def number(value: float) -> dict[str, str]:
    """Return a number attribute."""
    return {"N": str(value)}


def user_key(user_id: str) -> Item:
    """Return the key of a person in ``users``."""
    return {"user_id": text(user_id)}


def cache_key(pk: str, sk: str) -> Item:
    """Return a key of ``rec_cache``."""
    return {"pk": text(pk), "sk": text(sk)}


def answer_key(key: CacheKey) -> Item:
    """Return the key of a cached response."""
    return cache_key(answers_partition(key.user_id), key.entry)


def answers_partition(user_id: str | None) -> str:
    """Return the partition of a person's cached responses, hashed if too long; None: of all anonymous visitors.

    The id is percent-encoded, so that "#" separates, and "~" only marks a hash.
    """
    encoded = (user_id or "").encode("utf-8", "replace")
    owner = "rec#" + "".join(chr(b) if chr(b).isalnum() and b < 128 else f"%{b:02X}" for b in encoded)
    return owner if len(owner) <= _LONGEST_OWNER else f"{owner[:4]}~{_digest(owner)}"


def idempotency_key(scope: str, key: str) -> str:
    """Return the partition of an idempotency record, without the person: reuse for another person is a mismatch."""
    return f"idempotency#{_digest(scope)}#{_digest(key)}"


def place_of(ts_ms: int, event_id: str = "") -> str:
    """Return the sort key of an event, epoch ms and id; without an id, a text before all events of that time."""
    return f"{ts_ms:0{_TIME_DIGITS}d}#{event_id}"


def profile_of(user_id: str, item: Item | None) -> Profile:
    """Return the profile of an item of ``users``, empty for None.

    Raises StateUnavailable for a damaged item, naming the id's hash, as messages end up in logs.
    """
    if item is None:
        return Profile(user_id)
    try:
        packed = [item[name]["B"] if name in item else b"" for name in ("history", "seen", "disliked")]
        columns = unpack(packed[0]), unpack_hashes(packed[1]), unpack_hashes(packed[2])
        return Profile(user_id, *columns, item["revision"]["S"], int(item.get("updated_at", number(0))["N"]))
    except (ValueError, KeyError, TypeError) as error:
        raise StateUnavailable(
            f"the item of person {hash_id(user_id):010x} (BLAKE2b-40 of the user id) is damaged: {error!r}; "
            "erase this person or restore the table to an earlier time"
        ) from error


def profile_item(profile: Profile, recent: Sequence[str], now_ms: int) -> Item:
    """Return the item of a profile under a new revision."""
    return {
        **user_key(profile.user_id),
        "history": {"B": pack(profile.history)},
        "seen": {"B": pack_hashes(profile.seen)},
        "disliked": {"B": pack_hashes(profile.disliked)},
        "recent_item_ids": {"L": [text(item_id) for item_id in recent]},
        "revision": text(new_revision()),
        "updated_at": number(now_ms),
    }


def new_revision() -> str:
    """Return a token that no earlier write had."""
    return secrets.token_hex(8)


def recent_of(item: Item | None) -> list[str]:
    """Return ``recent_item_ids`` of an item of ``users``."""
    return [each["S"] for each in (item or {}).get("recent_item_ids", {"L": []})["L"]]


def recent_after(recent: Sequence[str], events: Iterable[Event]) -> list[str]:
    """Return the 20 newest films, newest first, after more events in order of arrival; a ``clear`` removes its film."""
    films = list(recent)
    for event in events:
        if event.item_id in films:
            films.remove(event.item_id)
        if event.kind is not EventKind.CLEAR:
            films.insert(0, event.item_id)
    return films[:RECENT_ITEMS]


def event_item(logged_event: LoggedEvent, arrived: int, idempotency: str | None = None) -> Item:
    """Return the item of a log entry. ``arrived`` orders events of equal time; ``idempotency``: partition of the record
    written with it, by which erasure finds the record.
    """
    event = logged_event.event
    item = {
        **user_key(logged_event.user_id),
        "sk": text(place_of(event.ts_ms, logged_event.event_id)),
        "item_id": text(event.item_id),
        "event": text(event.kind.label),
        "value": number(event.value),
        "arrived": number(arrived),
    }
    if logged_event.recommendation_id is not None:
        item["recommendation_id"] = text(logged_event.recommendation_id)
    if idempotency is not None:
        item["idempotency"] = text(idempotency)
    return item


def event_id_of(item: Item) -> str:
    """Return the id of a log entry."""
    return str(item["sk"]["S"])[_TIME_DIGITS + 1 :]


def logged_event_of(item: Item) -> LoggedEvent:
    """Return the log entry of an item of ``events``."""
    ts_ms = int(item["sk"]["S"][:_TIME_DIGITS])
    event = Event(item["item_id"]["S"], EventKind.parse(item["event"]["S"]), float(item["value"]["N"]), ts_ms)
    recommendation_id = item["recommendation_id"]["S"] if "recommendation_id" in item else None
    return LoggedEvent(event_id_of(item), item["user_id"]["S"], event, recommendation_id)


def arrival_of(item: Item) -> tuple[int, int]:
    """Return the sort key of a person's log entries: time, then arrival."""
    return int(item["sk"]["S"][:_TIME_DIGITS]), int(item["arrived"]["N"])


def answer_item(key: CacheKey, entry: CacheEntry) -> Item:
    """Return a cached response, compressed, as writes are charged by the kilobyte."""
    return {
        **answer_key(key),
        "revision": text(entry.revision),
        "payload": {"B": zlib.compress(entry.payload, _FASTEST)},
        "expires_at": number(entry.expires_at),
    }


def entry_of(item: Item) -> CacheEntry:
    """Return the cache entry of an item."""
    return CacheEntry(item["revision"]["S"], _unpacked(item["payload"]["B"]), int(item["expires_at"]["N"]))


def _unpacked(payload: bytes) -> bytes:
    """Decompress a response. Raises zlib.error if it is damaged or too large."""
    unpacking = zlib.decompressobj()
    answer = unpacking.decompress(payload, _LARGEST_ANSWER)
    if not unpacking.eof:
        raise zlib.error("the payload is truncated or too large")
    return answer


def is_live(item: Item, now_s: int) -> bool:
    """Return whether an item has not expired: DynamoDB deletes expired ones days late ("Time to Live")."""
    return int(item["expires_at"]["N"]) > now_s


def _digest(value: str) -> str:
    return hashlib.blake2b(value.encode("utf-8", "replace"), digest_size=16).hexdigest()


def first(items: list[Item]) -> Item | None:
    """Return the only item of a read by key, None if there is none."""
    return items[0] if items else None
