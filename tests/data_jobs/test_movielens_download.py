"""The download against a web server on the loopback interface."""

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from data_jobs import download
from data_jobs.download import DownloadFailed
from data_jobs.movielens_download import DATA_SETS, NAME, download_movielens, find_movielens
from data_jobs.report import Silent
from tests.patience import PATIENCE_S

FILES = DATA_SETS[NAME].files


class Site:
    """A small GroupLens: ``pages`` by path, 404 for any other. It serves ranges unless ``whole``, and cuts the next
    archive off after ``cut`` bytes.
    """

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.ranges: list[str | None] = []
        self.whole = False
        self.cut: int | None = None
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append(self.path)
                body, range_header, status = site.pages.get(self.path), self.headers.get("Range"), 200
                if self.path.endswith(".zip"):
                    site.ranges.append(range_header)
                if body is not None and range_header and not site.whole:
                    start = int(range_header.removeprefix("bytes=").removesuffix("-"))
                    body, status = (body[start:], 206) if start < len(body) else (b"", 416)
                self.send_response(status if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                if site.cut is not None and self.path.endswith(".zip"):
                    body, site.cut = (body or b"")[: site.cut], None
                    self.close_connection = True
                self.wfile.write(body or b"")

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def publish(self, archive: bytes, md5: str | None = None, name: str = NAME) -> None:
        digest = md5 or hashlib.md5(archive).hexdigest()
        self.pages = {f"/{name}.zip": archive, f"/{name}.zip.md5": f"MD5 ({name}.zip) = {digest}\n".encode()}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class StepLog:
    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int | None]] = []

    def advance(self, step: str, done: int, total: int | None) -> None:
        self.steps.append((step, done, total))


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(download, "TIMEOUT_S", PATIENCE_S)
    site = Site()
    yield site
    site.close()


def archive(names: tuple[str, ...] = FILES, folder: str = NAME) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr(f"{folder}/", "")
        for name in names:
            bundle.writestr(f"{folder}/{name}", f"content of {name}")
    return buffer.getvalue()


def test_it_downloads_checks_and_unpacks(site: Site, tmp_path: Path) -> None:
    site.publish(archive())
    progress = StepLog()
    target = download_movielens(tmp_path, progress, site.url)
    assert target == tmp_path / NAME
    assert {path.name for path in target.iterdir()} == set(FILES)
    assert (target / "movies.csv").read_text() == "content of movies.csv"
    assert progress.steps[-1] == ("downloading MovieLens", len(archive()), len(archive()))


def test_a_complete_data_set_is_not_downloaded_again(site: Site, tmp_path: Path) -> None:
    site.publish(archive())
    download_movielens(tmp_path, Silent(), site.url)
    site.requests.clear()
    download_movielens(tmp_path, Silent(), site.url)
    assert site.requests == []


def test_an_incomplete_folder_is_replaced(site: Site, tmp_path: Path) -> None:
    site.publish(archive())
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "movies.csv").write_text("half")
    target = download_movielens(tmp_path, Silent(), site.url)
    assert (target / "movies.csv").read_text() == "content of movies.csv"


def test_a_damaged_archive_is_refused_and_nothing_is_kept(site: Site, tmp_path: Path) -> None:
    site.publish(archive(), md5="0" * 32)
    with pytest.raises(DownloadFailed, match=r"has MD5 .*, expected 0000.*damaged"):
        download_movielens(tmp_path, Silent(), site.url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"this is no archive", "cannot be unpacked"), (archive(FILES[1:]), "has no movies.csv")],
)
def test_an_archive_of_something_else_is_refused(site: Site, tmp_path: Path, content: bytes, message: str) -> None:
    site.publish(content)
    with pytest.raises(DownloadFailed, match=message):
        download_movielens(tmp_path, Silent(), site.url)
    assert list(tmp_path.iterdir()) == []


def test_a_member_that_points_outside_stays_inside(site: Site, tmp_path: Path) -> None:
    site.publish(archive(folder="../../outside"))
    download_movielens(tmp_path / "home", Silent(), site.url)
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_missing_page_and_a_page_without_a_checksum(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match=r"does not answer .*Not Found"):
        download_movielens(tmp_path, Silent(), site.url)
    site.pages = {f"/{NAME}.zip.md5": b"no checksum today"}
    with pytest.raises(DownloadFailed, match="has no MD5"):
        download_movielens(tmp_path, Silent(), site.url)


def test_no_server(site: Site, tmp_path: Path) -> None:
    site.close()
    with pytest.raises(DownloadFailed, match="does not answer"):
        download_movielens(tmp_path, Silent(), site.url)


def test_only_https_addresses_are_downloaded(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="only https"):
        download_movielens(tmp_path, Silent(), "file:///etc")


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("cut", [0, 1, 200])
def test_an_interrupted_download_is_resumed(site: Site, tmp_path: Path, cut: int, whole: bool) -> None:
    site.publish(archive())
    site.cut, site.whole = cut, whole
    with pytest.raises(DownloadFailed, match=r"was interrupted.*run it again to resume"):
        download_movielens(tmp_path, Silent(), site.url)
    assert [path.name for path in tmp_path.iterdir()] == [f"{NAME}.zip.part"]
    target = download_movielens(tmp_path, Silent(), site.url)
    assert (target / "movies.csv").read_text() == "content of movies.csv"
    assert site.ranges == [None, f"bytes={cut}-" if cut else None]
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_the_part_of_another_archive_is_not_resumed(site: Site, tmp_path: Path) -> None:
    site.publish(archive())
    part = tmp_path / f"{NAME}.zip.part"
    part.write_bytes(b"x" * 10)
    with pytest.raises(DownloadFailed, match="damaged"):
        download_movielens(tmp_path, Silent(), site.url)
    part.write_bytes(b"x" * 100_000)
    assert (download_movielens(tmp_path, Silent(), site.url) / "movies.csv").is_file()


def test_a_download_beyond_its_limit_is_not_kept(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.publish(archive())
    monkeypatch.setitem(DATA_SETS, NAME, replace(DATA_SETS[NAME], largest=100))  # type: ignore[arg-type]
    with pytest.raises(DownloadFailed, match="more than 100 bytes"):
        download_movielens(tmp_path, Silent(), site.url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", DATA_SETS)
def test_every_data_set_has_its_own_files(site: Site, tmp_path: Path, name: str) -> None:
    files = DATA_SETS[name].files
    site.publish(archive((*files, "else.txt"), name), name=name)
    target = download_movielens(tmp_path, Silent(), site.url, name)
    assert target == tmp_path / name
    assert {path.name for path in target.iterdir()} == set(files)
    assert find_movielens(tmp_path, name) == target
    assert "commercial" in DATA_SETS[name].terms
    assert name in DATA_SETS[name].terms
