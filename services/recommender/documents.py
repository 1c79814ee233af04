"""Conversion of rankings to the API's JSON documents; the only place where rows become ids and titles."""

import json
import math
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from services.recommender.domain import genres
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.catalogue import Catalogue, display_title, imdb_id
from services.recommender.domain.request import RankedItem, Ranking, Request
from services.recommender.ports import OVERVIEW_LENGTH, Evidence, Likings, Record

DIGITS = 4
TOP_GENRES, FAVOURITES = 3, 5


def dump(document: Any) -> bytes:  # noqa: ANN401 - any JSON document
    """Encode as compact UTF-8 JSON. NaN and infinity would become null, so computed numbers go through ``rounded``."""
    return orjson.dumps(document)


def rounded(value: float) -> float:
    """Round a computed number for a response. Raises ValueError if it is not finite."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is not finite, so a response cannot contain it")
    return round(float(value), DIGITS)


def film_summary(catalogue: Catalogue, row: int) -> dict[str, Any]:
    """Return the facts shown with every film of a list."""
    return {
        "item_id": catalogue.item_ids[row],
        "title": catalogue.titles[row],
        "year": int(catalogue.years[row]) or None,
        "genres": genres.from_mask(int(catalogue.genre_bits[row])),
        "tmdb_id": int(catalogue.tmdb_ids[row]) or None,
        "imdb_id": imdb_id(int(catalogue.imdb_ids[row])),
    }


def film_details(catalogue: Catalogue, row: int) -> dict[str, Any]:
    """Return all details of a film; the long fields are read from disk."""
    code = int(catalogue.language_codes[row])
    summary = film_summary(catalogue, row)
    details = json.loads(catalogue.details[row])
    return {
        **summary,
        "language": catalogue.languages[code] if code >= 0 else None,
        "votes": int(catalogue.votes[row]),
        **details,
        "imdb_id": details.get("imdb_id") or summary["imdb_id"],
    }


def recommendation(
    bundle: Bundle, index_version: str, request: Request, ranking: Ranking, next_cursor: str | None
) -> dict[str, Any]:
    """Return the body of ``/recommend`` without ``cached`` and ``recommendation_id``; ``understood`` and ``matched``
    only with a query.
    """
    return {
        "user_id": request.user_id,
        "items": [_item(bundle.catalogue, item, request.explain) for item in ranking.items],
        "model_version": bundle.model_version,
        "index_version": index_version,
        "strategy": ranking.strategy.value,
        "degraded": list(ranking.degraded),
        "next_cursor": next_cursor,
        "ignored_ids": list(ranking.ignored_ids),
        **_understood(ranking),
    }


def _understood(ranking: Ranking) -> dict[str, Any]:
    """Return how the query was understood, and how many films match it."""
    if ranking.understood is None:
        return {}
    conditions = [
        {"id": each.id, "kind": each.kind.value, "text": each.text, "words": each.words, "applied": each.applied}
        for each in ranking.understood.conditions
    ]
    return {
        "understood": {"text": ranking.understood.text, "conditions": conditions},
        "matched": ranking.matched,
    }


def scored_film(catalogue: Catalogue, item: RankedItem) -> dict[str, Any]:
    """Return a film of a list with its score and reasons."""
    return {
        **film_summary(catalogue, item.row),
        "score": rounded(item.score),
        "reason": [reason.text for reason in item.reasons],
    }


def _item(catalogue: Catalogue, item: RankedItem, explain: bool) -> dict[str, Any]:
    document = scored_film(catalogue, item)
    if item.match is not None:
        document["match"] = item.match
    if explain:
        document["explanation"] = item.explanation
        document["signals"] = {name: rounded(term) for name, term in item.signals.items()}
    return document


def evidence(catalogue: Catalogue, item: RankedItem) -> Evidence:
    """Return what an explainer may mention."""
    row = item.row
    names = genres.from_mask(int(catalogue.genre_bits[row]))
    year = int(catalogue.years[row]) or None
    return Evidence(catalogue.titles[row], year, names, item.reasons, catalogue.item_ids[row])


def record(catalogue: Catalogue, row: int) -> Record:
    """Return further facts about a film, for writing or checking a sentence; read from disk."""
    details = json.loads(catalogue.details[row])
    code = int(catalogue.language_codes[row])
    return Record(
        directors=tuple(details.get("directors") or ()),
        cast=tuple(details.get("cast") or ()),
        keywords=tuple(details.get("keywords") or ()),
        language=catalogue.languages[code] if code >= 0 else "",
        runtime=int(catalogue.runtimes[row]),
        overview=(details.get("overview") or "")[:OVERVIEW_LENGTH],
    )


def likings(catalogue: Catalogue, rows: NDArray[np.int32]) -> Likings:
    """Return the top genres of liked films (catalogue rows, oldest first), and the titles of the newest ones."""
    bits = catalogue.genre_bits[rows]
    counts = [int(np.count_nonzero(bits & np.uint32(1 << bit))) for bit in range(len(genres.GENRES))]
    names = [(count, name) for count, name in zip(counts, genres.GENRES, strict=True) if name not in genres.NO_GENRES]
    best = sorted((pair for pair in names if pair[0]), key=lambda pair: (-pair[0], pair[1]))[:TOP_GENRES]
    newest = rows[::-1][:FAVOURITES].tolist()
    return Likings(tuple(name for _, name in best), tuple(display_title(catalogue, row) for row in newest))


def affinity(catalogue: Catalogue, item: RankedItem) -> dict[str, Any]:
    """Return one film of ``/recommend/from-films``.

    ``movie_id`` is the item id if it is a number (MovieLens), else the TMDB id, else the item id as it is.
    """
    item_id = catalogue.item_ids[item.row]
    movie_id = int(item_id) if item_id.isascii() and item_id.isdigit() else int(catalogue.tmdb_ids[item.row])
    year = int(catalogue.years[item.row])
    title = catalogue.titles[item.row]
    return {
        "movie_id": movie_id or item_id,
        "title": f"{title} ({year})" if year else title,
        "genres": "|".join(genres.from_mask(int(catalogue.genre_bits[item.row]))),
        "affinity_score": rounded(item.score),
    }


def catalogue_facts(catalogue: Catalogue) -> dict[str, Any]:
    """Return counts by genre and language, and the span of years, for filters."""
    years = catalogue.years[catalogue.years > 0]
    bits = catalogue.genre_bits
    counts = [(name, int(np.count_nonzero(bits & np.uint32(1 << bit)))) for bit, name in enumerate(genres.GENRES)]
    by_code = np.bincount(catalogue.language_codes[catalogue.language_codes >= 0], minlength=len(catalogue.languages))
    by_count = sorted(zip(catalogue.languages, by_code.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
    return {
        "films": len(catalogue),
        "genres": [{"name": name, "films": films} for name, films in counts if films],
        "years": {"from": int(years.min()) if len(years) else None, "to": int(years.max()) if len(years) else None},
        "languages": [{"code": code, "films": films} for code, films in by_count if films],
    }
