"""How a response was computed: each film's terms of the raw score, and why a film is missing."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from services.cli.console import table

if TYPE_CHECKING:
    from services.recommender.domain.request import Request
    from services.recommender.service import Recommender


def signal_table(items: list[dict[str, Any]]) -> list[str]:
    """Return a table with a line per film, a column per signal, and their sum: the ranking score."""
    names = list(dict.fromkeys(name for item in items for name in item.get("signals", {})))
    if not names:
        return []
    rows = [
        (
            item["item_id"],
            item["title"],
            *(f"{item['signals'].get(name, 0):.3f}" for name in names),
            f"{sum(item['signals'].values()):.3f}",
        )
        for item in items
    ]
    return table(("id", "film", *names, "sum"), rows)


def why_not(recommender: "Recommender", request: "Request", title: str) -> dict[str, Any]:
    """Return ``{asked, item_id, title, place, signals, said}`` of the film that `marquee films` finds first; ``place``
    is its rank if among the first 100, otherwise None. Raises as ``Recommender.trace``.
    """
    from services.recommender.domain.request import MAX_K

    films = recommender.films(title, 1)["items"]
    if not films:
        return {"asked": title, "said": f"No film matches {title!r}."}
    film = {"asked": title, "item_id": films[0]["item_id"], "title": films[0]["title"]}
    shelf = (film["item_id"],)
    if request.only_item_ids is not None and film["item_id"] not in request.only_item_ids:
        return {**film, "said": "It is not among the films given by --only."}
    alone = recommender.trace(replace(request, k=1, cursor=None, only_item_ids=shelf)).picks
    if not alone:
        return {**film, "said": _left_out(recommender, replace(request, k=1, cursor=None, only_item_ids=shelf))}
    first = recommender.trace(replace(request, k=MAX_K, cursor=None)).picks
    place = next((place for place, pick in enumerate(first, 1) if pick.row == alone[0].row), None)
    said = f"It is at rank {place}." if place else f"It is not in the first {MAX_K}: others score higher."
    return {**film, "place": place, "signals": alone[0].signals, "said": said}


def _left_out(recommender: "Recommender", request: "Request") -> str:
    """Return why a film is not ranked at all; ``request`` is restricted to that film."""
    from services.recommender.domain.filters import NO_FILTERS

    if recommender.trace(replace(request, filters=NO_FILTERS)).picks:
        return "The filters exclude it."
    if recommender.trace(replace(request, filters=NO_FILTERS, include_seen=True)).picks:
        return "It was already seen; --include-seen allows it again."
    return "It is excluded: it was given, disliked or excluded, or is unsuitable for children."


def why_not_lines(trace: dict[str, Any]) -> list[str]:
    """Return the result of ``why_not`` as lines of text."""
    if "title" not in trace:
        return ["", trace["said"]]
    lines = ["", f"Why not {trace['title']}? {trace['said']}"]
    return lines + (signal_table([trace]) if trace.get("signals") else [])
