"""Copy raw data and features to and from the bucket: ``raw/movielens/``, ``raw/tmdb/`` and ``features/``."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from services.adapters.bundle.reader import file_sha256
from services.adapters.bundle.s3.objects import Objects
from services.adapters.bundle.s3.transfer import Upload, upload
from services.adapters.progress import OnProgress

MOVIELENS, TMDB, FEATURES = "raw/movielens/", "raw/tmdb/", "features/"
# File names as used by MovieLens, TMDB and Marquee; nothing that leads out of a folder.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_RAW = ("*.csv", "*.dat", "u.*")


def push(objects: Objects, movielens: Path | None, tmdb: Path | None, on_progress: OnProgress) -> int:
    """Upload the files of a MovieLens folder and a TMDB file that the bucket lacks, and return how many. Other files in
    the bucket are removed: two data sets must not mix. Raises BucketUnavailable.
    """
    files = {
        **{f"{MOVIELENS}{file.name}": file for file in _raw_files(movielens)},
        **({f"{TMDB}{tmdb.name}": tmdb} if tmdb else {}),
    }
    missing = [Upload(path, file, file_sha256(file)) for path, file in files.items()]
    missing = [item for item in missing if objects.sha256(item.path) != item.sha256]
    upload(objects, missing, on_progress)
    folders = [folder for folder, source in ((MOVIELENS, movielens), (TMDB, tmdb)) if source is not None]
    surplus = [path for folder in folders for path in objects.list(folder) if path not in files]
    if surplus:
        objects.delete(sorted(surplus))
    return len(missing)


def pull(objects: Objects, home: Path, on_progress: OnProgress) -> list[Path]:
    """Download raw data and features to ``home/raw`` and ``home/features``, and return the downloaded files. Identical
    files stay, and files no longer in the bucket are removed. Raises BucketUnavailable, OSError.
    """
    fetched: list[Path] = []
    listed = {path: size for folder in (MOVIELENS, TMDB, FEATURES) for path, size in _listed(objects, folder)}
    for done, path in enumerate(sorted(listed), 1):
        file = home / path
        if not _is_same(objects, path, file, listed[path]):
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_name(f"{file.name}.part")
            objects.download(path, part)
            part.replace(file)
            fetched.append(file)
        on_progress(done, len(listed))
    for folder in (MOVIELENS, TMDB):
        for file in _files(home / folder):
            if f"{folder}{file.name}" not in listed:
                file.unlink()
    return fetched


def raw_in(raw: Path) -> tuple[Path | None, Path | None]:
    """Return the MovieLens folder and the TMDB file of a folder laid out like ``raw/``, None for a missing one."""
    movielens = raw / "movielens"
    tmdb = sorted(file for file in _files(raw / "tmdb") if file.name.endswith((".jsonl", ".jsonl.gz")))
    return (movielens if _files(movielens) else None), (tmdb[0] if tmdb else None)


def _raw_files(movielens: Path | None) -> list[Path]:
    return [] if movielens is None else sorted({file for pattern in _RAW for file in movielens.glob(pattern)})


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.is_file()] if folder.is_dir() else []


def _listed(objects: Objects, folder: str) -> Iterator[tuple[str, int]]:
    sizes: Iterable[tuple[str, int]] = ((path, listed.size) for path, listed in objects.list(folder).items())
    return ((path, size) for path, size in sizes if _NAME.fullmatch(path.removeprefix(folder)))


def _is_same(objects: Objects, path: str, file: Path, size: int) -> bool:
    """Return whether the file has the object's bytes, by the SHA-256 that S3 stores with an upload."""
    if not file.is_file() or file.stat().st_size != size:
        return False
    return bool(objects.sha256(path) == file_sha256(file))
