"""Response schemas for OpenAPI. The hot path writes these bytes directly and does not validate them again."""

from pydantic import BaseModel, ConfigDict, Field

from services.api.app.schemas.problem import ProblemDocument

_ITEM_ID = Field(description="The film's id in the catalogue.", examples=["6"])
_TITLE = Field(description="The film's title.", examples=["Heat"])
_USER_ID = Field(description="The person's id, as you assigned it.", examples=["u1"])
_MODEL_VERSION = Field(description="Version of the model that ranked the films.", examples=["2026-01-31-4f2a"])
_INDEX_VERSION = Field(description="Version of the search index used.", examples=["2026-01-31-4f2a"])
_SCORE = Field(ge=0, le=1, description="Relevance of the film, from 0 to 1.", examples=[0.83])
_REASON = Field(description="Reasons that contributed to the score.", examples=[["Because you liked Casino"]])
_DEGRADED = Field(
    description="Parts that were unavailable or skipped, and why; empty if none.", examples=[["search: embedded"]]
)
_IGNORED_IDS = Field(description="Ids in the request that are not in the catalogue.", examples=[["tmdb:1"]])
_FILM = {
    "item_id": "6",
    "title": "Heat",
    "year": 1995,
    "genres": ["Action", "Crime", "Thriller"],
    "tmdb_id": 949,
    "imdb_id": "tt0113277",
}
_RANKED_FILM = {**_FILM, "score": 0.83, "reason": ["Because you liked Casino"]}
_CONDITION = {"id": "year:1990-1999", "kind": "year", "text": "1990s", "words": "from the 90s", "applied": True}
_ROW = {"place": "ratings.csv, line 12", "title": "Pinocchio", "year": 2022}
_PINOCCHIOS = [
    {
        "item_id": "232867",
        "title": "Pinocchio",
        "year": 2022,
        "genres": ["Animation", "Fantasy"],
        "tmdb_id": 555604,
        "imdb_id": "tt1488589",
    },
    {
        "item_id": "230573",
        "title": "Pinocchio",
        "year": 2022,
        "genres": ["Children", "Fantasy"],
        "tmdb_id": 532639,
        "imdb_id": "tt4593060",
    },
]
_UNKNOWN_FILM = {
    "type": "/problems/unknown-film",
    "title": "The film is not in the catalogue",
    "status": 404,
    "detail": "film 'tmdb:1' is not in the catalogue; look ids up with GET /films?q= or `marquee films`",
}


class Answered(BaseModel):
    """Base of all responses; validators are built on demand, not at each cold start."""

    model_config = ConfigDict(defer_build=True)


class FilmBrief(Answered):
    """A film in a list."""

    item_id: str = _ITEM_ID
    title: str = _TITLE
    year: int | None = Field(description="Year of release.", examples=[1995])
    genres: list[str] = Field(description="The film's genres.", examples=[["Action", "Crime", "Thriller"]])
    tmdb_id: int | None = Field(description="The film's TMDB id.", examples=[949])
    imdb_id: str | None = Field(description="The film's IMDb id.", examples=["tt0113277"])


class UnderstoodCondition(Answered):
    """Condition on films that was found in the query. Send its ``id`` in ``ignore_conditions`` to switch it off."""

    id: str = Field(description="Identifies the condition in `ignore_conditions`.", examples=["year:1990-1999"])
    kind: str = Field(
        description="person, series, genre, mood, form, audience, language, year, runtime, keyword or like",
        examples=["year"],
    )
    text: str = Field(description="The condition as display text.", examples=["1990s"])
    words: str = Field(description="The words of the query that express it.", examples=["from the 90s"])
    applied: bool = Field(description="False if it was relaxed as too few films met all.", examples=[True])


class UnderstoodQuery(Answered):
    """How a query was understood."""

    text: str = Field(description="The remaining text to search for.", examples=["dinosaurs"])
    conditions: list[UnderstoodCondition] = Field(
        description="The conditions found in the query.", examples=[[_CONDITION]]
    )


