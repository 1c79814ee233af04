"""Fields of the embedded index. One document per film, in row order, so that a document id is a row."""

import tantivy

from services.adapters.search.analyser import ANALYSER

# Fields and their weights in BM25.
TEXT_FIELDS: dict[str, float] = {
    "title": 2.0,
    "overview": 1.0,
    "genres": 1.0,
    "keywords": 1.0,
    "people": 1.0,
    "aka": 1.0,
}

# One token each: a film's title, its alternative names, whole names of people.
NAME_FIELDS = ("name", "other_name", "director", "person")


def build_schema() -> tantivy.Schema:
    """Return the tantivy schema: text and names for searching, the rest for filtering."""
    builder = tantivy.SchemaBuilder()
    for field in TEXT_FIELDS:
        builder.add_text_field(field, tokenizer_name=ANALYSER, index_option="freq")
    for field in (*NAME_FIELDS, "language"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    for field in ("row", "genre", "year", "runtime", "votes"):
        builder.add_integer_field(field, indexed=True, fast=True)
    return builder.build()
