"""What callers may send. Unknown fields are refused."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from services.api.app.fields import (
    MAX_BATCH,
    MAX_EXCLUDED,
    MAX_ONLY,
    ConditionIds,
    Genres,
    ImdbId,
    ImdbIds,
    ItemId,
    ItemIds,
    Language,
    Moment,
    QueryText,
    TmdbId,
    TmdbIds,
    UserId,
    between,
)
from services.recommender.domain import genres
from services.recommender.domain.events import RATINGS, Event, EventKind
from services.recommender.domain.filters import NO_FILTERS, Filters
from services.recommender.domain.request import Preset, Request


class Body(BaseModel):
    """Base of everything that is sent: unknown fields are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FiltersBody(Body):
    """All given conditions must hold. Genre names are case-insensitive and have aliases ("Sci-Fi")."""

    genres: Genres | None = Field(default=None, description="any of them")
    not_genres: Genres | None = Field(default=None, description="none of them")
    year_from: Annotated[int, between("year_from")] | None = None
    year_to: Annotated[int, between("year_to")] | None = None
    runtime_to: Annotated[int, between("runtime_to")] | None = Field(default=None, description="minutes, inclusive")
    languages: Annotated[tuple[Language, ...], Field(max_length=20)] | None = Field(
        default=None, description="ISO 639-1 codes, any of them"
    )
    min_votes: Annotated[int, between("min_votes")] = 0

    @field_validator("year_to")
    @classmethod
    def _ordered(cls, value: int | None, info: ValidationInfo) -> int | None:
        first = info.data.get("year_from")
        if value is not None and first is not None and value < first:
            raise PydanticCustomError("year_order", "must not be before year_from ({first})", {"first": first})
        return value

    def to_filters(self) -> Filters:
        """The domain's form."""
        return Filters(
            genres=genres.to_mask(self.genres or ()),
            not_genres=genres.to_mask(self.not_genres or ()),
            year_from=self.year_from,
            year_to=self.year_to,
            runtime_to=self.runtime_to,
            languages=self.languages or (),
            min_votes=self.min_votes,
        )


class RecommendBody(Body):
    """What should this person watch next? Every field is optional."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"user_id": "u1", "k": 5},
                {"liked": ["6"], "query": "a heist in a dream"},
                {"imdb_ids": ["tt0113277"], "disliked": ["tmdb:680"], "exclude_item_ids": ["tt0110912"]},
            ]
        }
    )

    user_id: UserId | None = None
    k: Annotated[int, between("k")] = 20
    explain: Annotated[bool, Field(strict=True)] = False
    liked: ItemIds | None = Field(default=None, description="count as the newest likes; not stored")
    disliked: ItemIds | None = Field(default=None, description="count as the newest dislikes; not stored")
    tmdb_ids: TmdbIds | None = Field(default=None, description="likes by TMDB id; not stored")
    imdb_ids: ImdbIds | None = Field(default=None, description="likes by IMDb id; not stored")
    query: QueryText | None = Field(default=None, description="free text; blank is none")
    understand: Annotated[bool, Field(strict=True)] = Field(
        default=True, description="read conditions in the query; false: every word of it is searched for as it is"
    )
    ignore_conditions: ConditionIds | None = Field(
        default=None, description="ids of conditions that the answer says were understood and that are not to apply"
    )
    filters: FiltersBody | None = None
    only_item_ids: Annotated[tuple[ItemId, ...], Field(max_length=MAX_ONLY)] | None = Field(
        default=None, description="a library or shelf: nothing else is recommended"
    )
    exclude_item_ids: Annotated[tuple[ItemId, ...], Field(max_length=MAX_EXCLUDED)] | None = None
    include_seen: Annotated[bool, Field(strict=True)] = False
    diversity: Annotated[float, between("diversity")] = 0.2
    familiarity: Annotated[float, between("familiarity")] | None = Field(
        default=None, description="0: films hardly anybody has heard of; 1: crowd-pleasers; .5, the default: neither"
    )
    cursor: Annotated[str, Field(min_length=1, max_length=8_192)] | None = Field(
        default=None, description="next_cursor of the page before"
    )

    def to_request(self) -> Request:
        """The domain's form."""
        return Request(
            user_id=self.user_id,
            k=self.k,
            explain=self.explain,
            liked=(*(self.liked or ()), *(self.imdb_ids or ())),
            disliked=self.disliked or (),
            tmdb_ids=self.tmdb_ids or (),
            query=self.query,
            understand=self.understand,
            ignore_conditions=self.ignore_conditions or (),
            filters=self.filters.to_filters() if self.filters else NO_FILTERS,
            only_item_ids=self.only_item_ids,
            exclude_item_ids=self.exclude_item_ids or (),
            include_seen=self.include_seen,
            diversity=self.diversity,
            familiarity=self.familiarity,
            cursor=self.cursor,
        )


