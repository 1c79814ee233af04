"""Files of an export: a single one, those inside a zip, or those of a folder, read in memory within limits."""

import io
import re
from pathlib import Path

from services.adapters.archive import ZIP, Allowance, ArchiveError, counts, members
from services.recommender.errors import InvalidRequest

MAX_BYTES = 10 << 20
MAX_UNPACKED = 64 << 20
MAX_ENTRIES = 2_000
READ = (".csv", ".tsv", ".txt", ".json")

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
        raise refused(f"the export has {len(content):,} bytes; the maximum is {MAX_BYTES:,}")
    name, content = _file_of_form(content) or (name, content)
    if not content.startswith(ZIP):
        return [(name, content)]
    try:
        found = members(io.BytesIO(content), Allowance(MAX_ENTRIES, MAX_UNPACKED), _is_table)
        return [(member.name, b"".join(member.blocks)) for member in found]
    except ArchiveError as error:
        raise refused(f"the zip {error}; export it again, or send one of its files") from error


def _file_of_form(content: bytes) -> tuple[str, bytes] | None:
    """Return name and content of the first file of a form, as `curl -F` and browsers send it; None if it is no form."""
    form = _FORM.match(content)
    if form is None:
        return None
    end = content.find(b"\r\n--" + form[1], form.end())
    return form[2].decode("utf-8", "replace"), content[form.end() : end if end >= 0 else None]


def files_in(folder: Path) -> Files:
    """Return the same of an unpacked export. Raises InvalidRequest if the folder is too large, OSError."""
    left, found = MAX_UNPACKED, Files()
    for seen, path in enumerate(folder.rglob("*"), 1):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and counts(name) and _is_table(name):
            left -= path.stat().st_size
            found.append((name, path.read_bytes() if left >= 0 else b""))
        if seen > MAX_ENTRIES or left < 0:
            raise refused(f"{folder} is larger than an export can be; give the folder of the export itself")
    return sorted(found)


def refused(why: str) -> InvalidRequest:
    """Return the error for an unreadable export."""
    return InvalidRequest(why, "/file")


def _is_table(name: str) -> bool:
    return name.lower().endswith(READ)
