"""MovieLens ml-latest-small from GroupLens, checked against their published MD5 and kept under ``MARQUEE_HOME``.

Licence of the data: https://files.grouplens.org/datasets/movielens/ml-latest-small-README.html
"""

import hashlib
import re
import shutil
import tempfile
import urllib.error
import urllib.request
import zipfile
from http.client import HTTPException
from pathlib import Path, PurePosixPath

from data_jobs.report import Progress
from services.recommender.errors import Unavailable

BASE_URL = "https://files.grouplens.org/datasets/movielens"
NAME = "ml-latest-small"
FILES = ("movies.csv", "ratings.csv", "links.csv", "tags.csv", "README.txt")
TIMEOUT_S = 8.0
# The archive has 1 MB; a far larger answer is not the archive.
MAX_BYTES = 64 * 2**20
_BLOCK = 64 * 2**10


class DownloadFailed(Unavailable):
    """The server did not answer, or sent something that is not the archive. Nothing is kept."""


def download_movielens(folder: Path, progress: Progress, base_url: str = BASE_URL) -> Path:
    """The folder of CSV files below ``folder``, downloaded unless it is there. Raises DownloadFailed."""
    target = folder / NAME
    if all((target / name).is_file() for name in FILES):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{NAME}-", dir=folder) as scratch:
        archive = Path(scratch) / "archive.zip"
        expected = _checksum(f"{base_url}/{NAME}.zip.md5")
        _fetch(f"{base_url}/{NAME}.zip", archive, progress)
        _check(archive, expected)
        unpacked = Path(scratch) / NAME
        _unpack(archive, unpacked)
        if target.exists():
            shutil.rmtree(target)
        unpacked.rename(target)
    return target


def _open(url: str) -> "urllib.request._UrlopenRet":
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise DownloadFailed(f"{url}: only https addresses are downloaded")
    request = urllib.request.Request(url, headers={"User-Agent": "marquee"})  # noqa: S310 - scheme checked above
    return urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310 - scheme checked above


def _checksum(url: str) -> str:
    """The published MD5: 32 hexadecimal digits somewhere in a short text."""
    try:
        with _open(url) as answer:
            text = answer.read(4_096).decode("ascii", "replace")
    except (OSError, HTTPException) as error:
        raise DownloadFailed(f"{url} does not answer ({_reason(error)})") from error
    found = re.search(r"\b[0-9a-fA-F]{32}\b", text)
    if not found:
        raise DownloadFailed(f"{url} holds no MD5 checksum")
    return found.group().lower()


def _fetch(url: str, path: Path, progress: Progress) -> None:
    try:
        with _open(url) as answer, path.open("wb") as file:
            total = int(answer.headers.get("Content-Length") or 0)
            done = 0
            while block := answer.read(_BLOCK):
                done += len(block)
                if done > MAX_BYTES:
                    raise DownloadFailed(f"{url} sends more than {MAX_BYTES:,} bytes; that is not {NAME}.zip")
                file.write(block)
                progress.advance("downloading MovieLens", done, total or None)
    except (OSError, HTTPException) as error:
        raise DownloadFailed(f"{url} broke off ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    return str(error.reason if isinstance(error, urllib.error.URLError) else error) or type(error).__name__


def _check(archive: Path, expected: str) -> None:
    # MD5 because that is what GroupLens publishes; it guards against damage, TLS against forgery.
    found = hashlib.md5(archive.read_bytes(), usedforsecurity=False).hexdigest()
    if found != expected:
        raise DownloadFailed(f"{NAME}.zip has MD5 {found}, expected {expected}: the download is damaged, try again")


def _unpack(archive: Path, folder: Path) -> None:
    """Write the known files and nothing else, so that no name in the archive can reach outside."""
    folder.mkdir()
    try:
        with zipfile.ZipFile(archive) as bundle:
            members = {PurePosixPath(info.filename).name: info for info in bundle.infolist() if not info.is_dir()}
            for name in FILES:
                with bundle.open(members[name]) as source, (folder / name).open("wb") as file:
                    shutil.copyfileobj(source, file)
    except KeyError as error:
        raise DownloadFailed(f"{NAME}.zip holds no {error.args[0]}") from error
    except (zipfile.BadZipFile, EOFError) as error:
        raise DownloadFailed(f"{NAME}.zip cannot be unpacked ({error})") from error
