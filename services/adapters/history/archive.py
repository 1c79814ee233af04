"""Files of an export: a single one, those inside a zip, or those of a folder, read in memory within limits."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from services.adapters.archive import ZIP, Allowance, ArchiveError, counts, is_workbook, members
from services.recommender.errors import InvalidRequest

MAX_BYTES = 10 << 20
MAX_UNPACKED = 64 << 20
MAX_ENTRIES = 2_000
EXTENSIONS = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson")
_PACKED = (".zip", ".gz")
_GZIP = b"\x1f\x8b"
_NESTED = 2
"""Levels of archives that are unpacked: the file itself, and archives inside it."""

_FORM = re.compile(
    rb"--([^\r\n]{1,200})\r\n"
    rb'content-disposition: form-data;[^\r\n]{0,300}filename="([^"\r\n]{0,255})"[^\r\n]{0,300}\r\n'
    rb"(?:[^\r\n]{1,500}\r\n){0,10}\r\n",
    re.IGNORECASE,
)

Files = list[tuple[str, bytes]]


def files_of(name: str, content: bytes) -> Files:
    """Return names and contents of the tables in an export. Raises InvalidRequest if too large or unreadable."""
    if len(content) > MAX_BYTES:
        raise refused(f"the export is too large; the maximum is {MAX_BYTES:,} bytes")
    name, content = _file_of_form(content) or (name, content)
    return _plain(name, content, Allowance(MAX_ENTRIES, MAX_UNPACKED))


def _plain(name: str, content: bytes, allowance: Allowance) -> Files:
    """Return the file itself, or the content of a compressed one. Raises InvalidRequest."""
    try:
        return list(_unpacked(name, content, allowance, _NESTED))
    except ArchiveError as error:
        raise refused(f"the archive {name} {error}; export it again, or send one of its files") from error


def _unpacked(name: str, content: bytes, allowance: Allowance, deeper: int) -> Iterator[tuple[str, bytes]]:
    if content.startswith(_GZIP) and deeper:
        yield from _unpacked(name.removesuffix(".gz"), _inflated(name, content, allowance), allowance, deeper - 1)
    elif not content.startswith(ZIP):
        yield name, content
    elif is_workbook(io.BytesIO(content)):
        raise refused(f"{name} is a workbook: save its sheet as CSV (UTF-8), and send that")
    elif deeper:
        for member in members(io.BytesIO(content), allowance, lambda path: _is_table(path) or _is_packed(path)):
            data = b"".join(member.blocks)
            if _is_packed(member.name):
                yield from _unpacked(member.name, data, allowance, deeper - 1)
            else:
                yield member.name, data


def _inflated(name: str, content: bytes, allowance: Allowance) -> bytes:
    try:
        with gzip.open(io.BytesIO(content)) as packed:
            return b"".join(allowance.blocks(packed, len(content), name))
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveError(f"cannot be read ({error})") from error


def _file_of_form(content: bytes) -> tuple[str, bytes] | None:
    """Return name and content of the first file of a form sent by `curl -F` or a browser; None for other content."""
    form = _FORM.match(content)
    if form is None:
        return None
    end = content.find(b"\r\n--" + form[1], form.end())
    return form[2].decode("utf-8", "replace"), content[form.end() : end if end >= 0 else None]


def files_in(folder: Path) -> Files:
    """Return names and contents of an unpacked export's tables. Raises InvalidRequest if it is too large, OSError."""
    left, files, allowance = MAX_UNPACKED, Files(), Allowance(MAX_ENTRIES, MAX_UNPACKED)
    for count, path in enumerate(folder.rglob("*"), 1):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and counts(name) and (_is_table(name) or _is_packed(name)):
            left -= path.stat().st_size
            files += _plain(name, path.read_bytes(), allowance) if left >= 0 else []
        if count > MAX_ENTRIES or left < 0:
            raise refused(f"{folder} is larger than an export can be; give the folder of the export itself")
    return sorted(files)


def refused(why: str) -> InvalidRequest:
    """Return the error for an unreadable export."""
    return InvalidRequest(why, "/file")


def _is_table(name: str) -> bool:
    return name.lower().endswith(EXTENSIONS)


def _is_packed(name: str) -> bool:
    return name.lower().endswith(_PACKED)