class RecommendedFilm(FilmBrief):
    """A recommended film; ``explanation`` and ``signals`` with ``explain``, ``match`` with a query."""

    score: float = _SCORE
    reason: list[str] = _REASON
    match: bool | None = Field(
        None, description="Whether the film matches the query; false: it only fills the page.", examples=[True]
    )
    explanation: str | None = Field(
        None,
        description="With `explain`: the reasons in a sentence.",
        examples=["You liked Casino, another crime film."],
    )
    signals: dict[str, float] | None = Field(
        None,
        description="With `explain`: each signal's contribution to the raw score.",
        examples=[{"collaborative": 1.2, "popularity": 0.4}],
    )


class RecommendAnswer(Answered):
    """Recommended films and how they were ranked."""

    user_id: str | None = _USER_ID
    items: list[RecommendedFilm] = Field(description="The films, best first.", examples=[[_RANKED_FILM]])
    model_version: str = _MODEL_VERSION
    index_version: str = _INDEX_VERSION
    cached: bool = Field(description="Whether the ranking came from the cache.", examples=[False])
    strategy: str = Field(description="Basis of the ranking: query, personal, seeds or popular.", examples=["personal"])
    degraded: list[str] = _DEGRADED
    recommendation_id: str = Field(
        description="Identifies this response; send it with feedback.", examples=["5f0c7b9e2a414d0f8d6c3b1a90e7f254"]
    )
    next_cursor: str | None = Field(
        description="Send it as `cursor` for the next page; null on the last page.", examples=["eyJ2IjoxfQ"]
    )
    ignored_ids: list[str] = _IGNORED_IDS
    understood: UnderstoodQuery | None = Field(
        None,
        description="With a query: how it was understood.",
        examples=[{"text": "dinosaurs", "conditions": []}],
    )
    matched: int | None = Field(
        None,
        description="With a query: number of matching films; if 0, the items are the closest or most popular films.",
        examples=[17],
    )


class SimilarFilm(FilmBrief):
    """A similar film."""

    score: float = _SCORE
    reason: list[str] = _REASON


class SimilarAnswer(Answered):
    """Films similar to one film."""

    item_id: str = _ITEM_ID
    title: str = _TITLE
    items: list[SimilarFilm] = Field(description="The films, most similar first.", examples=[[_RANKED_FILM]])
    model_version: str = _MODEL_VERSION
    index_version: str = _INDEX_VERSION
    degraded: list[str] = _DEGRADED


class AffineFilm(Answered):
    """A film in the short form of ``/recommend/from-films``."""

    movie_id: int | str = Field(description="The item id, as a number if it is numeric.", examples=[6])
    title: str = Field(description="The title with the year.", examples=["Heat (1995)"])
    genres: str = Field(description="The genres, separated by `|`.", examples=["Action|Crime|Thriller"])
    affinity_score: float = Field(ge=0, le=1, description="Relevance of the film, from 0 to 1.", examples=[0.83])


class FromFilmsAnswer(Answered):
    """Films similar to the given films."""

    recommendations: list[AffineFilm] = Field(
        description="The films, best first.",
        examples=[[{"movie_id": 6, "title": "Heat (1995)", "genres": "Action|Crime|Thriller", "affinity_score": 0.83}]],
    )
    ignored_ids: list[str] = Field([], description=_IGNORED_IDS.description, examples=_IGNORED_IDS.examples)


class FeedbackAnswer(Answered):
    """The stored event (202)."""

    event_id: str = Field(description="Identifies the stored event.", examples=["e-5f0c7b9e2a41"])
    duplicate: bool = Field(description="Whether the event was already stored.", examples=[False])
    item_id: str = Field(description="The film's catalogue id, whichever id you sent.", examples=["6"])


class EventResult(Answered):
    """Result of one event of a batch: 202 and its id, or a problem."""

    status: int = Field(description="202 if stored, otherwise the status of `problem`.", examples=[202])
    event_id: str | None = Field(None, description="Identifies the stored event.", examples=["e-5f0c7b9e2a41"])
    duplicate: bool | None = Field(None, description="Whether the event was already stored.", examples=[False])
    item_id: str | None = Field(None, description="The film's catalogue id, whichever id you sent.", examples=["6"])
    problem: ProblemDocument | None = Field(
        None,
        description="Why the event was rejected.",
        examples=[_UNKNOWN_FILM],
    )


