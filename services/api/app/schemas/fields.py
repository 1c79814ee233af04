"""Request field types: ids, seeds, text, times, with all their limits."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from services.recommender.domain import genres
from services.recommender.domain.request import MAX_K

MAX_ID = 256
MAX_SEEDS = 500
MAX_EXCLUDED = 1_000
MAX_ONLY = 10_000
MAX_QUERY = 500
MAX_CONDITION = 600
MAX_CONDITIONS = 60
MAX_BATCH = 100
MAX_TMDB_ID = 2**31 - 1
# Field name -> its range, for the schema and for error messages.
LIMITS: dict[str, tuple[float, float]] = {
    "k": (1, MAX_K),
    "top_n": (1, MAX_K),
    "limit": (1, 50),
    "diversity": (0, 1),
    "familiarity": (0, 1),
    "year_from": (1870, 2100),
    "year_to": (1870, 2100),
    "runtime_to": (1, 6_000),
    "min_votes": (0, 2**31 - 1),
    "tmdb_id": (1, MAX_TMDB_ID),
    "tmdb_ids": (1, MAX_TMDB_ID),
}
# Smaller numbers are epoch seconds (until the year 5138), larger ones milliseconds (since 1973).
_FIRST_MS = 100_000_000_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def between(name: str) -> Any:  # noqa: ANN401 - Pydantic's own type of a field
    """Return the range of a field in :data:`LIMITS`; strict: "7", true, and 7.0 for an integer are rejected."""
    low, high = LIMITS[name]
    return Field(ge=low, le=high, strict=True)


_CODE_LENGTH = 2


def _language(code: str) -> str:
    if not (len(code) == _CODE_LENGTH and code.isascii() and code.isalpha()):
        raise PydanticCustomError("language_code", "must be an ISO 639-1 code of two letters, such as fr")
    return code.lower()


def _genre(value: str) -> str:
    genre = genres.canonical(value)
    if genre is None:
        raise PydanticCustomError("unknown_genre", "must be one of {known}", {"known": ", ".join(genres.GENRES)})
    return genre


def _query(value: str) -> str | None:
    text = value.strip()
    if len(text) > MAX_QUERY:
        raise PydanticCustomError("query_too_long", "must have at most 500 characters")
    if _CONTROL.search(text):
        raise PydanticCustomError("query_control", "must not contain control characters")
    return text or None


def _epoch_ms(value: object) -> int | None:
    """Convert epoch seconds or milliseconds, or ISO 8601 with an offset, to epoch milliseconds."""
    if value is None:
        return None
    if isinstance(value, str):
        value = _seconds_of_iso(value)
    # The comparison is false for NaN as well.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1_000 * _FIRST_MS:
        raise _bad_time()
    return int(value if value >= _FIRST_MS else value * 1_000)


def _seconds_of_iso(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise _bad_time()
        return moment.timestamp()
    except (ValueError, OverflowError):
        raise _bad_time() from None


def _bad_time() -> PydanticCustomError:
    return PydanticCustomError(
        "bad_time", "must be epoch seconds or milliseconds, or ISO 8601 with an offset (2026-01-31T20:15:00Z)"
    )


ItemId = Annotated[
    str,
    Field(min_length=1, max_length=MAX_ID, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$", strict=True, examples=["6"]),
]
UserId = Annotated[
    str,
    Field(min_length=1, max_length=MAX_ID, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$", strict=True, examples=["u1"]),
]
TmdbId = Annotated[int, between("tmdb_ids")]
ImdbId = Annotated[str, Field(pattern=r"^tt[0-9]{1,10}$", strict=True, examples=["tt0113277"])]
ImdbIds = Annotated[tuple[ImdbId, ...], Field(max_length=MAX_SEEDS)]
ItemIds = Annotated[tuple[ItemId, ...], Field(max_length=MAX_SEEDS)]
TmdbIds = Annotated[tuple[TmdbId, ...], Field(max_length=MAX_SEEDS)]
Genre = Annotated[str, AfterValidator(_genre), WithJsonSchema({"type": "string", "enum": list(genres.GENRES)})]
Genres = Annotated[tuple[Genre, ...], Field(max_length=50)]
Language = Annotated[
    str, AfterValidator(_language), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{2}$", "examples": ["fr"]})
]
QueryText = Annotated[
    str, AfterValidator(_query), WithJsonSchema({"type": "string", "maxLength": MAX_QUERY, "examples": ["heat"]})
]
ConditionIds = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=MAX_CONDITION, strict=True, examples=["year:1990-1999"])], ...],
    Field(max_length=MAX_CONDITIONS),
]
Moment = Annotated[
    int | None,
    BeforeValidator(_epoch_ms),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 4_000_000_000, "description": "or milliseconds"},
                {"type": "string", "format": "date-time"},
                {"type": "null"},
            ],
            "description": "Time of the event: epoch seconds or milliseconds, or ISO 8601 with an offset. "
            "Default: now; rejected if more than 5 minutes ahead.",
            "examples": ["2026-01-31T20:15:00Z", 1769890500],
        }
    ),
]
