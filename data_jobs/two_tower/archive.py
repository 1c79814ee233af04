"""``model.tar.gz``: the model with its code, as an endpoint unpacks it. The same model gives the same bytes."""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

CODE = Path(__file__).with_name("code")
ARCHIVE = "model.tar.gz"
MANIFEST = "manifest.json"
CODE_FILES = ("inference.py", "requirements.txt", "serve.py", "towers.py")


def write_archive(path: Path, files: Mapping[str, bytes], manifest: Mapping[str, object]) -> None:
    """Write an archive of ``files`` by name, of the code in ``code/``, and of ``manifest.json``."""
    content = {f"code/{name}": (CODE / name).read_bytes() for name in CODE_FILES}
    content |= {MANIFEST: json.dumps(manifest, indent=1, sort_keys=True).encode(), **files}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with (
        part.open("wb") as raw,
        gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(content):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content[name]), 0o644
            archive.addfile(entry, io.BytesIO(content[name]))
    part.replace(path)


def empty_archive(path: Path) -> None:
    """Write an archive without a model, for use before the first release: its endpoint returns no films."""
    write_archive(path, {}, {"model_version": ""})
