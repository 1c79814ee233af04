"""``marquee recommend``, ``films``, ``similar``, ``feedback``: the API's operations without a server."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from services.cli.console import EXIT_CODES, JsonOption, Output, table
from services.cli.history import titled
from services.cli.open_services import open_services
from services.cli.trace import signal_table, why_not, why_not_lines
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from pydantic import BaseModel

    from services.recommender.cache import Answer

Body = TypeVar("Body", bound="BaseModel")
Strings = list[str] | None
_EVENTS = "like, dislike, rating, watch, click or clear"


def register(parent: typer.Typer) -> None:
    """Add the verbs to the command line."""
    for verb in (recommend, films, similar, feedback):
        parent.command(epilog=EXIT_CODES)(verb)


def recommend(
    user: Annotated[str | None, typer.Option(help="Person's id.")] = None,
    k: Annotated[int, typer.Option("--k", "-k", help="Number of films, 1 to 100.")] = 20,
    liked: Annotated[Strings, typer.Option(metavar="<str>", help="Film id to treat as liked; repeatable.")] = None,
    disliked: Annotated[
        Strings, typer.Option(metavar="<str>", help="Film id to treat as disliked; repeatable.")
    ] = None,
    tmdb_id: Annotated[
        list[int] | None, typer.Option(metavar="<int>", help="TMDB id to treat as liked; repeatable.")
    ] = None,
    query: Annotated[str | None, typer.Option(help="Free text, e.g. 'a heist in a dream'.")] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Search for the query's words as they are; extract no conditions from it.")
    ] = False,
    ignore: Annotated[
        Strings, typer.Option(metavar="<str>", help="Id of a query condition to ignore; repeatable.")
    ] = None,
    genre: Annotated[
        Strings, typer.Option(metavar="<str>", help="Only films of this genre; repeatable, a film needs one of them.")
    ] = None,
    not_genre: Annotated[Strings, typer.Option(metavar="<str>", help="No films of this genre; repeatable.")] = None,
    year_from: Annotated[int | None, typer.Option(help="Earliest year.")] = None,
    year_to: Annotated[int | None, typer.Option(help="Latest year.")] = None,
    runtime_to: Annotated[int | None, typer.Option(help="Maximum running time in minutes.")] = None,
    language: Annotated[Strings, typer.Option(metavar="<str>", help="Original language, e.g. fr; repeatable.")] = None,
    min_votes: Annotated[int, typer.Option(help="Minimum number of votes.")] = 0,
    only: Annotated[
        Strings, typer.Option(metavar="<str>", help="Recommend only among these film ids; repeatable.")
    ] = None,
    exclude: Annotated[Strings, typer.Option(metavar="<str>", help="Film id to exclude; repeatable.")] = None,
    include_seen: Annotated[bool, typer.Option("--include-seen", help="Allow films already seen.")] = False,
    diversity: Annotated[float, typer.Option(help="0 (closest to the taste) to 1 (most diverse).")] = 0.2,
    familiarity: Annotated[float | None, typer.Option(help="0 (obscure films) to 1 (well-known films).")] = None,
    cursor: Annotated[str | None, typer.Option(help="Value of next_cursor on the previous page.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Add a sentence and the signals for each film.")] = False,
    trace: Annotated[bool, typer.Option("--trace", help="Show strategy, signals and milliseconds per stage.")] = False,
    why_not_title: Annotated[
        str | None,
        typer.Option("--why-not", metavar="<str>", help="Name of a film: show its rank, or why it is missing."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Recommend films for a person, a query or both."""
    from services.api.app.schemas.models import RecommendBody

    filters = {
        "genres": genre or [], "not_genres": not_genre or [], "year_from": year_from, "year_to": year_to,
        "runtime_to": runtime_to, "languages": language or [], "min_votes": min_votes,
    }  # fmt: skip
    body = {
        "user_id": user, "k": k, "explain": explain or trace, "liked": liked, "disliked": disliked,
        "tmdb_ids": tmdb_id, "query": query, "understand": not plain, "ignore_conditions": ignore,
        "filters": filters, "only_item_ids": only or None,
        "exclude_item_ids": exclude, "include_seen": include_seen, "diversity": diversity,
        "familiarity": familiarity, "cursor": cursor,
    }  # fmt: skip
    request = _checked(RecommendBody, body).to_request()
    with open_services() as services:
        answer = services.recommender.recommend(request)
        explanation = None if why_not_title is None else why_not(services.recommender, request, why_not_title)
    document = json.loads(answer.render("cli"))
    if trace:
        document["trace_ms"] = dict(answer.stages)
    is_filtered = any(filters.values()) or bool(only or exclude)
    lines = _page(document, answer, trace, is_filtered)
    if explanation is not None:
        document["why_not"] = explanation
        lines += why_not_lines(explanation)
    Output(as_json).result(document, lines)


