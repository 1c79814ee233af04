"""Files of an export: a single one, or those inside a zip, read in memory with enforced size limits."""

import io
from typing import TYPE_CHECKING

from services.recommender.errors import InvalidRequest

if TYPE_CHECKING:
    from zipfile import ZipFile

MAX_BYTES = 10 << 20
MAX_UNPACKED = 64 << 20
MAX_ENTRIES = 2_000
_ZIP = b"PK\x03\x04"
READ = (".csv", ".tsv", ".txt", ".json")


def files_of(name: str, content: bytes) -> list[tuple[str, bytes]]:
    """Return names and contents of the tables in an export. Raises InvalidRequest if too large or unreadable."""
    if len(content) > MAX_BYTES:
        raise refused(f"the export has {len(content):,} bytes; the maximum is {MAX_BYTES:,}")
    if not content.startswith(_ZIP):
        return [(name, content)]
    import zipfile  # imported here, as few requests need it
    import zlib

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _inside(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise refused(f"the zip cannot be read ({error}); export it again, or send one of its files") from error


def refused(why: str) -> InvalidRequest:
    """Return the error for an unreadable export."""
    return InvalidRequest(why, "/file")


def _inside(archive: "ZipFile") -> list[tuple[str, bytes]]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise refused(f"the zip has {len(entries):,} entries; the maximum is {MAX_ENTRIES:,}")
    left, found = MAX_UNPACKED, []
    for entry in entries:
        # The name is only compared, never used as a path.
        name = entry.filename.replace("\\", "/")
        if entry.is_dir() or not name.lower().endswith(READ) or name.startswith("__MACOSX/"):
            continue
        if entry.flag_bits & 1:
            raise refused(f"{name} in the zip is encrypted; unpack it and send the file alone")
        with archive.open(entry) as file:
            data = file.read(left + 1)
        left -= len(data)
        if left < 0:
            raise refused(f"the zip unpacks to more than {MAX_UNPACKED:,} bytes; send its files one by one")
        found.append((name, data))
    return found
