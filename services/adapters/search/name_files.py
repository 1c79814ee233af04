"""The names of a catalogue as files beside the text index: an array each, memory-mapped."""

from pathlib import Path

import numpy as np

from services.recommender.names.names import Names


def save_names(names: Names, folder: Path) -> None:
    """Write the arrays into the folder of the text index."""
    for part, array in names.arrays().items():
        np.save(folder / f"names.{part}.npy", array)


def load_names(folder: Path) -> Names:
    """Map the arrays of a folder. Raises whatever NumPy does for files that are no arrays, and ValueError for arrays
    that don't fit each other.
    """
    arrays = {part: np.load(folder / f"names.{part}.npy", mmap_mode="r") for part in Names.parts()}
    names = Names(**{part: np.asarray(array) for part, array in arrays.items()})
    names.check()
    return names
