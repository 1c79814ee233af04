"""Files of the name index, next to the text index: one memory-mapped file per array."""

from pathlib import Path

import numpy as np

from services.recommender.names.names import Names


def save_names(names: Names, folder: Path) -> None:
    """Write the arrays to the folder of the text index."""
    for part, array in names.arrays().items():
        np.save(folder / f"names.{part}.npy", array)


def load_names(folder: Path) -> Names:
    """Map the arrays of a folder. Raises NumPy's errors for invalid files, and ValueError for inconsistent arrays."""
    arrays = {part: np.load(folder / f"names.{part}.npy", mmap_mode="r") for part in Names.parts()}
    names = Names(**{part: np.asarray(array) for part, array in arrays.items()})
    names.check()
    return names
