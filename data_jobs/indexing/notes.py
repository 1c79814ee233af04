"""The note of an index, wherever it stands: in the mapping, or as a document where a mapping loses it."""

import json
from collections.abc import Mapping
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError, RequestError, TransportError

from services.adapters.search.opensearch.index import NOTE_ID, IndexNote, made_here, notes_body, notes_of


def mapping_of(client: OpenSearch, index: str) -> dict[str, Any] | None:
    """``{"mappings": {...}}`` of an index; None if there is no such index."""
    try:
        return dict(client.indices.get_mapping(index=index)[index])
    except NotFoundError:
        return None


def read_note(client: OpenSearch, index: str, mapping: Mapping[str, Any]) -> IndexNote | None:
    """The note of an index with this mapping. Documents are asked for where a mapping of ours says nothing final."""
    note = IndexNote.read(mapping)
    if (note is not None and note.complete) or not made_here(mapping):
        return note
    response = client.msearch(index=index, body=notes_body())["responses"][0]
    return IndexNote.read(mapping, notes_of(response))


def write_note(client: OpenSearch, index: str, note: IndexNote) -> bool:
    """Put the note into the mapping, and say whether it is there now."""
    try:
        client.indices.put_mapping(index=index, body=note.to_mapping())
    except RequestError:
        return False
    return IndexNote.read(mapping_of(client, index) or {}) == note


def takes_ids(client: OpenSearch, index: str, note: IndexNote) -> bool:
    """Whether documents may have ids of ours: the note of a load that begins is sent with one.

    NextGen takes them, although pages of its documentation disagree; Classic doesn't. A film would not do: sent again
    by the load, it would count twice in the statistics of BM25. Raises OpenSearchException.
    """
    lines = ({"index": {"_id": NOTE_ID}}, note.to_document())
    try:
        answer = client.bulk(index=index, body="".join(json.dumps(line) + "\n" for line in lines))
    except RequestError:
        return False
    outcome = answer["items"][0]["index"]
    if outcome["status"] != 400 and outcome["status"] >= 300:
        raise TransportError(outcome["status"], str(outcome.get("error")), outcome)
    return bool(outcome["status"] < 300)
