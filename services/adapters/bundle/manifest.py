"""``manifest.json``: metadata of a bundle and of each of its files."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from services.adapters.bundle.layout import FORMAT, MANIFEST, REBUILD, TEXT_INDEX
from services.recommender.domain.weights import Weights
from services.recommender.errors import BundleDamaged, BundleMissing

T = TypeVar("T")

_DIGEST = "sha256"
_SEAL = re.compile(rb'\{\n "sha256": "([0-9a-f]{64})",')


def seal(document: Mapping[str, Any]) -> bytes:
    """Encode a manifest, starting with the SHA-256 of the rest, as no other file has its checksum."""
    content = {key: value for key, value in document.items() if key != _DIGEST}
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    rest = text.removeprefix("{").encode()
    return f'{{\n "{_DIGEST}": "{hashlib.sha256(rest).hexdigest()}",'.encode() + rest


@dataclass(frozen=True, slots=True)
class FileEntry:
    """``size`` in bytes; ``dtype`` ("<f4") and ``shape`` only for arrays."""

    size: int
    sha256: str
    dtype: str | None = None
    shape: tuple[int, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the entry as in the manifest."""
        entry: dict[str, Any] = {"size": self.size, "sha256": self.sha256}
        if self.shape is not None:
            entry |= {"dtype": self.dtype, "shape": list(self.shape)}
        return entry


@dataclass(frozen=True, slots=True)
class Manifest:
    """``files`` by path inside the bundle. ``counts``: films, traits, vector dims etc. ``figures`` and ``extra`` are
    free JSON. :meth:`content_version` covers everything that determines the version. ``newer_weights``: those that
    Marquee did not have when the bundle was built; they have their defaults.
    """

    model_version: str
    encoder_id: str | None
    analyser: str
    languages: tuple[str, ...]
    weights: Weights
    files: Mapping[str, FileEntry]
    counts: Mapping[str, int] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    created_at: str = ""
    newer_weights: frozenset[str] = frozenset()

    def content_version(self) -> str:
        """Return 16 hex digits of a SHA-256 over the logical content: arrays, weights, encoder, analyser, format.

        Times, figures and the (non-deterministic) bytes of the text index are excluded.
        """
        arrays = {path: entry.to_json() for path, entry in self.files.items() if entry.shape is not None}
        content = {
            "format": FORMAT,
            "model_version": self.model_version,
            "encoder_id": self.encoder_id,
            "analyser": self.analyser,
            "languages": self.languages,
            "weights": self._stored_weights(),
            "arrays": arrays,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """Return the whole document, readable by :meth:`load` once sealed."""
        return {
            "format": FORMAT,
            "version": self.content_version(),
            "model_version": self.model_version,
            "created_at": self.created_at,
            "encoder_id": self.encoder_id,
            "analyser": self.analyser,
            "counts": dict(self.counts),
            "languages": list(self.languages),
            "weights": self._stored_weights(),
            "figures": dict(self.figures),
            "sources": list(self.sources),
            "extra": dict(self.extra),
            "files": {path: self.files[path].to_json() for path in sorted(self.files)},
        }

    def _stored_weights(self) -> dict[str, Any]:
        return {name: value for name, value in self.weights.to_json().items() if name not in self.newer_weights}

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the manifest of a bundle folder.

        Raises BundleMissing if there is no such folder, BundleDamaged if the manifest is missing, unreadable, of
        another format, incomplete, or modified by even one bit since it was written.
        """
        content = _read(folder)
        document = _document(folder / MANIFEST, content)
        version = document.get("format")
        if version != FORMAT:
            raise BundleDamaged(
                f"{folder / MANIFEST}: format is {version!r}, expected {FORMAT}", "rebuild the bundle with this version"
            )
        _check_seal(folder / MANIFEST, content)
        try:
            manifest = cls._parse(document)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BundleDamaged(f"{folder / MANIFEST}: {_cause(error)}", REBUILD) from error
        expected = manifest.content_version()
        if document.get("version") != expected:
            raise BundleDamaged(
                f"{folder / MANIFEST}: version is {document.get('version')!r}, but its content gives {expected}"
            )
        return manifest

    @classmethod
    def _parse(cls, document: dict[str, Any]) -> Self:
        encoder_id = document["encoder_id"]
        weights = _typed(document, "weights", dict)
        return cls(
            model_version=_typed(document, "model_version", str),
            encoder_id=None if encoder_id is None else _typed(document, "encoder_id", str),
            analyser=_typed(document, "analyser", str),
            languages=tuple(str(code) for code in _typed(document, "languages", list)),
            weights=Weights.from_json(weights),
            files={_inside(path): _entry(path, entry) for path, entry in _typed(document, "files", dict).items()},
            counts=_typed(document, "counts", dict),
            figures=_typed(document, "figures", dict),
            sources=tuple(str(source) for source in _typed(document, "sources", list)),
            extra=_typed(document, "extra", dict),
            created_at=_typed(document, "created_at", str),
            newer_weights=frozenset(Weights.__dataclass_fields__) - frozenset(weights),
        )


def _read(folder: Path) -> bytes:
    if not folder.is_dir():
        raise BundleMissing(f"{folder}: no bundle there; run `marquee build`, or see `marquee bundle list`")
    path = folder / MANIFEST
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleDamaged(f"{path}: {error.strerror or error}, expected a manifest") from error


def _document(path: Path, content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BundleDamaged(f"{path}: not JSON ({error})") from error
    if not isinstance(document, dict):
        raise BundleDamaged(f"{path}: found a JSON {type(document).__name__}, expected an object")
    return document


def _check_seal(path: Path, content: bytes) -> None:
    match = _SEAL.match(content)
    if match is None or hashlib.sha256(content[match.end() :]).hexdigest().encode() != match[1]:
        raise BundleDamaged(
            f"{path}: does not begin with the SHA-256 of the rest: it was changed later, or written by an older version"
        )


def _typed(document: dict[str, Any], key: str, kind: type[T]) -> T:
    value = document[key]
    if not isinstance(value, kind):
        raise TypeError(f"{key!r} is {type(value).__name__}, expected {kind.__name__}")
    return value


def _entry(path: str, entry: object) -> FileEntry:
    if not isinstance(entry, dict):
        raise TypeError(f"the entry of {path!r} is {type(entry).__name__}, expected an object")
    size, digest = _count(path, entry["size"]), _typed(entry, "sha256", str)
    if entry.get("shape") is None:
        return FileEntry(size, digest)
    shape = tuple(_count(path, length) for length in _typed(entry, "shape", list))
    return FileEntry(size, digest, _typed(entry, "dtype", str), shape)


def _count(path: str, value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError(f"{path!r} has {value!r} as a size")
    return value


def _inside(path: str) -> str:
    """Check that a path stays inside the bundle: a file of it, or one of its text index."""
    folder, _, name = path.rpartition("/")
    if folder not in ("", TEXT_INDEX) or name in ("", ".", "..") or "\\" in name:
        raise ValueError(f"{path!r} is not a file of a bundle")
    return path


def _cause(error: Exception) -> str:
    return f"key {error} is missing" if isinstance(error, KeyError) else str(error)
