"""The files of an export: one, or those inside a zip. Nothing is unpacked to disk, and no size is taken on trust."""

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
    """Names and contents of the tables in an export. Raises InvalidRequest for what is too large or can't be read."""
    if len(content) > MAX_BYTES:
        raise refused(f"the export has {len(content):,} bytes; at most {MAX_BYTES:,} are read")
    if not content.startswith(_ZIP):
        return [(name, content)]
    import zipfile  # few requests need it, and every cold start would pay for it
    import zlib

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _inside(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise refused(f"the zip can't be read ({error}); export it again, or send a file of it by itself") from error


def refused(why: str) -> InvalidRequest:
    """The error for an export that can't be read."""
    return InvalidRequest(why, "/file")


def _inside(archive: "ZipFile") -> list[tuple[str, bytes]]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise refused(f"the zip has {len(entries):,} entries; at most {MAX_ENTRIES:,} are read")
    left, found = MAX_UNPACKED, []
    for entry in entries:
        # A name is only ever compared; where it points to does not matter.
        name = entry.filename.replace("\\", "/")
        if entry.is_dir() or not name.lower().endswith(READ) or name.startswith("__MACOSX/"):
            continue
        if entry.flag_bits & 1:
            raise refused(f"{name} in the zip is encrypted; unpack it and send the file by itself")
        with archive.open(entry) as file:
            data = file.read(left + 1)
        left -= len(data)
        if left < 0:
            raise refused(f"the zip unpacks to more than {MAX_UNPACKED:,} bytes; send its files one by one")
        found.append((name, data))
    return found
