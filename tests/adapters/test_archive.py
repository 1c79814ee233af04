"""Zip archives are read under limits, independent of what their headers declare."""

import io
import zipfile
from pathlib import Path

import pytest

from services.adapters.archive import Allowance, ArchiveError, counts, is_workbook, members


def zipped(files: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer


def read(content: io.BytesIO, allowance: Allowance | None = None) -> dict[str, bytes]:
    return {member.name: b"".join(member.blocks) for member in members(content, allowance or Allowance(10, 1 << 30))}


def test_members_keep_their_order_and_folders_are_left_out() -> None:
    assert list(read(zipped({"b.csv": b"1", "a/": b"", "a/a.csv": b"2"}))) == ["b.csv", "a/a.csv"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ratings.csv", True), ("a/b.csv", True), ("./a.csv", True), ("../a.csv", True), ("a\\b.csv", True),
        (".DS_Store", False), ("__MACOSX/._a.csv", False), ("a/__MACOSX/a.csv", False), (".git/a.csv", False),
        ("~$films.xlsx", False), ("a\\Thumbs.db", False), ("desktop.ini", False), ("thumbs.db.csv", True),
    ],
)  # fmt: skip
def test_names_that_are_read(name: str, expected: bool) -> None:
    assert counts(name) is expected


def test_several_archives_share_an_allowance() -> None:
    allowance = Allowance(3, 25)
    assert read(zipped({"a": b"x" * 10}), allowance) == {"a": b"x" * 10}
    assert read(zipped({"b": b"x" * 15}), allowance)
    with pytest.raises(ArchiveError, match="more than 25 bytes"):
        read(zipped({"c": b"x"}), allowance)
    with pytest.raises(ArchiveError, match="more than 3 files"):
        read(zipped({"d": b""}), allowance)


def test_a_file_with_an_extreme_compression_ratio_is_refused() -> None:
    with pytest.raises(ArchiveError, match=r"more than 200 times its size \(a.csv"):
        read(zipped({"a.csv": bytes(80 << 20)}))


def test_a_damaged_member_is_refused() -> None:
    archive = zipped({"a.csv": bytes(range(256)) * 100}, zipfile.ZIP_STORED)
    content = bytearray(archive.getvalue())
    content[2_000] ^= 1
    with pytest.raises(ArchiveError, match=r"cannot be read .*CRC"):
        read(io.BytesIO(bytes(content)))
    with pytest.raises(ArchiveError, match="cannot be read"):
        read(io.BytesIO(b"PK\x03\x04 no more"))


def test_an_encrypted_member_is_refused() -> None:
    content = bytearray(zipped({"a.csv": b"secret"}, zipfile.ZIP_STORED).getvalue())
    for at in (content.find(b"PK\x03\x04") + 6, content.find(b"PK\x01\x02") + 8):
        content[at] |= 1
    with pytest.raises(ArchiveError, match=r"is encrypted \(a.csv\)"):
        read(io.BytesIO(bytes(content)))


def test_workbooks(tmp_path: Path) -> None:
    for name, inside, expected in (
        ("a.xlsx", "xl/workbook.xml", True),
        ("a.ods", "content.xml", True),
        ("a.zip", "a", False),
    ):
        path = tmp_path / name
        path.write_bytes(zipped({inside: b""}).getvalue())
        assert is_workbook(path) is expected


def test_a_member_without_a_name_is_refused() -> None:
    raw = bytearray(zipped({"a.csv": b"1"}).getvalue())
    entry = raw.find(b"PK\x01\x02")
    raw[entry + 28], raw[entry + 32] = 0, len("a.csv")  # the name becomes a comment
    with pytest.raises(ArchiveError, match="cannot be read"):
        read(io.BytesIO(bytes(raw)))
