"""Film texts to vectors. What was embedded once is kept and never computed again, also if a run is cut short."""

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
from services.recommender.ports import TextEncoder

Progress = Callable[[int, int], None]
"""Called with (texts done, texts in all) as the work goes on."""

EMBEDDINGS_FILE = "item_embeddings.parquet"
_ENCODER = "marquee_encoder"
_KEY_BYTES = 32
_CHUNK = 16
_THREADS = 2


class Batch(Protocol):
    """Embeds many texts elsewhere, in one go."""

    def vectors(self, texts: Sequence[str], told: Progress) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Each text that could be embedded, with its unit vector. Raises EncoderUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Manner:
    """How texts are embedded that cost something. ``agree``: given those that no cache has, before any is embedded; it
    raises what stops the build. ``batch``: for ``batch_from`` texts or more. ``made``: vectors by text, made elsewhere.
    """

    agree: Callable[[Sequence[str]], None] | None = None
    batch: Batch | None = None
    batch_from: int = 5_000
    made: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


def embed_films(
    films: Sequence[Film],
    encoder: TextEncoder,
    cache: Path,
    progress: Progress | None = None,
    threads: int | None = None,
    manner: Manner = Manner(),
) -> NDArray[np.float32]:
    """Vectors of films in their order, float32[films, dims], unit length.

    ``cache`` is the folder of vectors already made (any encoder's). ``encoder`` is called from ``threads``
    threads at once; None: as many as it says itself, or 2. Raises EncoderUnavailable.
    """
    texts = [text_to_embed(film) for film in films]
    store = VectorCache(cache, encoder.encoder_id, encoder.dims)
    vectors = store.load() | {_key(text): vector for text, vector in manner.made.items()}
    # Texts of like length together: a chunk then takes about as long as the next.
    missing = sorted({text for text in texts if _key(text) not in vectors}, key=lambda text: (len(text), text))
    done = len(texts) - sum(_key(text) not in vectors for text in texts)
    if missing and manner.agree is not None:
        manner.agree(missing)
    at_once = threads if threads is not None else int(getattr(encoder, "at_once", _THREADS))
    with store.shard() as shard:
        if manner.batch is not None and len(missing) >= manner.batch_from:
            for text, vector in manner.batch.vectors(missing, progress or (lambda *_: None)):
                vectors[_key(text)] = vector
                shard.write(_key(text) + vector.tobytes())
            shard.flush()
            # What the job left out is asked for again, one by one.
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
    """Write ``features/item_embeddings.parquet``: item_id, text, vector, and in its metadata the encoder; returns the
    file.
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
    """Unit vectors by text out of such a file, if this encoder's model made them; none out of one that is missing, of
    another model, or can't be read: they are made again.
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
        sound = np.abs(np.square(vectors).sum(axis=1) - 1) < 1e-3
    texts = frame["text"].to_list()
    return {texts[row]: vectors[row] for row in np.flatnonzero(sound)}


class VectorCache:
    """Vectors of one encoder by the SHA-256 of their text, in append-only files, one a run.

    A record is the 32 bytes of the key and the vector in float32. A record torn by a crash, or one that isn't
    a unit vector, counts as absent.
    """

    def __init__(self, folder: Path, encoder_id: str, dims: int) -> None:
        self.folder = folder / re.sub(r"[^A-Za-z0-9._-]+", "-", encoder_id)
        self.dims = dims

    def load(self) -> dict[bytes, NDArray[np.float32]]:
        """All vectors that are there, by key."""
        vectors: dict[bytes, NDArray[np.float32]] = {}
        for path in sorted(self.folder.glob("*.vectors")):
            vectors.update(self._read(path))
        return vectors

    def shard(self) -> BinaryIO:
        """A new file to append to; its name is nobody else's."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, _ = tempfile.mkstemp(suffix=".vectors", dir=self.folder)
        return os.fdopen(handle, "wb")

    def forget_empty(self) -> None:
        """Remove files of runs that had nothing to add."""
        for path in self.folder.glob("*.vectors"):
            if not path.stat().st_size:
                path.unlink(missing_ok=True)

    def _read(self, path: Path) -> Iterator[tuple[bytes, NDArray[np.float32]]]:
        record = _KEY_BYTES + 4 * self.dims
        whole = np.fromfile(path, np.uint8)
        rows = whole[: len(whole) // record * record].reshape(-1, record)
        vectors = np.ascontiguousarray(rows[:, _KEY_BYTES:]).view(np.float32)
        # Bytes that were never a vector may be huge or NaN; they only must not pass.
        with np.errstate(all="ignore"):
            sound = np.abs(np.square(vectors).sum(axis=1) - 1) < 1e-3
        for row in np.flatnonzero(sound):
            yield rows[row, :_KEY_BYTES].tobytes(), vectors[row]


def _encoded(encoder: TextEncoder, texts: list[str], threads: int) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
    chunks = [texts[start : start + _CHUNK] for start in range(0, len(texts), _CHUNK)]
    pool = ThreadPoolExecutor(threads)
    try:
        yield from zip(chunks, pool.map(encoder.encode, chunks), strict=True)
    finally:
        # After an error or Ctrl-C what has not begun is dropped, not waited for.
        pool.shutdown(cancel_futures=True)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
