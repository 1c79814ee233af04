"""Request schemas. Unknown fields are rejected."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from services.api.app.schemas.fields import (
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
from services.recommender.domain.filters import NO_FILTERS, Filters
from services.recommender.domain.history import RATINGS, Event, EventKind
from services.recommender.domain.request import Preset, Request


class Body(BaseModel):
    """Base of all request bodies: unknown fields are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FiltersBody(Body):
    """Filters; all of them must hold. Genre names are case-insensitive and have aliases ("Sci-Fi")."""

    genres: Genres | None = Field(
        default=None, description="The film has at least one of these genres.", examples=[["Crime", "Thriller"]]
    )
    not_genres: Genres | None = Field(
        default=None, description="The film has none of these genres.", examples=[["Horror"]]
    )
    year_from: Annotated[int, between("year_from")] | None = Field(
        default=None, description="Earliest year of release, inclusive.", examples=[1990]
    )
    year_to: Annotated[int, between("year_to")] | None = Field(
        default=None, description="Latest year of release, inclusive.", examples=[1999]
    )
    runtime_to: Annotated[int, between("runtime_to")] | None = Field(
        default=None, description="Maximum running time in minutes, inclusive.", examples=[120]
    )
    languages: Annotated[tuple[Language, ...], Field(max_length=20)] | None = Field(
        default=None, description="Original languages as ISO 639-1 codes; any of them.", examples=[["fr", "it"]]
    )
    min_votes: Annotated[int, between("min_votes")] = Field(
        default=0, description="Minimum number of ratings.", examples=[50]
    )

    @field_validator("year_to")
    @classmethod
    def _ordered(cls, value: int | None, info: ValidationInfo) -> int | None:
        first = info.data.get("year_from")
        if value is not None and first is not None and value < first:
            raise PydanticCustomError("year_order", "must not be before year_from ({first})", {"first": first})
        return value

    def to_filters(self) -> Filters:
        """Convert to the domain's filters."""
        return Filters(
            genres=genres.to_mask(self.genres or ()),
            not_genres=genres.to_mask(self.not_genres or ()),
            year_from=self.year_from,
            year_to=self.year_to,
            runtime_to=self.runtime_to,
            languages=self.languages or (),
            min_votes=self.min_votes,
        )


_PRESETS = (
    'How the films are found and put in order: "svd" by the cosine of SVD factors, genres, years and popularity, '
    'varied by maximal marginal relevance, in a bundle built from ratings; "two-tower" by a two-tower model of likes, '
    "at its endpoint or in the bundle. Where there is no such model the answer is preset-unavailable."
)


class RecommendBody(Body):
    """Request for recommendations. Every field is optional."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"user_id": "u1", "k": 5},
                {"liked": ["6"], "query": "a heist in a dream"},
                {"imdb_ids": ["tt0113277"], "disliked": ["tmdb:680"], "exclude_item_ids": ["tt0110912"]},
            ]
        }
    )

    user_id: UserId | None = Field(
        default=None, description="Id of the person to recommend to; without it no history is used.", examples=["u1"]
    )
    k: Annotated[int, between("k")] = Field(default=20, description="Number of films per page.", examples=[10])
    explain: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="Also return `explanation` and `signals` for each film.", examples=[True]
    )
    liked: ItemIds | None = Field(
        default=None, description="Films to treat as the most recent likes; not stored.", examples=[["6"]]
    )
    disliked: ItemIds | None = Field(
        default=None, description="Films to treat as the most recent dislikes; not stored.", examples=[["tmdb:680"]]
    )
    tmdb_ids: TmdbIds | None = Field(default=None, description="Likes by TMDB id; not stored.", examples=[[949, 680]])
    imdb_ids: ImdbIds | None = Field(
        default=None, description="Likes by IMDb id; not stored.", examples=[["tt0113277"]]
    )
    query: QueryText | None = Field(
        default=None, description="Free-text query; blank means none.", examples=["a heist in a dream"]
    )
    understand: Annotated[bool, Field(strict=True)] = Field(
        default=True,
        description="Whether to extract conditions from the query; if false, its words are searched for as they are.",
        examples=[True],
    )
    ignore_conditions: ConditionIds | None = Field(
        default=None,
        description="Ids of conditions listed in `understood` of an earlier response that must not apply.",
        examples=[["year:1990-1999"]],
    )
    filters: FiltersBody | None = Field(
        default=None,
        description="Conditions that every film must meet.",
        examples=[{"genres": ["Crime"], "year_from": 1990}],
    )
    only_item_ids: Annotated[tuple[ItemId, ...], Field(max_length=MAX_ONLY)] | None = Field(
        default=None, description="Recommend only these films, e.g. a library.", examples=[["6", "50", "296"]]
    )
    exclude_item_ids: Annotated[tuple[ItemId, ...], Field(max_length=MAX_EXCLUDED)] | None = Field(
        default=None, description="Films to exclude.", examples=[["tt0110912"]]
    )
    include_seen: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="Whether to recommend films the person has already seen.", examples=[False]
    )
    diversity: Annotated[float, between("diversity")] = Field(
        default=0.2, description="0 ranks by score only; 1 diversifies the page as much as possible.", examples=[0.2]
    )
    familiarity: Annotated[float, between("familiarity")] | None = Field(
        default=None,
        description="0: obscure films; 1: well-known films; 0.5, the default: neither.",
        examples=[0.5],
    )
    cursor: Annotated[str, Field(min_length=1, max_length=8_192)] | None = Field(
        default=None,
        description="`next_cursor` of the previous page; keep the rest of the request unchanged.",
        examples=["eyJ2IjoxfQ"],
    )
    preset: Preset = Field(default=Preset.DEFAULT, description=_PRESETS, examples=["two-tower"])

    def to_request(self) -> Request:
        """Convert to the domain's request."""
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
            preset=self.preset,
        )


