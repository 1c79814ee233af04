"""Embed film texts. Vectors are cached and never computed twice, even if a run is interrupted."""

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_jobs.items import text_to_embed
from data_jobs.records import Film
from services.adapters.progress import OnProgress
from services.recommender.ports import TextEncoder

EMBEDDINGS_FILE = "item_embeddings.parquet"
_ENCODER = "marquee_encoder"
_KEY_BYTES = 32
_CHUNK = 16
_THREADS = 2


class BatchJob(Protocol):
    """Embeds many texts remotely in one job."""

    def vectors(self, texts: Sequence[str], progress: OnProgress) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Yield each text that could be embedded with its unit vector. Raises EncoderUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class EmbeddingOptions:
    """How to embed with paid encoders. ``agree``: called with the uncached texts before any is embedded; raises to stop
    the build. ``batch``: used for ``batch_from`` texts or more. ``made``: vectors already made, by text.
    """

    agree: Callable[[Sequence[str]], None] | None = None
    batch: BatchJob | None = None
    batch_from: int = 5_000
    made: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


def embed_films(
    films: Sequence[Film],
    encoder: TextEncoder,
    cache: Path,
    progress: OnProgress | None = None,
    threads: int | None = None,
    options: EmbeddingOptions = EmbeddingOptions(),
) -> NDArray[np.float32]:
    """Return vectors of films in their order, float32[films, dims], unit length.

    ``cache``: folder of cached vectors (of any encoder). ``encoder`` is called from ``threads`` threads at once; None:
    as many as it recommends, or 2. Raises EncoderUnavailable.
    """
    texts = [text_to_embed(film) for film in films]
    store = VectorCache(cache, encoder.encoder_id, encoder.dims)
    vectors = store.load() | {_key(text): vector for text, vector in options.made.items()}
    # Texts of similar length go together, since a chunk takes as long as its longest text.
    missing = sorted({text for text in texts if _key(text) not in vectors}, key=lambda text: (len(text), text))
    done = len(texts) - sum(_key(text) not in vectors for text in texts)
    if missing and options.agree is not None:
        options.agree(missing)
    at_once = threads if threads is not None else int(getattr(encoder, "at_once", _THREADS))
    with store.shard() as shard:
        if options.batch is not None and len(missing) >= options.batch_from:
            for text, vector in options.batch.vectors(missing, progress or (lambda *_: None)):
                vectors[_key(text)] = vector
                shard.write(_key(text) + vector.tobytes())
            shard.flush()
            # Texts the job left out are embedded directly.
            missing = [text for text in missing if _key(text) not in vectors]
            done = len(texts) - sum(_key(text) not in vectors for text in texts)
        for chunk, made in _encoded(encoder, missing, at_once):
            for text, vector in zip(chunk, made, strict=True):
                vectors[_key(text)] = vector
                shard.write(_key(text) + vector.tobytes())
            shard.flush()
            done = min(len(texts), done + len(chunk))
            if progress:
                progress(done, len(texts))
    store.forget_empty()
    return np.stack([vectors[_key(text)] for text in texts]) if texts else np.empty((0, encoder.dims), np.float32)


def write_embeddings(films: Sequence[Film], vectors: NDArray[np.float32], folder: Path, encoder_id: str) -> Path:
    """Write ``features/item_embeddings.parquet`` (item_id, text, vector; the encoder in its metadata) and return its
    path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / EMBEDDINGS_FILE
    frame = pl.DataFrame(
        {
            "item_id": pl.Series([film.item_id for film in films], dtype=pl.String()),
            "text": pl.Series([text_to_embed(film) for film in films], dtype=pl.String()),
            "vector": pl.Series(vectors, dtype=pl.Array(pl.Float32(), vectors.shape[1])),
        }
    )
    frame.write_parquet(path, statistics=False, metadata={_ENCODER: encoder_id})
    return path


def read_embeddings(path: Path, encoder: TextEncoder) -> dict[str, NDArray[np.float32]]:
    """Read unit vectors by text from an ``item_embeddings.parquet``; empty if it is missing, unreadable or from another
    model.
    """
    try:
        if pl.read_parquet_metadata(path).get(_ENCODER) != encoder.encoder_id:
            return {}
        frame = pl.read_parquet(path, columns=["text", "vector"])
        vectors = frame["vector"].to_numpy()
    except (OSError, pl.exceptions.PolarsError):
        return {}
    if vectors.dtype != np.float32 or vectors.ndim != 2 or vectors.shape[1] != encoder.dims:
        return {}
    with np.errstate(all="ignore"):
        is_unit = np.abs(np.square(vectors).sum(axis=1) - 1) < 1e-3
    texts = frame["text"].to_list()
    return {texts[row]: vectors[row] for row in np.flatnonzero(is_unit)}


class VectorCache:
    """Vectors of one encoder by SHA-256 of their text, in append-only files, one per run.

    A record is the 32 bytes of the key and the vector in float32. A truncated record, or one that is not a unit vector,
    counts as absent.
    """

    def __init__(self, folder: Path, encoder_id: str, dims: int) -> None:
        self.folder = folder / re.sub(r"[^A-Za-z0-9._-]+", "-", encoder_id)
        self.dims = dims

    def load(self) -> dict[bytes, NDArray[np.float32]]:
        """Return all cached vectors by key."""
        vectors: dict[bytes, NDArray[np.float32]] = {}
        for path in sorted(self.folder.glob("*.vectors")):
            vectors.update(self._read(path))
        return vectors

    def shard(self) -> BinaryIO:
        """Open a new file with a unique name to append to."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, _ = tempfile.mkstemp(suffix=".vectors", dir=self.folder)
        return os.fdopen(handle, "wb")

    def forget_empty(self) -> None:
        """Remove empty files of earlier runs."""
        for path in self.folder.glob("*.vectors"):
            if not path.stat().st_size:
                path.unlink(missing_ok=True)

    def _read(self, path: Path) -> Iterator[tuple[bytes, NDArray[np.float32]]]:
        record = _KEY_BYTES + 4 * self.dims
        content = np.fromfile(path, np.uint8)
        rows = content[: len(content) // record * record].reshape(-1, record)
        vectors = np.ascontiguousarray(rows[:, _KEY_BYTES:]).view(np.float32)
        # Garbage bytes may be huge numbers or NaN, which fail the check: no warning is needed.
        with np.errstate(all="ignore"):
            is_unit = np.abs(np.square(vectors).sum(axis=1) - 1) < 1e-3
        for row in np.flatnonzero(is_unit):
            yield rows[row, :_KEY_BYTES].tobytes(), vectors[row]


def _encoded(encoder: TextEncoder, texts: list[str], threads: int) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
    chunks = [texts[start : start + _CHUNK] for start in range(0, len(texts), _CHUNK)]
    pool = ThreadPoolExecutor(threads)
    try:
        yield from zip(chunks, pool.map(encoder.encode, chunks), strict=True)
    finally:
        # After an error or Ctrl-C, pending work is dropped, not waited for.
        pool.shutdown(cancel_futures=True)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
