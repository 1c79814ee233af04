"""What is answered, as OpenAPI shows it. The hot path writes these bytes itself and is not validated again."""

from pydantic import BaseModel, ConfigDict, Field

from services.api.app.problem import ProblemDocument

_ITEM_ID = Field(description="The catalogue's own id of the film.", examples=["6"])
_TITLE = Field(description="The film's title.", examples=["Heat"])
_USER_ID = Field(description="The person, by your own id.", examples=["u1"])
_MODEL_VERSION = Field(description="The model that ranked the films.", examples=["2026-01-31-4f2a"])
_INDEX_VERSION = Field(description="The search index that was asked.", examples=["2026-01-31-4f2a"])
_SCORE = Field(ge=0, le=1, description="How well the film fits, from 0 to 1.", examples=[0.83])
_REASON = Field(description="The evidence that moved the score.", examples=[["Because you liked Casino"]])
_DEGRADED = Field(
    description="What was down or left out, and why; empty if nothing was.", examples=[["search: embedded"]]
)
_IGNORED_IDS = Field(description="Ids in the request that the catalogue does not have.", examples=[["tmdb:1"]])


class Answered(BaseModel):
    """Base of all answers: validators are made when somebody asks for the documentation, not at each cold start."""

    model_config = ConfigDict(defer_build=True)


class FilmBrief(Answered):
    """A film in a list."""

    item_id: str = _ITEM_ID
    title: str = _TITLE
    year: int | None = Field(description="The year of release.", examples=[1995])
    genres: list[str] = Field(description="The film's genres.", examples=[["Action", "Crime", "Thriller"]])
    tmdb_id: int | None = Field(description="The film's id at TMDB.", examples=[949])
    imdb_id: str | None = Field(description="The film's id at IMDb.", examples=["tt0113277"])


class UnderstoodCondition(Answered):
    """What a query says of the films that are wanted. Send its ``id`` in ``ignore_conditions`` to switch it off."""

    id: str = Field(description="Names the condition in `ignore_conditions`.", examples=["year:1990-1999"])
    kind: str = Field(
        description="person, series, genre, mood, form, audience, language, year, runtime, keyword or like",
        examples=["year"],
    )
    text: str = Field(description="The condition in words, to be shown.", examples=["1990s"])
    words: str = Field(description="The words of the query that say it.", examples=["from the 90s"])
    applied: bool = Field(description="False: it gave way, because too few films met all.", examples=[True])


class UnderstoodQuery(Answered):
    """How a query was read."""

    text: str = Field(description="What is left to search for.", examples=["dinosaurs"])
    conditions: list[UnderstoodCondition] = Field(description="The conditions that were read in the query.")


class RecommendedFilm(FilmBrief):
    """A film recommended; ``explanation`` and ``signals`` with ``explain``, ``match`` with a query."""

    score: float = _SCORE
    reason: list[str] = _REASON
    match: bool | None = Field(
        None, description="Whether it matches the query; false: it only fills up the list.", examples=[True]
    )
    explanation: str | None = Field(
        None,
        description="With `explain`: the reasons as a sentence.",
        examples=["You liked Casino, another crime film."],
    )
    signals: dict[str, float] | None = Field(
        None,
        description="With `explain`: what each signal added to the raw score.",
        examples=[{"collaborative": 1.2, "popularity": 0.4}],
    )


class RecommendAnswer(Answered):
    """The list and how it was made."""

    user_id: str | None = _USER_ID
    items: list[RecommendedFilm] = Field(description="The films, the best first.")
    model_version: str = _MODEL_VERSION
    index_version: str = _INDEX_VERSION
    cached: bool = Field(description="Whether the ranking was kept from an earlier request.", examples=[False])
    strategy: str = Field(
        description="What the ranking started from: query, personal, seeds or popular.", examples=["personal"]
    )
    degraded: list[str] = _DEGRADED
    recommendation_id: str = Field(
        description="Names this answer; send it with feedback.", examples=["5f0c7b9e2a414d0f8d6c3b1a90e7f254"]
    )
    next_cursor: str | None = Field(
        description="Send it as `cursor` for the next page; null on the last.", examples=["eyJ2IjoxfQ"]
    )
    ignored_ids: list[str] = _IGNORED_IDS
    understood: UnderstoodQuery | None = Field(
        None,
        description="With a query: how it was read.",
        examples=[{"text": "dinosaurs", "conditions": []}],
    )
    matched: int | None = Field(
        None,
        description="With a query: how many films match it; 0: the items are the nearest, or just popular.",
        examples=[17],
    )


class SimilarFilm(FilmBrief):
    """A film like another."""

    score: float = _SCORE
    reason: list[str] = _REASON


