"""Definition of an index: its mapping, its analyser, and a note about the bundle it belongs to.

The note is in the mapping's ``_meta``. Not every OpenSearch is documented to keep that, so the note is also stored as a
document without a row, which no search finds.

Sources: OpenSearch documentation, "k-NN vector", "Stemmer token filter", "Normalizers"; Amazon OpenSearch Serverless
developer guide, "Working with vector search collections". That guide does not mention that NextGen rejects ``engine``
and ``mode`` with 400, "Field parameter 'engine' is not supported"; reports from live collections of 2026 do.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from services.adapters.search.analyser import ANALYSER, LONGEST_TERM
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.recommender.domain.bundle import Bundle
from services.recommender.errors import BundleError

SPACE = "cosinesimil"
NOTE = "marquee"
NOTE_ID = "marquee-note"
_NAME = "marquee-name"
# The embedded tokeniser keeps alphabetic and numeric Unicode characters; this matches everything else.
_SIGNS = r"[^\p{IsAlphabetic}\p{N}]+"
_M, _EF_CONSTRUCTION = 16, 128


class IndexMismatch(BundleError):
    """The index and its bundle were made with different encoders or vectors."""


@dataclass(frozen=True, slots=True)
class IndexNote:
    """Note about the bundle and the load.

    ``encoder`` is None and ``dims`` 0 without vectors. ``text_scale``: ratio of the embedded engine's BM25 scores to
    this engine's (2.2 for Lucene since version 8, 1 before), measured at creation. ``engine`` and ``space`` define the
    meaning of k-NN scores; NextGen always uses faiss. ``created_ms``: epoch milliseconds. ``complete``: every film is
    loaded and the probes passed.
    """

    bundle: str
    films: int
    dims: int
    encoder: str | None
    analyser: str
    engine: str
    space: str
    created_ms: int
    text_scale: float = 1.0
    complete: bool = False

    @classmethod
    def of(cls, bundle: Bundle, target: OpenSearchTarget, created_ms: int) -> Self:
        """Return the note of an index that is about to be loaded."""
        embeddings = bundle.embeddings
        return cls(
            bundle=bundle.version,
            films=len(bundle.catalogue),
            dims=embeddings.dims if embeddings is not None else 0,
            encoder=embeddings.encoder_id if embeddings is not None else None,
            analyser=ANALYSER,
            engine=target.engine,
            space=SPACE,
            created_ms=created_ms,
        )

    @classmethod
    def read(cls, mapping: Mapping[str, Any], documents: Iterable[object] = ()) -> Self | None:
        """Return the note in ``{"mappings": {...}}``, with the dimensions of the mapping itself; None without a note.

        ``documents``: notes found as documents. A complete one takes precedence.
        """
        mappings = mapping.get("mappings", {})
        names = {field.name for field in fields(cls)}
        notes = [
            note
            for note in (mappings.get("_meta", {}).get(NOTE), *documents)
            if isinstance(note, dict) and names <= set(note)
        ]
        if not notes:
            return None
        note = max(notes, key=lambda each: bool(each["complete"]))
        embedding = mappings.get("properties", {}).get("embedding", {})
        return cls(**{name: note[name] for name in names} | {"dims": int(embedding.get("dimension", 0))})

    def to_mapping(self) -> dict[str, Any]:
        """Return the note as part of a mapping."""
        return {"_meta": {NOTE: asdict(self)}}

    def to_document(self) -> dict[str, Any]:
        """Return the note as a document."""
        return {"item_id": NOTE_ID, "note": json.dumps(asdict(self))}

    def check(self, bundle: Bundle) -> None:
        """Raise IndexMismatch, naming both values, unless the index holds this bundle's vectors."""
        own = bundle.embeddings
        pairs = (
            ("vectors of {} dimensions", own.dims if own is not None else 0, self.dims),
            ("the encoder {!r}", own.encoder_id if own is not None else None, self.encoder),
            ("the analyser {!r}", ANALYSER, self.analyser),
        )
        for what, expected, stored in pairs:
            if expected != stored:
                raise IndexMismatch(
                    f"bundle {bundle.version} has {what.format(expected)}, its OpenSearch index {what.format(stored)}; "
                    "delete that index and run `marquee index`"
                )


