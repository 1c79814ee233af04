"""What is answered, as OpenAPI shows it. The hot path writes these bytes itself and is not validated again."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.api.app.problem import ProblemDocument


class Answered(BaseModel):
    """Base of all answers: validators are made when somebody asks for the documentation, not at each cold start."""

    model_config = ConfigDict(defer_build=True)


class FilmBrief(Answered):
    """A film in a list."""

    item_id: str = Field(examples=["6"])
    title: str = Field(examples=["Heat"])
    year: int | None = Field(examples=[1995])
    genres: list[str] = Field(examples=[["Action", "Crime", "Thriller"]])
    tmdb_id: int | None = Field(examples=[949])
    imdb_id: str | None = Field(examples=["tt0113277"])


class UnderstoodCondition(Answered):
    """What a query says of the films that are wanted. Send its ``id`` in ``ignore_conditions`` to switch it off."""

    id: str = Field(examples=["year:1990-1999"])
    kind: str = Field(
        description="person, series, genre, mood, form, audience, language, year, runtime, keyword or like",
        examples=["year"],
    )
    text: str = Field(examples=["1990s"])
    words: str = Field(description="what of the query says it", examples=["from the 90s"])
    applied: bool = Field(description="false: it gave way, because too few films met all")


class UnderstoodQuery(Answered):
    """How a query was read."""

    text: str = Field(description="what is left to search for", examples=["dinosaurs"])
    conditions: list[UnderstoodCondition]


class RecommendedFilm(FilmBrief):
    """A film recommended; ``explanation`` and ``signals`` with ``explain``, ``match`` with a query."""

    score: float = Field(ge=0, le=1, examples=[0.83])
    reason: list[str] = Field(description="evidence that moved the score", examples=[["Because you liked Casino"]])
    match: bool | None = Field(None, description="whether it matches the query; false: it only fills up the list")
    explanation: str | None = None
    signals: dict[str, float] | None = Field(None, examples=[{"collaborative": 1.2, "popularity": 0.4}])


class RecommendAnswer(Answered):
    """The list and how it was made."""

    user_id: str | None = Field(examples=["u1"])
    items: list[RecommendedFilm]
    model_version: str
    index_version: str
    cached: bool
    strategy: str = Field(description="query, personal, seeds or popular", examples=["personal"])
    degraded: list[str] = Field(description="what was down or left out, and why; empty if nothing was")
    recommendation_id: str = Field(description="to be sent back with feedback")
    next_cursor: str | None
    ignored_ids: list[str]
    understood: UnderstoodQuery | None = Field(None, description="with a query: how it was read")
    matched: int | None = Field(
        None, description="with a query: how many films match it; 0: the items are the nearest, or just popular"
    )


class SimilarFilm(FilmBrief):
    """A film like another."""

    score: float = Field(ge=0, le=1)
    reason: list[str]


class SimilarAnswer(Answered):
    """Films like one film."""

    item_id: str
    title: str
    items: list[SimilarFilm]
    model_version: str
    index_version: str
    degraded: list[str] = Field(description="what was down or left out, and why; empty if nothing was")


class AffineFilm(Answered):
    """A film in the short form of ``/recommend/from-films``."""

    movie_id: int | str = Field(description="The item id, a number where it is one.", examples=[6])
    title: str = Field(examples=["Heat (1995)"])
    genres: str = Field(examples=["Action|Crime|Thriller"])
    affinity_score: float = Field(ge=0, le=1)


class FromFilmsAnswer(Answered):
    """Films like some films."""

    recommendations: list[AffineFilm]
    ignored_ids: list[str] = []


class FeedbackAnswer(Answered):
    """202: it is stored. ``duplicate``: it was there already."""

    event_id: str
    duplicate: bool
    item_id: str = Field(description="the film's own id, whichever it was named by", examples=["6"])


class EventResult(Answered):
    """One event of a batch: 202 and its id, or the problem it met."""

    status: int = Field(examples=[202])
    event_id: str | None = None
    duplicate: bool | None = None
    item_id: str | None = None
    problem: ProblemDocument | None = None


class BatchAnswer(Answered):
    """A result an event, in the order sent."""

    results: list[EventResult]


class FilmsAnswer(Answered):
    """Films by name, the likeliest first."""

    items: list[FilmBrief]


class FilmAnswer(FilmBrief):
    """Everything known of a film."""

    model_config = ConfigDict(extra="allow")

    directors: list[str] = []
    cast: list[str] = []
    keywords: list[str] = []
    runtime: int | None = None
    language: str | None = None
    overview: str | None = None
    votes: int | None = None
    poster_path: str | None = None


class CatalogueAnswer(Answered):
    """What there is to choose from, and whether a key is needed."""

    model_config = ConfigDict(extra="allow")

    films: int
    genres: list[dict[str, Any]] = Field(examples=[[{"name": "Drama", "films": 4361}]])
    years: dict[str, int | None] = Field(examples=[{"from": 1902, "to": 2018}])
    languages: list[dict[str, Any]] = Field(examples=[[{"code": "en", "films": 7000}]])
    demo_users: list[str]
    auth_required: bool


class ListedRow(Answered):
    """A row of which it is not sure what film is meant."""

    place: str = Field(examples=["ratings.csv, line 12"])
    title: str = Field(examples=["Pinocchio"])
    year: int | None = Field(examples=[2022])
    candidates: list[FilmBrief]


class ImportAnswer(Answered):
    """What came in, what did not, and the first recommendations."""

    user_id: str
    source: str = Field(examples=["Letterboxd"])
    rows: int
    films: int = Field(description="films that were matched; each is one event")
    stored: int = Field(description="events that were not there before")
    already_stored: int
    events: dict[str, int] = Field(examples=[{"rating": 412, "like": 80, "watch": 61, "click": 120}])
    matched_by: dict[str, int] = Field(examples=[{"title and year": 655, "title, a year apart": 18}])
    skipped: dict[str, int] = Field(description="rows that are no films, or say nothing")
    doubtful_films: int = Field(description="so many are doubtful; the first hundred are listed")
    doubtful: list[ListedRow]
    unmatched_films: int = Field(description="so many are not in the catalogue; the first hundred are listed")
    unmatched: list[ListedRow]
    recommendations: list[RecommendedFilm]


class HealthAnswer(Answered):
    """The process answers."""

    status: str = Field(examples=["ok"])
    parts: dict[str, str] | None = None


class VersionAnswer(Answered):
    """What is being served."""

    model_config = ConfigDict(extra="allow")

    model_version: str
    index_version: str
    bundle_version: str