class BatchAnswer(Answered):
    """One result per event, in the order sent."""

    results: list[EventResult] = Field(
        description="One result per event, in the order sent.",
        examples=[
            [
                {"status": 202, "event_id": "e-5f0c7b9e2a41", "duplicate": False, "item_id": "6"},
                {"status": 404, "problem": _UNKNOWN_FILM},
            ]
        ],
    )


class FilmsAnswer(Answered):
    """Films by name, best match first."""

    items: list[FilmBrief] = Field(description="The films, best match first.", examples=[[_FILM]])


class FilmAnswer(FilmBrief):
    """All details of a film. ``cast`` is a list of names."""

    # Not a regular property: generated Python clients would define a variable ``cast`` that hides typing.cast.
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "patternProperties": {
                "^cast$": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "Names of the actors.",
                    "examples": [["Al Pacino", "Robert De Niro"]],
                }
            }
        },
    )

    directors: list[str] = Field([], description="Names of the directors.", examples=[["Michael Mann"]])
    keywords: list[str] = Field([], description="Keywords for the plot and themes.", examples=[["heist"]])
    runtime: int | None = Field(None, description="Running time in minutes.", examples=[170])
    language: str | None = Field(None, description="Original language, ISO 639-1.", examples=["en"])
    overview: str | None = Field(
        None, description="Plot summary in a few sentences.", examples=["A detective hunts a crew of thieves."]
    )
    votes: int | None = Field(None, description="Number of ratings.", examples=[412])
    poster_path: str | None = Field(None, description="Path of the poster at TMDB.", examples=["/poster.jpg"])


class GenreCount(Answered):
    """A genre and its number of films."""

    name: str = Field(description="The genre, as accepted by `filters.genres`.", examples=["Drama"])
    films: int = Field(description="Number of films of the genre.", examples=[4361])


class LanguageCount(Answered):
    """A language and its number of films."""

    code: str = Field(description="ISO 639-1 code, as accepted by `filters.languages`.", examples=["en"])
    films: int = Field(description="Number of films in the language.", examples=[7000])


class YearSpan(Answered):
    """First and last year of the catalogue; null if no film has a year."""

    first: int | None = Field(alias="from", description="First year of release.", examples=[1902])
    last: int | None = Field(alias="to", description="Last year of release.", examples=[2018])


class CatalogueAnswer(Answered):
    """Available filters, and whether a key is required."""

    model_config = ConfigDict(extra="allow")

    films: int = Field(description="Number of films in the catalogue.", examples=[9742])
    genres: list[GenreCount] = Field(description="Genres to filter by.", examples=[[{"name": "Drama", "films": 4361}]])
    years: YearSpan = Field(description="Years to filter by.", examples=[{"from": 1902, "to": 2018}])
    languages: list[LanguageCount] = Field(
        description="Languages to filter by, by number of films.", examples=[[{"code": "en", "films": 7000}]]
    )
    demo_users: list[str] = Field(
        description="Ids of people with a history, for trying the API.", examples=[["demo-1"]]
    )
    auth_required: bool = Field(description="Whether requests require the header X-API-Key.", examples=[True])


class ListedRow(Answered):
    """A row of an export that could not be matched with certainty."""

    place: str = Field(description="Location of the row.", examples=["ratings.csv, line 12"])
    title: str = Field(description="Title in that row.", examples=["Pinocchio"])
    year: int | None = Field(description="Year in that row.", examples=[2022])
    candidates: list[FilmBrief] = Field(description="Films it may refer to.", examples=[_PINOCCHIOS])


