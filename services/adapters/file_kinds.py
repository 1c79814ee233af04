"""Recognition of files that contain no table, with advice for each."""

import re

SEPARATOR = re.compile(r"\"?sep=([^\w\s\"']|\t)\"?[,;\t ]*", re.IGNORECASE)
"""The line above the header that tells Excel the delimiter."""

_MAGIC = (
    (b"PK\x03\x04", "an Excel or OpenDocument workbook, or a zip: save the sheet as CSV (UTF-8), or unpack the zip"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as CSV (UTF-8)"),
    (b"PAR1", "Parquet: write it as CSV, e.g. polars.read_parquet(FILE).write_csv('films.csv')"),
    (
        b"SQLite format 3",
        "an SQLite database: export the table as CSV (sqlite3 -header -csv FILE 'select * from films')",
    ),
    (b"%PDF", "a PDF: there is no table to read in it"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive: unpack it first"),
    (b"\x80\x04", "a Python pickle, which is never opened: write it as CSV"),
    (b"\x80\x05", "a Python pickle, which is never opened: write it as CSV"),
    (b"ARROW1", "Feather or Arrow: write it as CSV, e.g. polars.read_ipc(FILE).write_csv('films.csv')"),
    (b"\x89HDF", "HDF5: write its table as CSV"),
    (b"BZh", "a bzip2 file: unpack it first (bunzip2)"),
    (b"\xfd7zXZ", "an xz file: unpack it first (unxz)"),
    (b"\x28\xb5\x2f\xfd", "a zstd file: unpack it first (unzstd)"),
    (b"\x89PNG", "a picture: there is no table to read in it"),
    (b"\xff\xd8\xff", "a picture: there is no table to read in it"),
)
_TAR, _TAR_AT = b"ustar", 257
_MARKUP = (
    (re.compile(r"<!doctype html|<html", re.IGNORECASE), "a web page and no table: download the file that it links to"),
    (re.compile(r"<\?xml|<[A-Za-z][\w:-]*[ >]"), "XML, which is not read: export it as CSV or JSON"),
    (
        re.compile(r"-- |/\*!|(?:create|drop) table|insert into|pragma |begin transaction", re.IGNORECASE),
        "an SQL dump: load it into its database and export the table as CSV",
    ),
    (re.compile(r"\{\\rtf"), "an RTF text: save the table as CSV (UTF-8)"),
)
_BEGINNING = 4_096


def binary_kind(head: bytes) -> str | None:
    """Return the kind of file that begins with these bytes, with advice; None if it may be text."""
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return "a tar archive: unpack it first (tar -xf)"
    return next((what for magic, what in _MAGIC if head.startswith(magic)), None)


def text_kind(text: str) -> str | None:
    """Return the kind of a decoded file that contains no table, with advice; None if it may contain one."""
    begin = text[:_BEGINNING]
    if not text.strip():
        return "empty"
    if "\x00" in begin:
        odd, even = text[1:_BEGINNING:2].count("\x00"), text[0:_BEGINNING:2].count("\x00")
        halves = min(odd, even) == 0 and 3 * max(odd, even) > len(begin)
        return "UTF-16 without its byte order mark: save it as UTF-8" if halves else "a binary file"
    begin = begin.lstrip("\ufeff \t\r\n")
    return next((what for mark, what in _MARKUP if mark.match(begin)), None)