class FromFilmsBody(Body):
    """Films like these: by TMDB id, by IMDb id, by our id, or several of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["tmdb_ids"], "properties": {"tmdb_ids": {"type": "array", "minItems": 1}}},
                {"required": ["item_ids"], "properties": {"item_ids": {"type": "array", "minItems": 1}}},
                {"required": ["imdb_ids"], "properties": {"imdb_ids": {"type": "array", "minItems": 1}}},
            ],
            "examples": [{"tmdb_ids": [949, 680], "top_n": 5}],
        }
    )

    tmdb_ids: TmdbIds | None = None
    item_ids: ItemIds | None = None
    imdb_ids: ImdbIds | None = None
    top_n: Annotated[int, between("top_n")] = 10
    preset: Preset = Field(
        default=Preset.DEFAULT,
        description='how the films are put in order: "svd" by the cosine of SVD factors, genres, years and popularity, '
        "varied by maximal marginal relevance; it needs a bundle built from ratings (preset-unavailable otherwise)",
    )


class FeedbackBody(Body):
    """What a person did with a film, which ``item_id``, ``tmdb_id`` or ``imdb_id`` names: one of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"event": {"const": "rating"}}},
            "then": {"required": ["value"], "properties": {"value": {"enum": list(RATINGS)}}},
            "else": {"properties": {"value": {"enum": [1, None]}}},
            "oneOf": [{"required": [name]} for name in ("item_id", "tmdb_id", "imdb_id")],
            "examples": [
                {"user_id": "u1", "item_id": "6", "event": "like"},
                {"user_id": "u1", "tmdb_id": 949, "event": "rating", "value": 4.5},
                {"user_id": "u1", "imdb_id": "tt0113277", "event": "watch"},
            ],
        }
    )

    user_id: UserId
    item_id: ItemId | None = Field(default=None, description="the film's own id; or tmdb:949, or tt0113277")
    tmdb_id: TmdbId | None = None
    imdb_id: ImdbId | None = None
    event: Literal["like", "dislike", "rating", "watch", "click", "clear"]
    value: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = Field(
        default=None, validate_default=True, description="stars, .5 to 5 by .5, for a rating; else 1 or nothing"
    )
    ts: Moment = None
    recommendation_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,128}$")] | None = None

    @model_validator(mode="after")
    def _one_film(self) -> Self:
        given = [self.item_id, self.tmdb_id, self.imdb_id]
        if sum(each is not None for each in given) != 1:
            raise PydanticCustomError("one_film", "must name the film once: by item_id, tmdb_id or imdb_id")
        return self

    @property
    def film(self) -> str:
        """The film's id in the form that every look-up reads."""
        return f"tmdb:{self.tmdb_id}" if self.tmdb_id is not None else self.imdb_id or self.item_id or ""

    @field_validator("value")
    @classmethod
    def _fits_the_event(cls, value: float | None, info: ValidationInfo) -> float | None:
        event = info.data.get("event")
        if event == "rating" and value not in RATINGS:
            raise PydanticCustomError("bad_rating", "must be between 0.5 and 5 in steps of 0.5 for a rating")
        if event not in (None, "rating") and value not in (None, 1):
            raise PydanticCustomError("bad_value", "must be 1 or absent for this event")
        return value

    def to_event(self, now_ms: int) -> Event:
        """The domain's form; ``now_ms`` where no time was given."""
        ts_ms = self.ts if self.ts is not None else now_ms
        return Event(self.film, EventKind.parse(self.event), 1.0 if self.value is None else self.value, ts_ms)


class BatchBody(Body):
    """Up to 100 events. A malformed one is refused in its own result and does not stop the others."""

    events: Annotated[
        tuple[Annotated[FeedbackBody | Any, Field(union_mode="left_to_right")], ...],
        Field(min_length=1, max_length=MAX_BATCH),
    ]
