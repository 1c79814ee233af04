"""Pin the Dockerfile's base images by digest, and check that they are."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from infra.image.errors import LayoutError

DOCKERFILE = Path(__file__).resolve().parents[2] / "Dockerfile"
# An image of a registry, unlike a stage or scratch, has a slash or a tag.
_BASE = re.compile(r"^(FROM\s+(?:--\S+\s+)?)([^\s@]*[/:][^\s@]*)(@sha256:[0-9a-f]{64})?(?=\s|$)", re.MULTILINE)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LOOK_UP_S = 120

Resolve = Callable[[str], str]


def unpinned(text: str) -> list[str]:
    """Return the base images that a Dockerfile names by tag alone, each once."""
    return sorted({base for _, base, digest in _BASE.findall(text) if not digest})


def check_pinned(path: Path = DOCKERFILE) -> str:
    """Raise LayoutError unless every base image is pinned by digest."""
    if bases := unpinned(path.read_text(encoding="utf-8")):
        raise LayoutError(f"{path.name}: {', '.join(bases)} without a digest, so what is built may change from one day "
                          "to the next; run `make pin` where the registry can be reached, and commit it")  # fmt: skip
    return f"{path.name}: all base images are pinned by digest"


def pin(path: Path = DOCKERFILE, resolve: Resolve | None = None) -> str:
    """Pin every base image to the current digest of its tag, which stays next to it. Returns the images, one per line.
    Raises LayoutError, and then writes nothing.
    """
    look_up = resolve or digest_of
    text = path.read_text(encoding="utf-8")
    digests = {base: look_up(base) for base in sorted({base for _, base, _ in _BASE.findall(text)})}
    path.write_text(_BASE.sub(lambda match: f"{match[1]}{match[2]}@{digests[match[2]]}", text), encoding="utf-8")
    return "\n".join(f"{base}@{digest}" for base, digest in digests.items())


def digest_of(image: str) -> str:
    """Return the digest of a tag, for all platforms. Raises LayoutError."""
    command = ["docker", "buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}", image]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LOOK_UP_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LayoutError(f"{image}: its digest cannot be looked up without docker: {error}") from error
    digest = done.stdout.strip()
    if done.returncode or not _DIGEST.fullmatch(digest):
        reason = done.stderr.strip() or digest or "no output of docker"
        raise LayoutError(f"{image}: its digest cannot be looked up: {reason}")
    return digest
