"""``python -m infra.package``: the parts of a release of Marquee itself that uv does not build.

``notes [TAG]`` prints the section of CHANGELOG.md. ``images`` builds both images under their names, tagged with this
version and ``latest``. A bundle's release is something else: ``marquee release``.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.image.bases import check_pinned
from infra.image.code import project_version
from infra.image.errors import LayoutError
from infra.image.tools import ROOT

# By target of the Dockerfile: the whole command line, and the Lambda function.
IMAGES = {"jobs": "marquee-films", "lambda": "marquee-films-lambda"}
UNRELEASED = "Unreleased"
_FINAL = re.compile(r"\d+(\.\d+)*")


def notes(tag: str | None, folder: Path = ROOT) -> str:
    """Return the changelog's section of this version; without a tag, the unreleased one is accepted. Raises LayoutError
    if the tag is not the version's, or the section is missing, empty or, with a tag, not dated.
    """
    version = project_version(folder)
    if tag not in (None, f"v{version}"):
        raise LayoutError(f"the tag is {tag}, but services/__init__.py says {version}: expected v{version}")
    sections = _sections((folder / "CHANGELOG.md").read_text(encoding="utf-8"))
    section = sections.get(version) or (sections.get(UNRELEASED) if tag is None else None)
    if section is None:
        raise LayoutError(f"CHANGELOG.md has no section [{version}]: rename [Unreleased] to it, with the date")
    heading, text = section
    if tag is not None and not re.search(r" - \d{4}-\d{2}-\d{2}$", heading):
        raise LayoutError(f"CHANGELOG.md: {heading!r}: expected '## [{version}] - YYYY-MM-DD'")
    if not text.strip():
        raise LayoutError(f"CHANGELOG.md: {heading!r} has no entries")
    return text.strip()


def images(prefix: str, environment: Mapping[str, str] = os.environ) -> str:
    """Build both images as ``prefix`` + name, tagged with the version and, unless it is a pre-release, ``latest``.
    Return these references, one per line; without Docker, say so. ``prefix`` becomes lower case. Raises LayoutError if
    a build fails, a base image is not named by its digest, or Docker is missing in CI.
    """
    strict = environment.get("CI", "").lower() in {"true", "1"}
    if shutil.which("docker") is None or _docker("version", quiet=True):
        if strict:
            raise LayoutError("the images were not built: docker is not running")
        return "The images were not built: docker is not running."
    if strict:
        check_pinned()
    version = project_version()
    tags = (version, "latest") if _FINAL.fullmatch(version) else (version,)
    references = []
    for target, name in IMAGES.items():
        # Docker refuses capitals in a name, and an owner of a repository may have some.
        built = [f"{prefix.lower()}{name}:{tag}" for tag in tags]
        options = [option for reference in built for option in ("--tag", reference)]
        if _docker("build", "--provenance=false", "--target", target, *options, "."):
            raise LayoutError(f"{built[0]}: docker build failed")
        references += built
    return "\n".join(references)


def _docker(*arguments: str, quiet: bool = False) -> int:
    """Run docker in the project's folder and return its exit code; its output goes to standard error."""
    out = subprocess.DEVNULL if quiet else sys.stderr
    return subprocess.run(["docker", *arguments], cwd=ROOT, stdout=out, stderr=out, check=False).returncode  # noqa: S603, S607


def _sections(text: str) -> dict[str, tuple[str, str]]:
    """Return the changelog's sections by version: heading and text."""
    parts = re.split(r"^(## \[.+)$", text, flags=re.MULTILINE)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return {heading[4 : heading.index("]")]: (heading, body) for heading, body in pairs}


def main(arguments: list[str] | None = None) -> int:
    """Run one step. Returns 1 with a message if it fails."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    steps.add_parser("notes", help="print the changelog's section").add_argument("tag", nargs="?")
    steps.add_parser("images", help="build both images").add_argument("--prefix", default="", help="e.g. host/owner/")
    options = parser.parse_args(arguments)
    try:
        output = notes(options.tag) if options.step == "notes" else images(options.prefix)
    except LayoutError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{output}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
