"""Reading ``.npy`` files of known dtype and shape, without trusting their headers."""

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.adapters.bundle.manifest import FileEntry
from services.recommender.errors import BundleDamaged

_MAGIC = b"\x93NUMPY\x01\x00"
_LARGEST_HEADER = 4_096


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array as NumPy format 1.0, in C order."""
    with path.open("wb") as file:
        np.lib.format.write_array(file, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)


def map_array(path: Path, entry: FileEntry) -> NDArray[Any]:
    """Memory-map a file read-only as the array described by the manifest.

    The header is compared, not parsed: whatever it contains, the only error is BundleDamaged.
    """
    dtype, shape = _dtype_and_shape(path, entry)
    expected_bytes = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    try:
        with path.open("rb") as file:
            head = file.read(_LARGEST_HEADER)
            start = _header_length(path, head, dtype, shape)
            if start + expected_bytes != entry.size:
                raise BundleDamaged(f"{path}: holds {entry.size - start} bytes of data, expected {expected_bytes}")
            mapped = mmap.mmap(file.fileno(), entry.size, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise BundleDamaged(f"{path}: cannot be mapped: {error}") from error
    return np.frombuffer(mapped, dtype, expected_bytes // dtype.itemsize, start).reshape(shape)


def drop_pages(array: NDArray[Any]) -> None:
    """Give the pages of a mapped array back to the system (``man 2 madvise``): the next access reads them from the
    file's cache again. A check that reads all values would otherwise keep arrays in memory that no request needs.
    """
    owner: Any = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, memoryview):
        owner = owner.obj
    if isinstance(owner, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        owner.madvise(mmap.MADV_DONTNEED)


def _dtype_and_shape(path: Path, entry: FileEntry) -> tuple[np.dtype[Any], tuple[int, ...]]:
    try:
        dtype = np.dtype(entry.dtype)
    except (TypeError, ValueError) as error:
        raise BundleDamaged(f"{path}: the manifest gives the invalid dtype {entry.dtype!r}") from error
    shape = entry.shape or ()
    if dtype.hasobject or not dtype.itemsize or not shape:
        raise BundleDamaged(f"{path}: the manifest gives dtype {entry.dtype} and shape {shape}, expected numbers")
    return dtype, shape


def _header_length(path: Path, head: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> int:
    """Return where the data begins, if the header matches this dtype and shape."""
    length = len(_MAGIC) + 2 + int.from_bytes(head[8:10], "little")
    fields = (f"'descr': '{dtype.str}'", "'fortran_order': False", f"'shape': {shape!r}")
    header = head[10:length].decode("latin-1")
    if not head.startswith(_MAGIC) or len(head) < length or any(part not in header for part in fields):
        raise BundleDamaged(f"{path}: its header does not match {dtype.str} {shape} of the manifest")
    return length
