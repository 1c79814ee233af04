"""Opening a bundle: memory-mapped, checked against its manifest, rejected with a clear error on any mismatch."""

import hashlib
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from services.adapters.bundle.bounds import check_bounds
from services.adapters.bundle.layout import (
    COLUMNS,
    REBUILD,
    TEXT_INDEX,
    catalogue_of,
    collaborative_of,
    embeddings_of,
    factors_of,
    lengths,
    nearest_of,
    towers_of,
)
from services.adapters.bundle.manifest import FileEntry, Manifest
from services.adapters.bundle.npy import drop_pages, map_array
from services.adapters.search.analyser import ANALYSER
from services.recommender.domain.bundle import Bundle
from services.recommender.errors import BundleDamaged


def open_bundle(path: Path, verify: bool = False) -> Bundle:
    """Open the bundle in a folder; its arrays are mapped, so opening 140 MB takes milliseconds.

    Always checked: manifest, file sizes, consistent dtypes and shapes, and that offsets, rows and codes of films and
    traits are in range. With ``verify`` every byte's SHA-256 and the tables' indexes are checked, too. Raises
    BundleMissing, and BundleDamaged naming the file, what was found and what was expected.
    """
    manifest = Manifest.load(path)
    if manifest.analyser != ANALYSER:
        raise BundleDamaged(
            f"{path}: its text index was made with {manifest.analyser!r}, expected {ANALYSER!r}", REBUILD
        )
    check_files(path, manifest, verify)
    arrays = _arrays(path, manifest)
    counts = lengths(arrays, manifest.encoder_id is not None)
    if counts != dict(manifest.counts):
        raise BundleDamaged(f"{path}: the manifest counts {dict(manifest.counts)}, but the arrays {counts}")
    check_bounds(arrays, counts, len(manifest.languages), everything=verify)
    if verify:
        for array in arrays.values():
            drop_pages(array)
    return Bundle(
        version=manifest.content_version(),
        model_version=manifest.model_version,
        catalogue=catalogue_of(arrays, manifest.languages),
        collaborative=collaborative_of(arrays),
        popularity=arrays["popularity"],
        acclaim=arrays["acclaim"],
        embeddings=embeddings_of(arrays, manifest.encoder_id),
        weights=manifest.weights,
        figures=manifest.figures,
        created_at=manifest.created_at,
        sources=manifest.sources,
        svd=factors_of(arrays),
        latent=arrays.get("latent"),
        towers=towers_of(arrays),
        nearest=nearest_of(arrays),
    )


def text_index_of(path: Path) -> Path:
    """Return the folder of the embedded text index inside a bundle."""
    return path / TEXT_INDEX


def check_files(path: Path, manifest: Manifest, verify: bool) -> None:
    """Compare every file's size with the manifest, with ``verify`` also its SHA-256. Raises BundleDamaged."""
    if not any(name.startswith(f"{TEXT_INDEX}/") for name in manifest.files):
        raise BundleDamaged(f"{path / TEXT_INDEX}: the manifest lists no file of it, expected a text index")
    for name, entry in manifest.files.items():
        _check_file(path / name, entry, verify)


def _check_file(path: Path, entry: FileEntry, verify: bool) -> None:
    try:
        size = path.stat().st_size
        if size != entry.size:
            raise BundleDamaged(f"{path}: found {size} bytes, expected {entry.size}")
        if verify and (sha256 := file_sha256(path)) != entry.sha256:
            raise BundleDamaged(f"{path}: SHA-256 is {sha256}, expected {entry.sha256}")
    except OSError as error:
        raise BundleDamaged(f"{path}: {error.strerror or error}, expected {entry.size} bytes") from error


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _arrays(path: Path, manifest: Manifest) -> dict[str, NDArray[Any]]:
    files = {name: entry for name, entry in manifest.files.items() if entry.shape is not None}
    unknown = sorted(set(files) - {f"{name}.npy" for name in COLUMNS})
    if unknown:
        raise BundleDamaged(f"{path / unknown[0]}: not an array of this format")
    return {name.removesuffix(".npy"): map_array(path / name, entry) for name, entry in files.items()}