class FromFilmsBody(Body):
    """Films to find similar ones to: by TMDB id, IMDb id, catalogue id, or a mix."""

    model_config = ConfigDict(
        json_schema_extra={
            # At least one film. A top-level ``anyOf`` would make client generators treat the body as a union.
            "if": {
                "anyOf": [
                    {"required": ["tmdb_ids"], "properties": {"tmdb_ids": {"type": "array", "minItems": 1}}},
                    {"required": ["item_ids"], "properties": {"item_ids": {"type": "array", "minItems": 1}}},
                    {"required": ["imdb_ids"], "properties": {"imdb_ids": {"type": "array", "minItems": 1}}},
                ]
            },
            "else": False,
            "examples": [{"tmdb_ids": [949, 680], "top_n": 5}],
        }
    )

    tmdb_ids: TmdbIds | None = Field(default=None, description="Films by TMDB id.", examples=[[949, 680]])
    item_ids: ItemIds | None = Field(default=None, description="Films by catalogue id.", examples=[["6"]])
    imdb_ids: ImdbIds | None = Field(default=None, description="Films by IMDb id.", examples=[["tt0113277"]])
    top_n: Annotated[int, between("top_n")] = Field(default=10, description="Number of films to return.", examples=[5])
    preset: Preset = Field(default=Preset.DEFAULT, description=_PRESETS, examples=["svd"])


# Outside ``then`` and ``else`` it would make client generators treat the body as a union.
_ONE_FILM: dict[str, Any] = {"oneOf": [{"required": [name]} for name in ("item_id", "tmdb_id", "imdb_id")]}


class FeedbackBody(Body):
    """What a person did with a film, given by one of ``item_id``, ``tmdb_id`` and ``imdb_id``."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"event": {"const": "rating"}}},
            "then": {"required": ["value"], "properties": {"value": {"enum": list(RATINGS)}}, **_ONE_FILM},
            "else": {"properties": {"value": {"enum": [1, None]}}, **_ONE_FILM},
            "examples": [
                {"user_id": "u1", "item_id": "6", "event": "like"},
                {"user_id": "u1", "tmdb_id": 949, "event": "rating", "value": 4.5},
                {"user_id": "u1", "imdb_id": "tt0113277", "event": "watch"},
            ],
        }
    )

    user_id: UserId = Field(description="Id of the person.")
    item_id: ItemId | None = Field(
        default=None, description="The film by catalogue id, or as `tmdb:949` or `tt0113277`.", examples=["6"]
    )
    tmdb_id: TmdbId | None = Field(default=None, description="The film by TMDB id.", examples=[949])
    imdb_id: ImdbId | None = Field(default=None, description="The film by IMDb id.", examples=["tt0113277"])
    event: Literal["like", "dislike", "rating", "watch", "click", "clear"] = Field(
        description="What happened; `clear` removes all the person's feedback on the film.", examples=["like"]
    )
    value: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = Field(
        default=None,
        validate_default=True,
        description="For a rating: stars, 0.5 to 5 in steps of 0.5. For other events: 1 or absent.",
        examples=[4.5],
    )
    ts: Moment = None
    recommendation_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,128}$")] | None = Field(
        default=None,
        description="The `recommendation_id` of the response that showed the film.",
        examples=["5f0c7b9e2a414d0f8d6c3b1a90e7f254"],
    )

    @model_validator(mode="after")
    def _one_film(self) -> Self:
        references = [self.item_id, self.tmdb_id, self.imdb_id]
        if sum(each is not None for each in references) != 1:
            raise PydanticCustomError("one_film", "must name the film by exactly one of item_id, tmdb_id and imdb_id")
        return self

    @property
    def film(self) -> str:
        """The film's id, in the form that every look-up accepts."""
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
        """Convert to the domain's event; ``now_ms`` is used if no time was given."""
        ts_ms = self.ts if self.ts is not None else now_ms
        return Event(self.film, EventKind.parse(self.event), 1.0 if self.value is None else self.value, ts_ms)


class BatchBody(Body):
    """Up to 100 events. A malformed one is rejected in its own result and does not affect the others."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "events": [
                        {"user_id": "u1", "item_id": "6", "event": "like"},
                        {"user_id": "u1", "tmdb_id": 949, "event": "rating", "value": 4.5},
                    ]
                }
            ]
        }
    )

    events: Annotated[
        tuple[Annotated[FeedbackBody | Any, Field(union_mode="left_to_right")], ...],
        Field(min_length=1, max_length=MAX_BATCH),
    ] = Field(
        description="The events, each as in `POST /feedback`, in the order they happened.",
        examples=[[{"user_id": "u1", "item_id": "6", "event": "like"}]],
    )
