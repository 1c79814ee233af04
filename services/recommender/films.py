"""Film queries: one film, films by name, similar films, films for a few given films."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from services.recommender import documents
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.request import MAX_K, Preset, Request
from services.recommender.errors import UnknownFilm
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline
from services.recommender.similar import similar


def unknown_film(film: object) -> UnknownFilm:
    """Return the error for an unknown film, saying how to find the right id."""
    return UnknownFilm(f"film {film!r} is not in the catalogue; look ids up with GET /films?q= or `marquee films`")


def row_of(catalogue: Catalogue, item_id: str | None, tmdb_id: int | None = None) -> int:
    """Return the row of a film by its id, else by its TMDB id. Raises UnknownFilm."""
    rows = catalogue.rows_of([item_id]) if item_id is not None else catalogue.rows_of_tmdb([tmdb_id or 0])
    if rows[0] < 0:
        raise unknown_film(item_id if item_id is not None else tmdb_id)
    return int(rows[0])


class FilmsResult(NamedTuple):
    """Response body, milliseconds by stage, what did not respond and why, and films by retriever."""

    document: dict[str, Any]
    stages: dict[str, float]
    degraded: tuple[str, ...] = ()
    counts: Mapping[str, int] = MappingProxyType({})


def similar_films(
    pipeline: Pipeline, item_id: str | None, tmdb_id: int | None, k: int, deadline: Deadline
) -> FilmsResult:
    """Return the body of ``/similar``. Raises UnknownFilm."""
    bundle, search = pipeline.bundle, pipeline.release.search
    row = row_of(bundle.catalogue, item_id, tmdb_id)
    result = similar(pipeline, row, k, deadline)
    document = {
        "item_id": bundle.catalogue.item_ids[row],
        "title": bundle.catalogue.titles[row],
        "items": [documents.scored_film(bundle.catalogue, item) for item in result.items],
        "model_version": bundle.model_version,
        "index_version": search.index_version,
        "degraded": list(result.degraded),
    }
    return FilmsResult(document, result.stages)


def from_films(
    pipeline: Pipeline,
    item_ids: Sequence[str],
    tmdb_ids: Sequence[int],
    top_n: int,
    deadline: Deadline,
    preset: Preset = Preset.DEFAULT,
) -> FilmsResult:
    """Return the body of ``/recommend/from-films``. Raises AllSeedsUnknown, PresetUnavailable."""
    liked, tmdb = tuple(item_ids), tuple(tmdb_ids)
    request = Request(k=min(top_n, MAX_K), liked=liked, tmdb_ids=tmdb, diversity=0.0, preset=preset)
    ranking = pipeline.rank(request, None, deadline, with_reasons=False)
    document = {
        "recommendations": [documents.affinity(pipeline.bundle.catalogue, item) for item in ranking.items],
        "ignored_ids": list(ranking.ignored_ids),
    }
    return FilmsResult(document, dict(ranking.trace), ranking.degraded, ranking.counts)


def films_named(pipeline: Pipeline, text: str, limit: int) -> dict[str, Any]:
    """Return the body of ``/films?q=``."""
    rows = pipeline.finder.find(text, limit)
    return {"items": [documents.film_summary(pipeline.bundle.catalogue, row) for row in rows.tolist()]}
