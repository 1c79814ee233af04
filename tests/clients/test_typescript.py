"""TypeScript types are generated from the committed OpenAPI document, and code that uses them compiles."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.openapi.snapshot import SNAPSHOT
from tests.patience import DOWNLOAD_S

HERE = Path(__file__).resolve().parent
# Without it, fields with a default would be required in requests.
OPTIONS = ("--default-non-nullable", "false")


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DOWNLOAD_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed: TypeScript types were not generated")
def test_types_are_generated_without_warnings_and_code_that_uses_them_compiles(tmp_path: Path) -> None:
    for name in ("package.json", "package-lock.json", "use.ts"):
        shutil.copy(HERE / name, tmp_path)
    run(tmp_path, "npm", "ci", "--no-audit", "--no-fund", "--silent")
    output = run(tmp_path, "node_modules/.bin/openapi-typescript", str(SNAPSHOT), *OPTIONS, "-o", "marquee.d.ts")
    assert "warn" not in output.lower()
    run(tmp_path, "node_modules/.bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "false", "use.ts")