def _page(document: dict[str, Any], answer: "Answer", trace: bool, is_filtered: bool) -> list[str]:
    rows = [
        (item["item_id"], titled(item), f"{item['score']:.3f}", "; ".join(item["reason"])) for item in document["items"]
    ]
    lines = [*_understood(document)]
    nothing = "No film matches; loosen the filters." if is_filtered else "No films left: all are already seen or given."
    lines += table(("id", "film", "score", "why"), rows) if rows else [nothing]
    if document.get("ignored_ids"):
        lines.append(f"Skipped unknown ids: {', '.join(document['ignored_ids'])}")
    if answer.degraded:
        lines.append(f"Degraded: {', '.join(answer.degraded)}")
    if trace:
        lines += _trace(document, answer)
    return lines


def _understood(document: dict[str, Any]) -> Iterator[str]:
    """Yield how the query was understood, and whether anything matches it."""
    understood = document.get("understood")
    if understood is None:
        return
    conditions = [
        f"{each['text']}{'' if each['applied'] else ' (not applied: too few films)'} [{each['id']}]"
        for each in understood["conditions"]
    ]
    parts = [f"search for “{understood['text']}”"] if understood["text"] else []
    matched = document["matched"]
    count = "1 film matches" if matched == 1 else f"{matched:,} films match"
    yield f"Understood: {'; '.join([*parts, *conditions]) or 'anything'}. {count}."
    if not document["matched"]:
        yield "Nothing matches; showing the closest or the most popular films."


def _trace(document: dict[str, Any], answer: "Answer") -> list[str]:
    """Return how the response was made: cache, stages and counts, then each film's terms of the raw score."""
    lines = ["", f"strategy {document['strategy']}, model {document['model_version']}, cached {answer.cached}"]
    lines += table(("stage", "ms"), [(stage, f"{ms:.2f}") for stage, ms in answer.stages.items()])
    lines.append(", ".join(f"{name} {count}" for name, count in answer.counts.items()))
    return lines + signal_table(document["items"])


def films(
    query: Annotated[str, typer.Argument(help="A title or its beginning, a title and year, a person, or an id.")],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=50, help="Number of films.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Find films by title, person or id: `marquee films "cape fear 1962"`."""
    with open_services() as services:
        document = services.recommender.films(query, limit)
    rows = [
        (item["item_id"], titled(item), item["tmdb_id"] or "", item["imdb_id"] or "", ", ".join(item["genres"]))
        for item in document["items"]
    ]
    lines = table(("id", "film", "tmdb", "imdb", "genres"), rows) if rows else [f"No film matches {query!r}."]
    Output(as_json).result(document, lines)


def similar(
    item_id: Annotated[str | None, typer.Argument(help="Film id, or tmdb:949, or tt0113277.")] = None,
    tmdb_id: Annotated[int | None, typer.Option(help="TMDB id of the film, instead of ITEM_ID.")] = None,
    k: Annotated[int, typer.Option("--k", "-k", min=1, max=100, help="Number of films.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List films similar to a film."""
    if (item_id is None) == (tmdb_id is None):
        raise Misused("Give either a film id or --tmdb-id, e.g. `marquee similar 1`.")
    with open_services() as services:
        document = services.recommender.similar(item_id, tmdb_id, k).document
    rows = [(item["item_id"], titled(item), f"{item['score']:.3f}", _reason(item)) for item in document["items"]]
    lines = [f"Like {document['title']}:", *table(("id", "film", "score", "why"), rows)]
    Output(as_json).result(document, lines)


def feedback(
    user: Annotated[str, typer.Argument(help="Person's id.")],
    item_id: Annotated[str, typer.Argument(help="Film id, or tmdb:949, or tt0113277.")],
    event: Annotated[str, typer.Argument(help=f"What happened: {_EVENTS}.")],
    value: Annotated[float | None, typer.Option(help="Stars of a rating: 0.5 to 5 in steps of 0.5.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Record what a person did with a film.

    The next recommendation takes it into account.
    """
    from services.api.app.schemas.models import FeedbackBody
    from services.recommender.errors import MarqueeError
    from services.recommender.ports import FeedbackCommand

    body = _checked(FeedbackBody, {"user_id": user, "item_id": item_id, "event": event, "value": value})
    with open_services() as services:
        command = FeedbackCommand(user, body.to_event(services.clock.now_ms()))
        (receipt,) = services.recommender.feedback([command])
    if isinstance(receipt, MarqueeError):
        raise receipt
    document = {"event_id": receipt.event_id, "duplicate": receipt.duplicate}
    status = "Already stored." if receipt.duplicate else "Stored."
    Output(as_json).result(document, [f"{status} Event {receipt.event_id}."])


def _checked(model: type[Body], values: dict[str, Any]) -> Body:
    """Validate the request by the same rules as over HTTP. Raises Misused naming the field."""
    from pydantic import ValidationError

    from services.api.app.schemas.validation import field_errors

    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = [dict(problem, loc=("body", *problem["loc"])) for problem in error.errors(include_url=False)]
        raise Misused("; ".join(problem["detail"] for problem in field_errors(problems))) from error


def _reason(item: dict[str, Any]) -> str:
    reason = item.get("reason") or ""
    return reason if isinstance(reason, str) else "; ".join(reason)
