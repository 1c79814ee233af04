"""A release: the active bundle of a home alone, as the image's last layer."""

import json
import shutil
from pathlib import Path

from infra.image.code import let_all_read
from infra.image.errors import LayoutError


def stage_release(home: Path, target: Path) -> str:
    """Copy the active bundle of ``home`` and a pointer to it into ``target``, and nothing else: no people, no other
    bundles. Returns its version. Raises LayoutError if none is active or the target is not empty.
    """
    pointer = home / "current.json"
    try:
        version = str(json.loads(pointer.read_bytes())["version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LayoutError(f"{pointer}: names no active bundle ({error}); run `marquee build` first") from error
    bundle = home / "bundles" / version
    if not (bundle / "manifest.json").is_file():
        raise LayoutError(f"{bundle}: no bundle; run `marquee build` or `marquee bundle activate`")
    if target.exists() and any(target.iterdir()):
        raise LayoutError(f"{target}: not empty, but a release must hold exactly one bundle; delete it first")
    shutil.copytree(bundle, target / "bundles" / version)
    (target / "current.json").write_text(json.dumps({"version": version, "previous": None}) + "\n", encoding="utf-8")
    let_all_read(target)
    return version
