"""Download MovieLens data sets from GroupLens by name, verify their published MD5 and keep them under ``MARQUEE_HOME``.

The licence of a data set is its README, which is unpacked with it; a summary is shown before a download.
"""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data_jobs.download import Download, DownloadFailed, checksum_at, fetch
from data_jobs.forms.opening import MAX_FILES, MAX_UNPACKED
from data_jobs.report import Progress
from services.adapters.archive import Allowance, ArchiveError, members

BASE_URL = "https://files.grouplens.org/datasets/movielens"
NAME = "ml-latest-small"
_CSV = ("movies.csv", "ratings.csv", "links.csv", "tags.csv", "README.txt")
CITE = (
    "F. M. Harper and J. A. Konstan, The MovieLens Datasets: History and Context, ACM Transactions on Interactive "
    "Intelligent Systems 5(4), 2015"
)
TERMS = (
    "Use as you like for research and to try things out; no commercial use without GroupLens' permission; "
    f"redistribution, if at all, under the same conditions; acknowledge it: {CITE}."
)


@dataclass(frozen=True, slots=True)
class DataSet:
    """A MovieLens data set. ``files``: those to unpack. ``largest``: size limit of the archive in bytes."""

    name: str
    files: tuple[str, ...]
    largest: int
    redistributable: bool = True

    @property
    def terms(self) -> str:
        """Return the terms to agree to before the download."""
        extra = "" if self.redistributable else " This one may not be redistributed."
        return f"MovieLens {self.name}, by GroupLens, University of Minnesota. {TERMS}{extra}"


DATA_SETS: Mapping[str, DataSet] = {
    data_set.name: data_set
    for data_set in (
        DataSet(NAME, _CSV, 64 << 20),
        DataSet("ml-32m", _CSV, 1 << 30),
        DataSet("ml-25m", _CSV, 1 << 30),
        DataSet("ml-1m", ("movies.dat", "ratings.dat", "users.dat", "README"), 64 << 20, redistributable=False),
        DataSet("ml-100k", ("u.data", "u.item", "u.genre", "u.user", "README"), 64 << 20, redistributable=False),
    )
}


def find_movielens(folder: Path, name: str = NAME) -> Path | None:
    """Return the folder of a completely downloaded data set; None if there is none."""
    target = folder / name
    return target if all((target / file).is_file() for file in DATA_SETS[name].files) else None


def download_movielens(folder: Path, progress: Progress, base_url: str = BASE_URL, name: str = NAME) -> Path:
    """Return the folder of a data set below ``folder``, downloading it if needed; a partial download is resumed. Raises
    DownloadFailed.
    """
    if (existing := find_movielens(folder, name)) is not None:
        return existing
    data_set, target = DATA_SETS[name], folder / name
    folder.mkdir(parents=True, exist_ok=True)
    url = f"{base_url}/{name}.zip"
    part = folder / f"{name}.zip.part"
    md5 = checksum_at(f"{url}.md5")
    fetch(Download(url, part, data_set.largest, "downloading MovieLens", md5), progress)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder) as scratch:
        unpacked = Path(scratch) / name
        try:
            _unpack(part, unpacked, data_set)
        except DownloadFailed:
            part.unlink()
            raise
        if target.exists():
            shutil.rmtree(target)
        unpacked.rename(target)
    part.unlink()
    return target


def _unpack(archive: Path, folder: Path, data_set: DataSet) -> None:
    """Write the known files and nothing else, so that no name in the archive can lead outside."""
    folder.mkdir()
    missing = set(data_set.files)
    try:
        for member in members(archive, Allowance(MAX_FILES, MAX_UNPACKED)):
            if member.base in missing:
                missing.remove(member.base)
                with (folder / member.base).open("wb") as file:
                    file.writelines(member.blocks)
    except ArchiveError as error:
        raise DownloadFailed(f"{data_set.name}.zip cannot be unpacked: it {error}") from error
    if missing:
        raise DownloadFailed(f"{data_set.name}.zip has no {min(missing)}")
