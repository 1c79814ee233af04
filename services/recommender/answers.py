"""Rankings as the JSON documents of the API. Rows become ids and titles here and nowhere else."""

import json
from typing import Any

import numpy as np

from services.recommender.domain import genres
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.catalogue import Catalogue, imdb_id
from services.recommender.domain.request import Pick, Ranking, Request
from services.recommender.ports import Evidence

DIGITS = 4
_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False)


def dump(document: Any) -> bytes:  # noqa: ANN401 - any JSON document
    """Compact UTF-8 JSON."""
    return _JSON.encode(document).encode("utf-8")


def film_summary(catalogue: Catalogue, row: int) -> dict[str, Any]:
    """The facts shown with every film of a list."""
    return {
        "item_id": catalogue.item_ids[row],
        "title": catalogue.titles[row],
        "year": int(catalogue.years[row]) or None,
        "genres": genres.from_mask(int(catalogue.genre_bits[row])),
        "tmdb_id": int(catalogue.tmdb_ids[row]) or None,
        "imdb_id": imdb_id(int(catalogue.imdb_ids[row])),
    }


def film_details(catalogue: Catalogue, row: int) -> dict[str, Any]:
    """Everything known of one film; the long fields are read from disk for this one."""
    code = int(catalogue.language_codes[row])
    summary = film_summary(catalogue, row)
    known = json.loads(catalogue.details[row])
    return {
        **summary,
        "language": catalogue.languages[code] if code >= 0 else None,
        "votes": int(catalogue.votes[row]),
        **known,
        "imdb_id": known.get("imdb_id") or summary["imdb_id"],
    }


def recommendation(
    bundle: Bundle, index_version: str, request: Request, ranking: Ranking, next_cursor: str | None
) -> dict[str, Any]:
    """The body of ``/recommend`` without ``cached`` and ``recommendation_id``; ``understood`` and ``matched`` with a
    query only.
    """
    return {
        "user_id": request.user_id,
        "items": [_item(bundle.catalogue, pick, request.explain) for pick in ranking.picks],
        "model_version": bundle.model_version,
        "index_version": index_version,
        "strategy": ranking.strategy.value,
        "degraded": list(ranking.degraded),
        "next_cursor": next_cursor,
        "ignored_ids": list(ranking.ignored_ids),
        **_understood(ranking),
    }


def _understood(ranking: Ranking) -> dict[str, Any]:
    """How the query was read, and how many films match it."""
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


def scored_film(catalogue: Catalogue, pick: Pick) -> dict[str, Any]:
    """A film of a list with its score and its reasons."""
    return {
        **film_summary(catalogue, pick.row),
        "score": round(pick.score, DIGITS),
        "reason": [reason.text for reason in pick.reasons],
    }


def _item(catalogue: Catalogue, pick: Pick, explain: bool) -> dict[str, Any]:
    item = scored_film(catalogue, pick)
    if pick.match is not None:
        item["match"] = pick.match
    if explain:
        item["explanation"] = pick.explanation
        item["signals"] = {name: round(term, DIGITS) for name, term in pick.signals.items()}
    return item


def evidence(catalogue: Catalogue, pick: Pick) -> Evidence:
    """What an explainer may speak of."""
    names = genres.from_mask(int(catalogue.genre_bits[pick.row]))
    return Evidence(catalogue.titles[pick.row], int(catalogue.years[pick.row]) or None, names, pick.reasons)


def affinity(catalogue: Catalogue, pick: Pick) -> dict[str, Any] | None:
    """One line of ``/recommend/from-films``; None for a film that has no integer to be named by.

    ``movie_id`` is the item id where that is a number (MovieLens), else the TMDB id.
    """
    item_id = catalogue.item_ids[pick.row]
    movie_id = int(item_id) if item_id.isascii() and item_id.isdigit() else int(catalogue.tmdb_ids[pick.row])
    if not movie_id:
        return None
    year = int(catalogue.years[pick.row])
    title = catalogue.titles[pick.row]
    return {
        "movie_id": movie_id,
        "title": f"{title} ({year})" if year else title,
        "genres": "|".join(genres.from_mask(int(catalogue.genre_bits[pick.row]))),
        "affinity_score": round(pick.score, DIGITS),
    }


def catalogue_facts(catalogue: Catalogue) -> dict[str, Any]:
    """Counts by genre and language, and the span of years: what filters can be made of."""
    known = catalogue.years[catalogue.years > 0]
    bits = catalogue.genre_bits
    counts = [(name, int(np.count_nonzero(bits & np.uint32(1 << bit)))) for bit, name in enumerate(genres.GENRES)]
    spoken = np.bincount(catalogue.language_codes[catalogue.language_codes >= 0], minlength=len(catalogue.languages))
    by_use = sorted(zip(catalogue.languages, spoken.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
    return {
        "films": len(catalogue),
        "genres": [{"name": name, "films": films} for name, films in counts if films],
        "years": {"from": int(known.min()) if len(known) else None, "to": int(known.max()) if len(known) else None},
        "languages": [{"code": code, "films": films} for code, films in by_use if films],
    }
