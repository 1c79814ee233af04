"""How an answer came about, as tables: each film's terms of the raw score, and why a missed film is not there."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from services.cli.console import table

if TYPE_CHECKING:
    from services.recommender.domain.request import Request
    from services.recommender.service import Recommender


def signal_table(items: list[dict[str, Any]]) -> list[str]:
    """A line a film, a column a signal, and their sum: what the films were ranked by."""
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
    """``{asked, item_id, title, place, signals, said}`` of the film that `marquee films` finds first; ``place`` in
    the first 100, None beyond them. Raises as ``Recommender.trace``.
    """
    from services.recommender.domain.request import MAX_K

    found = recommender.films(title, 1)["items"]
    if not found:
        return {"asked": title, "said": f"No film goes by {title!r}."}
    film = {"asked": title, "item_id": found[0]["item_id"], "title": found[0]["title"]}
    shelf = (film["item_id"],)
    if request.only_item_ids is not None and film["item_id"] not in request.only_item_ids:
        return {**film, "said": "It is not on the shelf that was given."}
    alone = recommender.trace(replace(request, k=1, cursor=None, only_item_ids=shelf)).picks
    if not alone:
        return {**film, "said": _left_out(recommender, replace(request, k=1, cursor=None, only_item_ids=shelf))}
    first = recommender.trace(replace(request, k=MAX_K, cursor=None)).picks
    place = next((place for place, pick in enumerate(first, 1) if pick.row == alone[0].row), None)
    said = f"It stands at place {place}." if place else f"It is not among the first {MAX_K}: others score more."
    return {**film, "place": place, "signals": alone[0].signals, "said": said}


def _left_out(recommender: "Recommender", request: "Request") -> str:
    """Why a film is not ranked at all; ``request`` asks for nothing else."""
    from services.recommender.domain.filters import NO_FILTERS

    if recommender.trace(replace(request, filters=NO_FILTERS)).picks:
        return "The filters leave it out."
    if recommender.trace(replace(request, filters=NO_FILTERS, include_seen=True)).picks:
        return "It was seen before; --include-seen lets it come back."
    return "It is left out: it was given or disliked, is excluded, or is not for children."


def why_not_lines(found: dict[str, Any]) -> list[str]:
    """The same for people."""
    if "title" not in found:
        return ["", found["said"]]
    lines = ["", f"Why not {found['title']}? {found['said']}"]
    return lines + (signal_table([found]) if found.get("signals") else [])