class SimilarAnswer(Answered):
    """Films like one film."""

    item_id: str = _ITEM_ID
    title: str = _TITLE
    items: list[SimilarFilm] = Field(description="The films, the most similar first.")
    model_version: str = _MODEL_VERSION
    index_version: str = _INDEX_VERSION
    degraded: list[str] = _DEGRADED


class AffineFilm(Answered):
    """A film in the short form of ``/recommend/from-films``."""

    movie_id: int | str = Field(description="The item id, a number where it is one.", examples=[6])
    title: str = Field(description="The title with its year.", examples=["Heat (1995)"])
    genres: str = Field(description="The genres, separated by `|`.", examples=["Action|Crime|Thriller"])
    affinity_score: float = Field(ge=0, le=1, description="How well the film fits, from 0 to 1.", examples=[0.83])


class FromFilmsAnswer(Answered):
    """Films like some films."""

    recommendations: list[AffineFilm] = Field(description="The films, the best first.")
    ignored_ids: list[str] = Field([], description=_IGNORED_IDS.description, examples=_IGNORED_IDS.examples)


class FeedbackAnswer(Answered):
    """202: it is stored."""

    event_id: str = Field(description="Names the stored event.", examples=["e-5f0c7b9e2a41"])
    duplicate: bool = Field(description="Whether the event was stored before.", examples=[False])
    item_id: str = Field(description="The film's own id, whichever id you sent.", examples=["6"])


class EventResult(Answered):
    """One event of a batch: 202 and its id, or the problem it met."""

    status: int = Field(description="202: stored; else the status of `problem`.", examples=[202])
    event_id: str | None = Field(None, description="Names the stored event.", examples=["e-5f0c7b9e2a41"])
    duplicate: bool | None = Field(None, description="Whether the event was stored before.", examples=[False])
    item_id: str | None = Field(None, description="The film's own id, whichever id you sent.", examples=["6"])
    problem: ProblemDocument | None = Field(
        None,
        description="Why the event was refused.",
        examples=[
            {
                "type": "/problems/unknown-film",
                "title": "The film is not in the catalogue",
                "status": 404,
                "detail": "film '0' is not in the catalogue",
            }
        ],
    )


class BatchAnswer(Answered):
    """One result for each event, in the order sent."""

    results: list[EventResult] = Field(description="One result for each event, in the order sent.")


class FilmsAnswer(Answered):
    """Films by name, the likeliest first."""

    items: list[FilmBrief] = Field(description="The films, the likeliest first.")


class FilmAnswer(FilmBrief):
    """Everything known of a film. ``cast``, who plays in it, is a list of names."""

    # Not among the properties: a Python client with a field ``cast`` can't read its answers, as its generator makes a
    # variable of that name, which hides the function.
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "patternProperties": {
                "^cast$": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "Who plays in it.",
                    "examples": [["Al Pacino", "Robert De Niro"]],
                }
            }
        },
    )

    directors: list[str] = Field([], description="Who directed it.", examples=[["Michael Mann"]])
    keywords: list[str] = Field([], description="What it is about, in single terms.", examples=[["heist"]])
    runtime: int | None = Field(None, description="The running time in minutes.", examples=[170])
    language: str | None = Field(None, description="The original language, ISO 639-1.", examples=["en"])
    overview: str | None = Field(
        None, description="What it is about, in a few sentences.", examples=["A detective hunts a crew of thieves."]
    )
    votes: int | None = Field(None, description="How many people rated it.", examples=[412])
    poster_path: str | None = Field(None, description="The poster's path at TMDB.", examples=["/poster.jpg"])


class GenreCount(Answered):
    """A genre and how many films have it."""

    name: str = Field(description="The genre, as `filters.genres` takes it.", examples=["Drama"])
    films: int = Field(description="How many films have it.", examples=[4361])


class LanguageCount(Answered):
    """A language and how many films have it."""

    code: str = Field(description="ISO 639-1, as `filters.languages` takes it.", examples=["en"])
    films: int = Field(description="How many films have it.", examples=[7000])


class YearSpan(Answered):
    """The first and the last year of the catalogue; null where no film has a year."""

    first: int | None = Field(alias="from", description="The first year of release.", examples=[1902])
    last: int | None = Field(alias="to", description="The last year of release.", examples=[2018])


