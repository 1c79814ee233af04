"""Types for TypeScript are made of the committed description, and code that uses them compiles."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.openapi.snapshot import SNAPSHOT
from tests.patience import DOWNLOAD_S

HERE = Path(__file__).resolve().parent
# Else a field with a default would have to be sent.
OPTIONS = ("--default-non-nullable", "false")


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DOWNLOAD_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("npm") is None, reason="types for TypeScript were not made: npm is not installed")
def test_types_are_made_without_a_warning_and_code_that_uses_them_compiles(tmp_path: Path) -> None:
    for name in ("package.json", "package-lock.json", "use.ts"):
        shutil.copy(HERE / name, tmp_path)
    run(tmp_path, "npm", "ci", "--no-audit", "--no-fund", "--silent")
    said = run(tmp_path, "node_modules/.bin/openapi-typescript", str(SNAPSHOT), *OPTIONS, "-o", "marquee.d.ts")
    assert "warn" not in said.lower()
    run(tmp_path, "node_modules/.bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "false", "use.ts")
