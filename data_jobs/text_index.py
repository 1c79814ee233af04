"""Build the embedded text index of a catalogue: one segment, one document per film, in row order."""

import json
from collections.abc import Iterator
from pathlib import Path

import tantivy

from services.adapters.search.analyser import (
    ANALYSER,
    normal,
    other_names,
    squeezed,
    text_analyser,
)
from services.adapters.search.name_files import save_names
from services.adapters.search.schema import build_schema
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.genres import GENRES, from_mask
from services.recommender.errors import BundleError
from services.recommender.names.names import Names

# Memory to write one segment (a second would have to be merged): per film, at least, and the engine's maximum.
_HEAP_PER_FILM, _LEAST_HEAP, _MOST_HEAP = 4_000, 512_000_000, 4_000_000_000


def write_text_index(catalogue: Catalogue, folder: Path) -> Path:
    """Write the index and the names of a catalogue into an empty folder; return the folder.

    Raises BundleError if the engine made more than one segment or numbered its documents in another order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index = tantivy.Index(build_schema(), path=str(folder), reuse=False)
    index.register_tokenizer(ANALYSER, text_analyser())
    heap = min(max(_HEAP_PER_FILM * len(catalogue), _LEAST_HEAP), _MOST_HEAP)
    writer = index.writer(heap_size=heap, num_threads=1)
    for row in range(len(catalogue)):
        writer.add_document(_document(catalogue, row))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    _check_order(index.searcher(), len(catalogue), folder)
    save_names(Names.of(catalogue), folder)
    return folder


def _document(catalogue: Catalogue, row: int) -> tantivy.Document:
    document = tantivy.Document()
    for field, value in _texts(catalogue, row):
        document.add_text(field, normal(value))
    document.add_integer("row", row)
    document.add_integer("votes", int(catalogue.votes[row]))
    if catalogue.years[row] > 0:
        document.add_integer("year", int(catalogue.years[row]))
    if catalogue.runtimes[row] > 0:
        document.add_integer("runtime", int(catalogue.runtimes[row]))
    for number in range(len(GENRES)):
        if int(catalogue.genre_bits[row]) >> number & 1:
            document.add_integer("genre", number)
    return document


def _texts(catalogue: Catalogue, row: int) -> Iterator[tuple[str, str]]:
    """Yield field and text pairs, several per field if needed."""
    title, details = catalogue.titles[row], json.loads(catalogue.details[row])
    directors, cast = details.get("directors", []), details.get("cast", [])
    yield "title", title
    yield "overview", details.get("overview", "")
    yield "genres", " ".join(from_mask(int(catalogue.genre_bits[row])))
    yield "keywords", " ".join(dict.fromkeys((*details.get("keywords", []), *details.get("tags", []))))
    yield "people", " ".join(dict.fromkeys((*directors, *cast)))
    aka = details.get("aka", [])
    yield "aka", " ".join(aka)
    yield "name", squeezed(title)
    others = (*other_names(title), *map(squeezed, aka))
    yield from (("other_name", name) for name in dict.fromkeys(others))
    yield from (("director", squeezed(name)) for name in directors)
    yield from (("person", squeezed(name)) for name in dict.fromkeys((*directors, *cast)))
    if catalogue.language_codes[row] >= 0:
        yield "language", catalogue.languages[catalogue.language_codes[row]]


def _check_order(searcher: tantivy.Searcher, films: int, folder: Path) -> None:
    """Check that document ids are rows, so that serving reads no field. Raises BundleError."""
    if searcher.num_segments > 1 or searcher.num_docs != films:
        raise BundleError(
            f"{folder}: {searcher.num_docs} films in {searcher.num_segments} segments, expected {films} in 1"
        )
    addresses = [tantivy.DocAddress(0, row) for row in range(films)]
    if films and searcher.fast_field_values("row", addresses) != list(range(films)):
        raise BundleError(f"{folder}: the engine numbered the films in another order than that of their rows")
