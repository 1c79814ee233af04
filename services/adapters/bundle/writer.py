"""Writing a bundle atomically under the hash of its content."""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from services.adapters.bundle.layout import MANIFEST, TEXT_INDEX, arrays_of, lengths
from services.adapters.bundle.manifest import FileEntry, Manifest, seal
from services.adapters.bundle.npy import write_array
from services.adapters.bundle.reader import file_sha256
from services.adapters.bundle.staging import settle, staged
from services.adapters.search.analyser import ANALYSER
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.catalogue import Catalogue
from services.recommender.errors import BundleDamaged, BundleError, BundleMissing


def write_bundle(bundle: Bundle, text_index_dir: Path, root: Path, extra: Mapping[str, Any] | None = None) -> Path:
    """Write a bundle to ``root/<version>`` and return that folder; ``version`` and ``created_at`` are set here.

    ``text_index_dir`` is copied; ``extra`` is free JSON for the manifest (parameters, hashes of the input). An intact
    bundle of the same version is kept, a damaged one replaced. Raises BundleError for films with colliding id hashes,
    BundleDamaged for inconsistent arrays, BundleMissing without a text index.
    """
    _check_hashes(bundle.catalogue)
    if not text_index_dir.is_dir():
        raise BundleMissing(f"{text_index_dir}: no text index there; write it before the bundle")
    with staged(root) as folder:
        files = _write_arrays(bundle, folder) | _copy_index(text_index_dir, folder)
        manifest = _manifest(bundle, files, extra or {})
        (folder / MANIFEST).write_bytes(seal(manifest.to_json()))
        return settle(folder, root / manifest.content_version())


def _manifest(bundle: Bundle, files: dict[str, FileEntry], extra: Mapping[str, Any]) -> Manifest:
    with_embeddings = bundle.embeddings is not None
    return Manifest(
        model_version=bundle.model_version,
        encoder_id=bundle.embeddings.encoder_id if bundle.embeddings else None,
        analyser=ANALYSER,
        languages=bundle.catalogue.languages,
        weights=bundle.weights,
        files=files,
        counts=lengths(arrays_of(bundle), with_embeddings),
        figures=bundle.figures,
        sources=bundle.sources,
        extra=extra,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _write_arrays(bundle: Bundle, folder: Path) -> dict[str, FileEntry]:
    arrays = arrays_of(bundle)
    lengths(arrays, bundle.embeddings is not None)
    files = {}
    for name, array in arrays.items():
        path = folder / f"{name}.npy"
        write_array(path, array)
        files[path.name] = FileEntry(path.stat().st_size, file_sha256(path), array.dtype.str, array.shape)
    return files


def _copy_index(source: Path, folder: Path) -> dict[str, FileEntry]:
    target = folder / TEXT_INDEX
    target.mkdir()
    files = {}
    for path in sorted(source.iterdir()):
        if path.name.endswith(".lock"):
            continue
        copy = target / path.name
        shutil.copyfile(path, copy)
        # The engine writes some files readable only by their owner; in an image another user serves them.
        copy.chmod(0o644)
        files[f"{TEXT_INDEX}/{path.name}"] = FileEntry(copy.stat().st_size, file_sha256(copy))
    return files


def _check_hashes(catalogue: Catalogue) -> None:
    """Check that no two films share a 40-bit hash: a person's history could not distinguish them."""
    collisions = np.flatnonzero(catalogue.hashes[1:] == catalogue.hashes[:-1])
    if len(collisions):
        first, second = (catalogue.item_ids[int(catalogue.hash_rows[collisions[0] + step])] for step in (0, 1))
        raise BundleError(f"films {first!r} and {second!r} have the same 40-bit hash; give one of them another item_id")
    if np.any(catalogue.hashes[1:] < catalogue.hashes[:-1]):
        raise BundleDamaged("catalogue.hashes: not sorted, expected ascending hashes")