class CatalogueAnswer(Answered):
    """What there is to choose from, and whether a key is needed."""

    model_config = ConfigDict(extra="allow")

    films: int = Field(description="How many films there are.", examples=[9742])
    genres: list[GenreCount] = Field(description="The genres to filter by.")
    years: YearSpan = Field(description="The years to filter by.", examples=[{"from": 1902, "to": 2018}])
    languages: list[LanguageCount] = Field(description="The languages to filter by, the most frequent first.")
    demo_users: list[str] = Field(description="People with a history, to try the API with.", examples=[["demo-1"]])
    auth_required: bool = Field(description="Whether requests need the header X-API-Key.", examples=[True])


class ListedRow(Answered):
    """A row of an export that could not be matched with certainty."""

    place: str = Field(description="Where the row is.", examples=["ratings.csv, line 12"])
    title: str = Field(description="The title in that row.", examples=["Pinocchio"])
    year: int | None = Field(description="The year in that row.", examples=[2022])
    candidates: list[FilmBrief] = Field(description="The films that may be meant.")


class ImportAnswer(Answered):
    """What came in, what did not, and the first recommendations."""

    user_id: str = _USER_ID
    source: str = Field(description="The service the export is from.", examples=["Letterboxd"])
    rows: int = Field(description="How many rows were read.", examples=[690])
    films: int = Field(description="How many films were matched; each is one event.", examples=[673])
    stored: int = Field(description="How many events were not there before.", examples=[673])
    already_stored: int = Field(description="How many events were there before.", examples=[0])
    events: dict[str, int] = Field(
        description="How many events of each kind.", examples=[{"rating": 412, "like": 80, "watch": 61, "click": 120}]
    )
    matched_by: dict[str, int] = Field(
        description="How many films were matched by what.",
        examples=[{"title and year": 655, "title, a year apart": 18}],
    )
    skipped: dict[str, int] = Field(
        description="Rows that are no films or say nothing, by why.", examples=[{"no rating": 4}]
    )
    doubtful_films: int = Field(description="How many are doubtful; the first hundred are listed.", examples=[1])
    doubtful: list[ListedRow] = Field(description="Rows that may mean several films.")
    unmatched_films: int = Field(
        description="How many are not in the catalogue; the first hundred are listed.", examples=[16]
    )
    unmatched: list[ListedRow] = Field(description="Rows whose film is not in the catalogue.")
    recommendations: list[RecommendedFilm] = Field(description="What to watch next, after the import.")


class ExportedEvent(Answered):
    """An event as it is stored."""

    event_id: str = Field(description="Names the stored event.", examples=["e-5f0c7b9e2a41"])
    item_id: str = Field(description="The film's own id, whichever id you sent.", examples=["6"])
    event: str = Field(description="What happened.", examples=["rating"])
    value: float = Field(description="Stars for a rating; else 1.", examples=[4.5])
    ts: int = Field(description="When it happened, in epoch milliseconds.", examples=[1769890500000])
    recommendation_id: str | None = Field(
        description="The answer that showed the film.", examples=["5f0c7b9e2a414d0f8d6c3b1a90e7f254"]
    )


class ExportAnswer(Answered):
    """All that is stored of a person, and the taste that follows from it."""

    model_config = ConfigDict(extra="allow")

    user_id: str = _USER_ID
    revision: int = Field(description="How often the profile changed.", examples=[12])
    updated_at: int = Field(description="When it last changed, in epoch milliseconds.", examples=[1769890500000])
    events: list[ExportedEvent] = Field(description="Every event that is kept.")
    profile: dict[str, object] = Field(
        description="The derived profile: recent films, genre counts, seen and disliked films, history and taste.",
        examples=[{"recent_item_ids": ["6"], "genre_counts": {"Crime": 1}}],
    )
    cached_answers: int = Field(description="How many rankings are kept for the person.", examples=[3])


class HealthAnswer(Answered):
    """The process answers."""

    status: str = Field(
        description="`ok`; or `degraded`: another part does the work of one that is down.", examples=["ok"]
    )
    parts: dict[str, str] | None = Field(
        None, description="Of readiness: each part and its state.", examples=[{"bundle": "ok", "state": "ok"}]
    )


class VersionAnswer(Answered):
    """What is being served."""

    model_config = ConfigDict(extra="allow")

    model_version: str = Field(description="The model that ranks the films.", examples=["2026-01-31-4f2a"])
    index_version: str = Field(description="The search index that is asked.", examples=["2026-01-31-4f2a"])
    bundle_version: str = Field(description="The bundle that holds both.", examples=["2026-01-31-4f2a"])
    encoder: str | None = Field(
        None, description="The text encoder of the bundle; null without vectors.", examples=["minilm-int8"]
    )
    films: int | None = Field(None, description="How many films there are.", examples=[9742])
    created_at: str | None = Field(None, description="When the bundle was built.", examples=["2026-01-31T20:15:00Z"])
