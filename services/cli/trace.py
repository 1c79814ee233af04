"""How a response was computed: each film's terms of the raw score, and why a film is missing."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from services.cli.console import table

if TYPE_CHECKING:
    from services.recommender.domain.request import RankedItem, Ranking, Request
    from services.recommender.service import Recommender

COMPARED = 10
"""Rank of the film whose signals are shown next to those of a missing film: the last of a usual page."""
EVERYTHING = 100_000
"""More films than any request has candidates."""


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
    """Return ``{asked, item_id, title, reason, said, ...}`` of the film that `marquee films` finds first.

    ``reason``: "ranked" (with its ``place`` of ``candidates``, its ``signals``, and ``beside``: the tenth film with its
    signals), "not_retrieved" (with ``signals`` and ``beside``), or why it is excluded: "unknown", "not_on_shelf",
    "given", "excluded", "filtered", "seen", "disliked", "not_for_children", "not_meant" (by the query). Raises as
    ``Recommender.trace``.
    """
    matches = recommender.films(title, 1)["items"]
    if not matches:
        return {"asked": title, "reason": "unknown", "said": f"No film matches {title!r}."}
    film = {"asked": title, "item_id": matches[0]["item_id"], "title": matches[0]["title"]}
    item_id = str(film["item_id"])
    if request.only_item_ids is not None and item_id not in _ids(recommender, request.only_item_ids):
        return {**film, "reason": "not_on_shelf", "said": "It is not among the films given by --only."}
    alone = replace(request, k=1, cursor=None, only_item_ids=(item_id,))
    items = recommender.trace(alone).items
    if not items:
        return {**film, **_exclusion(recommender, alone, item_id)}
    return {**film, **_placed(recommender, replace(request, k=EVERYTHING, cursor=None), items[0])}


def _ids(recommender: "Recommender", given: tuple[str, ...]) -> set[str]:
    """Return the catalogue's ids of films given by any id; unknown ones are left out."""
    from services.recommender.errors import UnknownFilm

    ids = set()
    for item_id in given:
        try:
            ids.add(str(recommender.film(item_id)["item_id"]))
        except UnknownFilm:
            continue
    return ids


def _placed(recommender: "Recommender", request: "Request", alone: "RankedItem") -> dict[str, Any]:
    """Return a film's place among all candidates, or that it is not one of them, with the tenth film."""
    ranking = recommender.trace(request)
    items = ranking.items
    place = next((at for at, item in enumerate(items, 1) if item.row == alone.row), None)
    shown = {"place": place, "candidates": len(items), **_beside(recommender, items)}
    if place is None:
        return {**shown, "reason": "not_retrieved", "signals": alone.signals, "said": _not_retrieved(ranking)}
    item = items[place - 1]
    unmatched = " It does not match the query." if item.match is False else ""
    said = f"It is at rank {place} of {len(items)} candidates.{unmatched}"
    return {**shown, "reason": "ranked", "signals": item.signals, "said": said}


def _beside(recommender: "Recommender", items: "tuple[RankedItem, ...]") -> dict[str, Any]:
    """Return the tenth film, or the last of fewer, with its signals."""
    if not items:
        return {}
    place = min(COMPARED, len(items))
    item = items[place - 1]
    catalogue = recommender.releases.current().bundle.catalogue
    film = {"item_id": catalogue.item_ids[item.row], "title": catalogue.titles[item.row]}
    return {"beside": {"place": place, **film, "signals": item.signals}}


def _not_retrieved(ranking: "Ranking") -> str:
    """Return the message that no retriever returned a film, with the number that each returned."""
    numbers = [f"{count} by {name}" for name, count in _retrievers(ranking.counts)]
    by = f" ({', '.join(numbers)})" if numbers else ""
    return f"No retriever returned it: it is not among the {len(ranking.items)} candidates with the largest sums{by}."


def _retrievers(counts: dict[str, int]) -> Iterator[tuple[str, int]]:
    names = {"knn": "text vectors", "bm25": "words", "retrieve": "two towers", "traits_retrieved": "traits",
             "series_retrieved": "series", "vectors_retrieved": "text vectors"}  # fmt: skip
    for name, count in counts.items():
        if name in names:
            yield names[name], count


def _exclusion(recommender: "Recommender", request: "Request", item_id: str) -> dict[str, Any]:
    """Return why a film is excluded, with all reasons if there are several; ``request`` is restricted to that film."""
    from services.recommender.domain.filters import NO_FILTERS

    given_ids = _ids(recommender, (*request.liked, *request.disliked, *(f"tmdb:{each}" for each in request.tmdb_ids)))
    if item_id in given_ids:
        return {"reason": "given", "said": "It is excluded: it was given with the request."}
    if item_id in _ids(recommender, request.exclude_item_ids):
        return {"reason": "excluded", "said": "It is excluded by --exclude."}
    unrestricted = replace(request, filters=NO_FILTERS, include_seen=True)
    ranking = recommender.trace(unrestricted)
    if not ranking.items:
        if ranking.counts.get("not_for_children"):
            return {"reason": "not_for_children", "said": "It is not for children, and the taste is a child's."}
        if request.query is not None and recommender.trace(replace(unrestricted, query=None)).items:
            return {"reason": "not_meant", "said": "It is excluded by what the query says."}
        return {"reason": "disliked", "said": "It is excluded: it was disliked."}
    reasons = []
    if not recommender.trace(replace(unrestricted, filters=request.filters)).items:
        reasons.append(("filtered", "The filters exclude it."))
    if not recommender.trace(replace(unrestricted, include_seen=request.include_seen)).items:
        reasons.append(("seen", "It was already seen; --include-seen allows it again."))
    return {"reason": reasons[0][0] if reasons else "excluded", "said": " ".join(said for _, said in reasons)}


def why_not_lines(result: dict[str, Any]) -> list[str]:
    """Return the result of ``why_not`` as lines of text: the film's signals next to the tenth film's."""
    if "title" not in result:
        return ["", result["said"]]
    lines = ["", f"Why not {result['title']}? {result['said']}"]
    if not result.get("signals"):
        return lines
    beside = result.get("beside")
    rows = [result] if beside is None or beside["item_id"] == result["item_id"] else [beside, result]
    placed = [dict(row, title=f"{row['place'] or '-'}. {row['title']}") for row in rows]
    return lines + signal_table(placed)
