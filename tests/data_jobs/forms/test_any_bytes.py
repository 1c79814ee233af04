"""Any file is read, or refused with a message; no other error is raised."""

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.report import DataError
from data_jobs.validate import Source, load
from services.adapters.history.reading import read_history
from services.recommender.errors import InvalidRequest

FILMS = [{"title": "Heat", "year": 1995}, {"title": "Alien", "year": 1979}]
VALID = (
    b'title,year,genres\nHeat,1995,Crime|Drama\nAlien,1979,"Horror, X"\n',
    b"sep=;\nTitle;Year;;\nHeat;1995;;\n",
    json.dumps({"data": {"films": FILMS}}).encode(),
    json.dumps({"title": {"0": "Heat"}, "year": {"0": 1995}}).encode(),
    json.dumps({"columns": ["title"], "data": [["Heat"], [1]]}).encode(),
    json.dumps([{"movie": {"title": "Heat", "ids": {"tmdb": 949}}, "rating": 9}]).encode(),
    b"{'asin': 'B1', 'title': \"x's\"}\n",
    b"1:\n7,4,2005-09-06\n",
    b"1::Heat (1995)::Crime\n",
    b"Heat (1995)\nAlien (1979)\n",
    b"user,title,year,rating\na,Heat,1995,4/5\n",
    b"user\titem\trating\n1\t2\t1\n1\t3\t0\n2\t3\t1\n",
    b"Date,Name,Year,Letterboxd URI,Rating\n2024-03-01,Heat,1995,https://boxd.it/1,4.5\n",
    b'Title,Date\n"Heat","12/31/20"\n',
    b"Date,Name,Year,Letterboxd URI\n2024-03-01,Heat,1995,https://boxd.it/1\n",
    b"DateCreated,UserId,ItemId,ItemType,ItemName,PlayDuration\n2020-01-01 10:00:00,u,a,Movie,Heat,3600\n",
    b"date,user,media_type,title,year,watched_status,guid\n1700000000,u,movie,Heat,1995,1,imdb://tt0113277\n",
    b"Const,Your Rating,Date Rated,Title,Title Type,Year\ntt0113277,9,2020-01-02,Heat,Movie,1995\n",
    json.dumps({"movies": [{"status": "completed", "user_rating": 9, "movie": {"title": "Heat"}}]}).encode(),
    "title,year\nAmélie,2001\n".encode("latin-1"),
)
PIECES = [b"\x00", b'"', b"'", b",", b";", b"\n", b"\r", b"{", b"}", b"[", b"]", b":", b"::", b"\xff", b"\xc3", b"null",
          b"1e999", b"-1", b"(1995)", b"\t", b"|", b"9" * 30, b"&#99999999;", b"\\", b"nan", b"tt0",
          "²".encode(), "★".encode(), b"\\ud800", b"\r\n", b"sep=;", b"%",
          b"\xef\xbb\xbf"]  # fmt: skip
EDITS = st.lists(st.tuples(st.integers(0, 120), st.integers(0, 8), st.sampled_from(PIECES)), max_size=6)
NAMES = st.sampled_from(["a.csv", "a.json", "a.jsonl", "a.dat", "a.txt", "movies.csv", "a"])


def damaged(content: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for at, removed, piece in edits:
        content = content[:at] + piece + content[at + removed :]
    return content


@given(st.sampled_from(VALID), EDITS)
def test_any_bytes_in_a_zip_are_read_or_refused_in_words(valid: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/ratings.csv", valid)
    with suppress(InvalidRequest):
        read_history("export.zip", damaged(packed.getvalue(), edits))


@pytest.mark.filterwarnings("error")
@given(st.sampled_from(VALID), EDITS, NAMES)
def test_any_bytes_are_read_or_refused_in_words(valid: bytes, edits: list[tuple[int, int, bytes]], name: str) -> None:
    content = damaged(valid, edits)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        readers: tuple[Callable[[], object], ...] = (
            lambda: load(Source(paths=(path,))),
            lambda: load(Source(paths=(path,), maps={"title": "title"}, scale=10)),
            lambda: read_history(name, content),
        )
        for reader in readers:
            with suppress(DataError, InvalidRequest):
                reader()