class ImportAnswer(Answered):
    """Result of an import, with the first recommendations."""

    user_id: str = _USER_ID
    source: str = Field(description="The service the export comes from.", examples=["Letterboxd"])
    rows: int = Field(description="Number of rows read.", examples=[690])
    films: int = Field(description="Number of films matched; each becomes one event.", examples=[673])
    stored: int = Field(description="Number of new events stored.", examples=[673])
    already_stored: int = Field(description="Number of events already stored.", examples=[0])
    events: dict[str, int] = Field(
        description="Number of events of each kind.", examples=[{"rating": 412, "like": 80, "watch": 61, "click": 120}]
    )
    matched_by: dict[str, int] = Field(
        description="Number of films matched by each criterion.",
        examples=[{"title and year": 655, "title, a year apart": 18}],
    )
    skipped: dict[str, int] = Field(description="Skipped rows, by reason.", examples=[{"no rating": 4}])
    doubtful_films: int = Field(description="Number of ambiguous films; the first hundred are listed.", examples=[1])
    doubtful: list[ListedRow] = Field(
        description="Rows that may refer to several films.", examples=[[{**_ROW, "candidates": _PINOCCHIOS}]]
    )
    unmatched_films: int = Field(
        description="Number of films not in the catalogue; the first hundred are listed.", examples=[16]
    )
    unmatched: list[ListedRow] = Field(
        description="Rows whose film is not in the catalogue.", examples=[[{**_ROW, "candidates": []}]]
    )
    recommendations: list[RecommendedFilm] = Field(
        description="Recommendations after the import.", examples=[[_RANKED_FILM]]
    )


class ExportedEvent(Answered):
    """A stored event."""

    event_id: str = Field(description="Identifies the stored event.", examples=["e-5f0c7b9e2a41"])
    item_id: str = Field(description="The film's catalogue id, whichever id you sent.", examples=["6"])
    event: str = Field(description="Kind of the event.", examples=["rating"])
    value: float = Field(description="Stars for a rating, otherwise 1.", examples=[4.5])
    ts: int = Field(description="Time of the event, in epoch milliseconds.", examples=[1769890500000])
    recommendation_id: str | None = Field(
        description="The response that showed the film.", examples=["5f0c7b9e2a414d0f8d6c3b1a90e7f254"]
    )


class ExportAnswer(Answered):
    """Everything stored about a person, and the taste derived from it."""

    model_config = ConfigDict(extra="allow")

    user_id: str = _USER_ID
    revision: int = Field(description="Number of changes to the profile.", examples=[12])
    updated_at: int = Field(description="Time of the last change, in epoch milliseconds.", examples=[1769890500000])
    events: list[ExportedEvent] = Field(
        description="All stored events.",
        examples=[
            [
                {
                    "event_id": "e-5f0c7b9e2a41",
                    "item_id": "6",
                    "event": "rating",
                    "value": 4.5,
                    "ts": 1769890500000,
                    "recommendation_id": "5f0c7b9e2a414d0f8d6c3b1a90e7f254",
                }
            ]
        ],
    )
    profile: dict[str, object] = Field(
        description="The derived profile: recent films, genre counts, seen and disliked films, history and taste.",
        examples=[{"recent_item_ids": ["6"], "genre_counts": {"Crime": 1}}],
    )
    cached_answers: int = Field(description="Number of cached rankings for the person.", examples=[3])


class HealthAnswer(Answered):
    """Health of the process."""

    status: str = Field(description="`ok`, or `degraded`: a fallback replaces an unavailable part.", examples=["ok"])
    parts: dict[str, str] | None = Field(
        None, description="For readiness: each part and its state.", examples=[{"bundle": "ok", "state": "ok"}]
    )


class VersionAnswer(Answered):
    """Version of what is being served."""

    model_config = ConfigDict(extra="allow")

    model_version: str = Field(description="Version of the model that ranks the films.", examples=["2026-01-31-4f2a"])
    index_version: str = Field(description="Version of the search index used.", examples=["2026-01-31-4f2a"])
    bundle_version: str = Field(description="Version of the bundle that holds both.", examples=["2026-01-31-4f2a"])
    encoder: str | None = Field(
        None, description="Text encoder of the bundle; null without vectors.", examples=["minilm-int8"]
    )
    films: int | None = Field(None, description="Number of films in the catalogue.", examples=[9742])
    created_at: str | None = Field(None, description="Time the bundle was built.", examples=["2026-01-31T20:15:00Z"])
