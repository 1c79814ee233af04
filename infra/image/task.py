"""The function's folder without Docker: the layers combined as in the image."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from infra.image.code import CODE, lay_code
from infra.image.layers import ENCODER, PACKAGES, Layer, Wheels, lay

LAMBDA = (PACKAGES, ENCODER)


def lay_task(target: Path, wheels: Wheels, layers: Sequence[Layer] = LAMBDA) -> Path:
    """Lay out ``target/task``, the image's ``/var/task``; the layers stay next to it, sharing its files.

    Existing content is removed. Raises LayoutError.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for layer in layers:
        lay(layer, target, wheels)
    lay_code(target, wheels.python)
    for name in (*(layer.name for layer in layers), CODE):
        shutil.copytree(target / name, target / "task", copy_function=os.link, dirs_exist_ok=True)
    return target / "task"
