"""Shelf: the only films that a request may return, e.g. a person's library."""

from dataclasses import replace
from typing import NamedTuple

from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.distinct import distinct
from services.recommender.domain.request import Request


class Shelved(NamedTuple):
    """A request with its shelf as a filter, and the shelf's ids that are not in the catalogue."""

    request: Request
    ignored: tuple[str, ...]


def read_shelf(catalogue: Catalogue, request: Request) -> Shelved:
    """Convert a request's shelf to a filter. A shelf without any known film gives an empty list, like any filter that
    nothing passes.
    """
    if request.only_item_ids is None:
        return Shelved(request, ())
    rows = catalogue.rows_of(request.only_item_ids)
    unknown = [item_id for item_id, row in zip(request.only_item_ids, rows.tolist(), strict=True) if row < 0]
    filters = replace(request.filters, rows=tuple(distinct(rows[rows >= 0]).tolist()))
    return Shelved(replace(request, filters=filters), tuple(dict.fromkeys(unknown)))
