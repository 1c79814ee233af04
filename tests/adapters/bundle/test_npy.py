"""Pages of mapped arrays leave the process after a check has read them."""

import sys
from pathlib import Path

import numpy as np
import pytest

from services.adapters.bundle.manifest import FileEntry
from services.adapters.bundle.npy import drop_pages, map_array, write_array


def resident_kb(path: Path) -> int:
    """Return how much of a file is mapped into memory, in kB (``man 5 proc_pid_smaps``)."""
    lines = iter(Path("/proc/self/smaps").read_text("utf-8").splitlines())
    mappings = (line for line in lines if line.endswith(str(path)))
    return sum(int(next(line for line in lines if line.startswith("Rss:")).split()[1]) for _ in mappings)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is resident")
def test_dropped_pages_are_not_resident_and_values_stay(tmp_path: Path) -> None:
    values, path = np.arange(500_000, dtype=np.int64), tmp_path / "values.npy"
    write_array(path, values)
    array = map_array(path, FileEntry(path.stat().st_size, "", "<i8", values.shape))
    assert int(array.sum()) == int(values.sum())
    assert resident_kb(path) > 3_500
    drop_pages(array[10:])
    assert resident_kb(path) == 0
    assert np.array_equal(array, values)


def test_arrays_in_memory_are_left_alone() -> None:
    values = np.arange(9)
    drop_pages(values[::2])
    assert values.tolist() == list(range(9))
