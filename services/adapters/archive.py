"""Reading of zip members within limits on their number, total size and compression ratio, without junk files.

Names are compared and shown, never used as paths. Sizes declared by an archive are not trusted: bytes are counted as
they are read.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple, Protocol

from services.recommender.errors import MarqueeError

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
"""How a zip begins; the second one has no files."""
RATIO = 200
"""Text compresses about ten to one; a much larger ratio is a zip bomb."""
_FREE = 64 << 20
"""Up to this size the ratio is not checked."""
_BLOCK = 1 << 20
_ENCRYPTED = 1
_JUNK = re.compile(r"\.(?!\.?$)|__MACOSX$|~\$|(?:Thumbs\.db|desktop\.ini|Icon\r?)$", re.IGNORECASE)
_WORKBOOKS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml", "Index/Document.iwa")


class ArchiveError(MarqueeError):
    """An archive that is broken, encrypted or beyond the limits; the message is a clause about the file."""


class Readable(Protocol):
    """Source of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, none at the end."""


@dataclass(slots=True)
class Allowance:
    """Limits for unpacking: ``files``, and ``size``, the total bytes. Several archives may share one."""

    files: int
    size: int
    counted: int = field(default=0, init=False)
    unpacked: int = field(default=0, init=False)

    def count(self, files: int) -> None:
        """Count files. Raises ArchiveError beyond the limit."""
        self.counted += files
        if self.counted > self.files:
            raise ArchiveError(f"has more than {self.files:,} files")

    def blocks(self, source: Readable, packed: int, name: str) -> Iterator[bytes]:
        """Yield the bytes of a source in blocks; ``packed``: its compressed size. Raises ArchiveError beyond the
        limits.
        """
        size = 0
        while block := source.read(_BLOCK):
            size += len(block)
            self.unpacked += len(block)
            if self.unpacked > self.size:
                raise ArchiveError(f"unpacks to more than {self.size:,} bytes")
            if size > max(_FREE, packed * RATIO):
                raise ArchiveError(f"unpacks to more than {RATIO} times its size ({name}, {size:,} bytes so far)")
            yield block


class Member(NamedTuple):
    """``name``: path with "/" separators. ``blocks`` must be read before the next member."""

    name: str
    blocks: Iterator[bytes]

    @property
    def base(self) -> str:
        """Return the name without its folders."""
        return PurePosixPath(self.name).name


def counts(name: str) -> bool:
    """Return whether a path names a file of the user's: not hidden, and not left by a system or an office program."""
    return not any(_JUNK.match(part) for part in name.replace("\\", "/").split("/"))


def members(
    source: Path | IO[bytes], allowance: Allowance, accepts: Callable[[str], bool] = lambda _: True
) -> Iterator[Member]:
    """Yield the user's files of a zip whose path ``accepts`` admits, in the archive's order. Raises ArchiveError."""
    import zipfile  # imported here, as few requests need it

    with _readable(), zipfile.ZipFile(source) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        names = [info.filename.replace("\\", "/") for info in infos]
        chosen = [(info, name) for info, name in zip(infos, names, strict=True) if counts(name) and accepts(name)]
        allowance.count(len(chosen))
        for info, name in chosen:
            if info.flag_bits & _ENCRYPTED:
                raise ArchiveError(f"is encrypted ({name})")
            with archive.open(info) as file:
                yield Member(name, _checked(allowance.blocks(file, info.compress_size, name)))


def is_workbook(source: Path | IO[bytes]) -> bool:
    """Return whether a zip is a workbook of an office program. Raises ArchiveError for a broken one."""
    import zipfile

    with _readable(), zipfile.ZipFile(source) as archive:
        return not {*archive.namelist()}.isdisjoint(_WORKBOOKS)


def _checked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    with _readable():
        yield from blocks


@contextmanager
def _readable() -> Iterator[None]:
    """Turn the errors of a broken zip into ArchiveError."""
    import lzma
    import struct
    import zipfile
    import zlib

    broken = (
        zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError,
        struct.error, IndexError, OverflowError, OSError,
    )  # fmt: skip
    try:
        yield
    except broken as error:
        raise ArchiveError(f"cannot be read ({error})") from error
