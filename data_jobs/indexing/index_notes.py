"""The note of an index: in the mapping, or as a document if the mapping loses it."""

import json
from collections.abc import Mapping
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError, RequestError, TransportError

from services.adapters.search.opensearch.index import NOTE_ID, IndexNote, made_here, notes_body, notes_of


def mapping_of(client: OpenSearch, index: str) -> dict[str, Any] | None:
    """Return ``{"mappings": {...}}`` of an index; None if there is no such index."""
    try:
        return dict(client.indices.get_mapping(index=index)[index])
    except NotFoundError:
        return None


def read_note(client: OpenSearch, index: str, mapping: Mapping[str, Any]) -> IndexNote | None:
    """Return the note of an index with this mapping; None if there is none. Documents are read if a mapping of ours has
    no final note.
    """
    note = IndexNote.read(mapping)
    if (note is not None and note.complete) or not made_here(mapping):
        return note
    response = client.msearch(index=index, body=notes_body())["responses"][0]
    return IndexNote.read(mapping, notes_of(response))


def write_note(client: OpenSearch, index: str, note: IndexNote) -> bool:
    """Write the note into the mapping, and return whether it is there now."""
    try:
        client.indices.put_mapping(index=index, body=note.to_mapping())
    except RequestError:
        return False
    return IndexNote.read(mapping_of(client, index) or {}) == note


def takes_ids(client: OpenSearch, index: str, note: IndexNote) -> bool:
    """Return whether documents may have custom ids: the note of a new load is sent with one.

    NextGen accepts them, although its documentation is inconsistent; Classic does not. A film cannot be the
    test: sent again by the load, it would count twice in BM25's statistics. Raises OpenSearchException.
    """
    lines = ({"index": {"_id": NOTE_ID}}, note.to_document())
    try:
        response = client.bulk(index=index, body="".join(json.dumps(line) + "\n" for line in lines))
    except RequestError:
        return False
    outcome = response["items"][0]["index"]
    if outcome["status"] != 400 and outcome["status"] >= 300:
        raise TransportError(outcome["status"], str(outcome.get("error")), outcome)
    return bool(outcome["status"] < 300)