def made_here(mapping: Mapping[str, Any]) -> bool:
    """Return whether ``{"mappings": {...}}`` is one of ours, by its fields, even without a note."""
    properties = mapping.get("mappings", {}).get("properties", {})
    analyser = str(properties.get("title", {}).get("analyzer"))
    return analyser.startswith("marquee-") and {"row", "item_id", "other_names"} <= set(properties)


def notes_body() -> str:
    """Return the body of an ``_msearch`` for note documents; see :func:`notes_of`."""
    query = {"bool": {"filter": [{"term": {"item_id": NOTE_ID}}], "must_not": [{"exists": {"field": "row"}}]}}
    return "{}\n" + json.dumps({"query": query, "size": 10, "_source": ["note"]}) + "\n"


def notes_of(response: Mapping[str, Any]) -> list[object]:
    """Return the notes in a response to :func:`notes_body`."""
    sources = (hit.get("_source", {}) for hit in response.get("hits", {}).get("hits", []))
    return [json.loads(source["note"]) for source in sources if isinstance(source.get("note"), str)]


def index_body(target: OpenSearchTarget, note: IndexNote) -> dict[str, Any]:
    """Return settings and mappings for creating an index, for the target's kind."""
    properties = _properties()
    if note.dims:
        properties["embedding"] = _vector(target, note.dims)
    return {
        "settings": {"index": {"knn": True, "analysis": _analysis()}},
        "mappings": {"dynamic": "strict", "properties": properties, **note.to_mapping()},
    }


def _analysis() -> dict[str, Any]:
    """Return the chain of ``services.adapters.search.analyser`` as standard filters; names become one token."""
    fold = ["lowercase", "asciifolding"]
    return {
        "char_filter": {"marquee-squeeze": {"type": "pattern_replace", "pattern": _SIGNS, "replacement": ""}},
        "tokenizer": {"marquee-words": {"type": "pattern", "pattern": _SIGNS}},
        "filter": {
            "marquee-length": {"type": "length", "min": 1, "max": LONGEST_TERM},
            "marquee-stemmer": {"type": "stemmer", "language": "porter2"},
        },
        "analyzer": {
            ANALYSER: {
                "type": "custom",
                "tokenizer": "marquee-words",
                "filter": ["marquee-length", *fold, "marquee-stemmer"],
            }
        },
        "normalizer": {_NAME: {"type": "custom", "char_filter": ["marquee-squeeze"], "filter": fold}},
    }


def _properties() -> dict[str, Any]:
    text = {"type": "text", "analyzer": ANALYSER}
    name = {"type": "keyword", "normalizer": _NAME, "ignore_above": 1_000}
    return {
        "row": {"type": "integer"},
        "item_id": {"type": "keyword"},
        "note": {"type": "keyword", "index": False, "doc_values": False},
        "title": {**text, "fields": {"name": name}},
        "other_names": name,
        "overview": text,
        "genres": {"type": "keyword", "fields": {"text": text}},
        "keywords": text,
        "directors": name,
        "people": {**text, "fields": {"name": name}},
        "aka": text,
        "year": {"type": "integer"},
        "runtime": {"type": "integer"},
        "language": {"type": "keyword"},
        "votes": {"type": "integer"},
    }


def _vector(target: OpenSearchTarget, dims: int) -> dict[str, Any]:
    """Return the vector field. NextGen rejects ``engine``; Classic requires it, as its default is nmslib."""
    method: dict[str, Any] = {
        "name": "hnsw",
        "space_type": SPACE,
        "parameters": {"m": _M, "ef_construction": _EF_CONSTRUCTION},
    }
    if target.kind != "nextgen":
        method["engine"] = target.engine
    field: dict[str, Any] = {"type": "knn_vector", "dimension": dims, "method": method}
    if target.compression_level is not None:
        field["compression_level"] = target.compression_level
    return field
