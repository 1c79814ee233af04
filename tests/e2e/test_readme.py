"""The calls of README.md and docs/api.md, run unchanged by a shell, print what the pages show."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.kit import Served
from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
MISSING = [tool for tool in ("bash", "curl", "jq") if shutil.which(tool) is None]


def calls(page: Path) -> Iterator[tuple[str, str]]:
    """Each command of the console blocks, and the output shown below it."""
    for block in re.findall(r"```console\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            end = next(at for at, line in enumerate(lines) if not line.endswith(("\\", "|")))
            yield "\n".join(lines[: end + 1]), "\n".join(lines[end + 1 :])


@pytest.mark.skipif(bool(MISSING), reason=f"{' and '.join(MISSING)}: not installed; README's calls did not run")
@pytest.mark.parametrize(("page", "expected"), [("README.md", 4), ("docs/api.md", 2)])
def test_the_calls_print_what_is_shown(served: Served, page: str, expected: int) -> None:
    count = 0
    for command, shown in calls(ROOT / page):
        done = subprocess.run(
            ["bash", "-c", command.replace("localhost:8000", served.url)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert normalised(done.stdout.strip()) == normalised(shown.strip() or done.stdout.strip()), command
        count += 1
    assert count == expected


def normalised(text: str) -> str:
    """Replace event ids, which differ each time, and cut scores to two places."""
    return re.sub(r"\b(0\.\d\d)\d+", r"\1", re.sub(r'"event_id":"\w+"', '"event_id":"..."', text))
