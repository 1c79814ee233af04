"""Model-written sentences in the cache table, and daily token counts; no personal data."""

from collections.abc import Mapping, Sequence

from services.adapters.foreign import translated
from services.adapters.state.days import DAY_KEPT_S
from services.adapters.state.sqlite.database import Database
from services.recommender.errors import StateUnavailable
from services.recommender.ports import Deadline

FIND_WAIT_S = 0.3
# Owners in the cache table; those of people's responses begin with "rec#" (``state.py``).
SENTENCES, TOKENS = "say#", "tokens#"
_KEEP = """
INSERT OR REPLACE INTO cache (owner, entry, user_id, revision, payload, expires_at) VALUES (?, ?, NULL, '', ?, ?)
"""
_USED = "SELECT payload FROM cache WHERE owner = ? AND entry = ?"


class SqliteSentences:
    """``SentenceStore`` in ``state.db``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, keys: Sequence[str], deadline: Deadline) -> dict[str, str]:
        """Implement the port."""
        marks = ", ".join("?" * len(keys))
        query = f"SELECT entry, payload FROM cache WHERE owner = ? AND expires_at > ? AND entry IN ({marks})"  # noqa: S608
        try:
            with translated(StateUnavailable, "the data in state.db"):
                with self._database.reading(self._share(deadline)) as raw:
                    rows = raw.execute(query, (SENTENCES, self._now_s(), *keys)).fetchall()
                return {entry: bytes(payload).decode() for entry, payload in rows}
        except StateUnavailable:
            return {}

    def keep(self, sentences: Mapping[str, str], seconds: int) -> None:
        """Implement the port: write if the lock is free at once."""
        until = self._now_s() + seconds
        rows = [(SENTENCES, key, sentence.encode(), until) for key, sentence in sentences.items()]
        try:
            with self._database.writing(Deadline.within(self._database.clock, 0), durable=False) as raw:
                raw.executemany(_KEEP, rows)
        except StateUnavailable:
            return  # the sentences will be rewritten

    @translated(StateUnavailable, "the data in state.db")
    def reserve(self, day: str, tokens: int, limit: int, deadline: Deadline) -> int | None:
        """Implement the port, exact over threads and processes, as the write lock comes first."""
        with self._database.writing(self._share(deadline), durable=False) as raw:
            row = raw.execute(_USED, (TOKENS, day)).fetchone()
            used = (int(row[0]) if row else 0) + tokens
            if used > limit:
                return None
            raw.execute(_KEEP, (TOKENS, day, str(used).encode(), self._now_s() + DAY_KEPT_S))
        return used

    @translated(StateUnavailable, "the data in state.db")
    def give_back(self, day: str, tokens: int) -> None:
        """Implement the port."""
        with self._database.writing(Deadline.within(self._database.clock, FIND_WAIT_S), durable=False) as raw:
            row = raw.execute(_USED, (TOKENS, day)).fetchone()
            if row:
                left = str(max(0, int(row[0]) - tokens)).encode()
                raw.execute(_KEEP, (TOKENS, day, left, self._now_s() + DAY_KEPT_S))

    def _now_s(self) -> int:
        return self._database.clock.now_ms() // 1_000

    def _share(self, deadline: Deadline) -> Deadline:
        return Deadline.within(deadline.clock, min(FIND_WAIT_S, deadline.remaining()))
