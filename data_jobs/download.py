"""Download files: verified, resumable, and limited in size."""

import hashlib
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from data_jobs.report import Progress
from services.recommender.errors import Unavailable

if TYPE_CHECKING:
    from urllib.request import _UrlopenRet

TIMEOUT_S = 8.0
_BLOCK = 64 * 2**10
_PARTIAL_CONTENT, _RANGE_NOT_SATISFIABLE = 206, 416


class DownloadFailed(Unavailable):
    """The server did not respond, or sent something other than what was requested."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file to download. ``file``: where it is written, partial until complete. ``largest``: size limit in bytes.
    ``step``: its name in progress reports. ``md5``: in hex.
    """

    url: str
    file: Path
    largest: int
    step: str
    md5: str


def open_url(url: str, headers: dict[str, str] | None = None) -> "_UrlopenRet":
    """Open a response, to be read and closed. Raises DownloadFailed for a scheme other than https, OSError,
    HTTPException.
    """
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise DownloadFailed(f"{url}: only https addresses are downloaded")
    request = urllib.request.Request(url, headers={"User-Agent": "marquee", **(headers or {})})  # noqa: S310 - checked
    return urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310 - scheme checked above


def checksum_at(url: str) -> str:
    """Return the published MD5: 32 hexadecimal digits anywhere in a short text. Raises DownloadFailed."""
    try:
        with open_url(url) as response:
            text = response.read(4_096).decode("ascii", "replace")
    except (OSError, HTTPException) as error:
        raise DownloadFailed(f"{url} does not answer ({reason_of(error)})") from error
    md5 = re.search(r"\b[0-9a-fA-F]{32}\b", text)
    if not md5:
        raise DownloadFailed(f"{url} has no MD5 checksum")
    return md5.group().lower()


def fetch(download: Download, progress: Progress) -> None:
    """Download the file, resuming where it stopped. A file with the wrong checksum is removed, so that the next try
    starts over; a partial one stays. Raises DownloadFailed.
    """
    file = download.file
    if file.is_file() and _md5(file) == download.md5:
        return
    try:
        _receive(download, progress)
    except (OSError, HTTPException) as error:
        raise DownloadFailed(f"{download.url} was interrupted ({reason_of(error)}); run it again to resume") from error
    md5 = _md5(file)
    if md5 != download.md5:
        file.unlink()
        raise DownloadFailed(
            f"{download.url} has MD5 {md5}, expected {download.md5}: the download is damaged; try again"
        )


def _receive(download: Download, progress: Progress) -> None:
    file = download.file
    offset = file.stat().st_size if file.is_file() else 0
    try:
        response = open_url(download.url, {"Range": f"bytes={offset}-"} if offset else None)
    except urllib.error.HTTPError as error:
        if not offset or error.code != _RANGE_NOT_SATISFIABLE:
            raise
        # The file on the server is shorter than the partial one: a different file.
        file.unlink()
        offset, response = 0, open_url(download.url)
    with response:
        # A server without range support sends the whole file.
        if offset and response.status != _PARTIAL_CONTENT:
            offset = 0
        length = int(response.headers.get("Content-Length") or 0)
        total = offset + length if length else None
        with file.open("ab" if offset else "wb") as sink:
            done = offset
            while block := response.read(_BLOCK):
                done += len(block)
                if done > download.largest:
                    break
                sink.write(block)
                progress.advance(download.step, done, total)
    if done > download.largest:
        file.unlink()
        raise DownloadFailed(f"{download.url} sends more than {download.largest:,} bytes; that is not this file")
    if total is not None and done < total:
        raise OSError(f"{done:,} of {total:,} bytes received")


def reason_of(error: Exception) -> str:
    """Return the message of a network error."""
    return str(error.reason if isinstance(error, urllib.error.URLError) else error) or type(error).__name__


def _md5(file: Path) -> str:
    # MD5 because GroupLens publishes it; it guards against damage, TLS against tampering.
    with file.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
