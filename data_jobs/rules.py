"""The rule table: every finding's code, its severity, and what is done. ``docs/data.md`` reproduces it."""

from enum import StrEnum
from typing import NamedTuple

MAX_ERROR_SHARE = 0.01
"""A build is refused if more than this share of any file's rows are errors, unless forced."""
FEW_ERRORS, FEW_ERRORS_SHARE = 3, 0.1
"""A short file is read without its errors if they are at most this many and at most this share of its rows."""


class Severity(StrEnum):
    """The severity of a finding. ``fatal``: reading stops. ``error``: the row is left out. ``warning``: repaired.
    ``note``: for information.
    """

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Rule(NamedTuple):
    """The severity of a finding and what the reader does about it."""

    severity: Severity
    done: str


_F, _E, _W, _N = Severity.FATAL, Severity.ERROR, Severity.WARNING, Severity.NOTE

RULES: dict[str, Rule] = {
    "missing-file": Rule(_F, "A required file is missing: nothing is read."),
    "empty-file": Rule(_F, "A file has no rows: nothing is read."),
    "missing-column": Rule(_F, "The header lacks a required column: nothing is read."),
    "unknown-form": Rule(
        _F, "No file has a known form: nothing is read, and the message says what the file looks like."
    ),
    "unreadable-file": Rule(_F, "A broken gzip, zip, CSV or JSON document: nothing is read."),
    "wrong-field-count": Rule(_E, "A CSV row with more or fewer fields than the header is left out."),
    "malformed-json": Rule(_E, "A line that is not one JSON object is left out."),
    "missing-value": Rule(_E, "A row without a film id, person id, title or event is left out."),
    "bad-id": Rule(_E, "A row whose id is longer than 128 characters or has control characters is left out."),
    "duplicate-film": Rule(_E, "A film id seen before: the first row stays, this one is left out."),
    "unknown-film": Rule(_E, "An event or a tag of a film that is not in the catalogue is left out."),
    "unknown-event": Rule(_E, "An event whose name is none of the known ones is left out."),
    "rating-out-of-range": Rule(_E, "A rating that is not .5, 1, 1.5 ... 5 is left out."),
    "bad-timestamp": Rule(_E, "An event whose time can't be read, or lies outside 1970 to 2100, is left out."),
    "repeated-film": Rule(_W, "The same film again under the same id, title and year: the first row stays."),
    "open-quote": Rule(_W, "A quote is left open: the line is read without its quotes."),
    "unknown-file": Rule(_W, "A file of unknown form is left out; it may need --map."),
    "duplicate-rating": Rule(_W, "A person rated the film twice: the later rating stays, by time, else by line."),
    "duplicate-event": Rule(_W, "An event appears twice with the same time to the millisecond: one stays."),
    "duplicate-metadata": Rule(_W, "Two metadata rows for one film: the first stays."),
    "bad-value": Rule(_W, "An optional field of the wrong type or range is read as empty; the row stays."),
    "unknown-genre": Rule(_W, "A genre outside the vocabulary is taken off the film."),
    "damaged-text": Rule(_W, "Mojibake is repaired; U+FFFD, control and invisible characters are removed."),
    "wrong-link": Rule(_W, "links.csv leads to a film of another year and another title or IMDb id: not used."),
    "no-metadata": Rule(_W, "No metadata row for a film: it has only the fields of MovieLens."),
    "no-metadata-file": Rule(_N, "No metadata file was given: films have only the fields of MovieLens."),
    "link-replaced": Rule(
        _N, "The metadata joined by movielens_id has another TMDB id than links.csv: the former is used."
    ),
    "shared-tmdb-id": Rule(
        _N, "Two films share a TMDB or IMDb id but differ in title or year: both stay, the id leads to the first."
    ),
    "title-without-year": Rule(_N, "A title without a year: the year comes from the metadata, else it is unknown."),
    "no-genres": Rule(_N, "No genre in any source: a genre filter never shows the film."),
    "unused-metadata": Rule(_N, "Metadata of films that MovieLens does not list is not used."),
    "newline-in-field": Rule(_N, "A line break inside a quoted CSV field; an unclosed quote looks like this, too."),
    "joined-by-title": Rule(_N, "Metadata without an id in common, joined by title and year."),
    "year-in-title": Rule(_N, "The year was read from the end of the title, which is shown without it."),
    "id-form": Rule(_N, "An id in another form (31.0, 00031, 113277): read as the film's id."),
    "decimal-comma": Rule(_N, "Ratings with a decimal comma (4,5): read as 4.5."),
    "rating-scale": Rule(_N, "Ratings on a scale other than .5 to 5: converted to it and rounded to half stars."),
    "event-name": Rule(_N, "An event under a name other than Marquee's six: read as the event it means."),
    "repeated-header": Rule(_N, "The header repeated among the rows, as in concatenated files: left out."),
    "no-times": Rule(_N, "Events without a time: their order in the file replaces it."),
    "not-a-film": Rule(_N, "Series, episodes and games in a list of films are left out."),
    "no-catalogue": Rule(_N, "Events without a catalogue: the films are those named by the events."),
    "merged-duplicate": Rule(_N, "A film listed under two ids: it is one film, and both ids lead to it."),
    "unused-file": Rule(_N, "A file that is not film data, or is not needed: not read."),
    "superseded-event": Rule(_N, "An event is dropped if the same person and film have a newer or stronger one."),
    "cleared-event": Rule(_N, "A clear is dropped, together with the events it took back."),
    "unknown-field": Rule(_N, "A field this format does not have is not read (one note per field)."),
    "no-rows": Rule(_N, "A file of links, tags or events without rows is treated as missing."),
    "optional-file": Rule(_N, "A known file that the build does not use."),
    "latin-1": Rule(_N, "The file is not UTF-8 and was decoded as Latin-1."),
    "bom": Rule(_N, "The byte order mark at the start was skipped."),
    "utf-16": Rule(_N, "The file is UTF-16 and was decoded as such."),
    "crlf": Rule(_N, "Windows line ends were read as line ends."),
}
