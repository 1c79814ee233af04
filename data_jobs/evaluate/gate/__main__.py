"""``python -m data_jobs.evaluate.gate [--derive]``: check quality, or print new floors."""

import sys
import tempfile
from pathlib import Path

from data_jobs.evaluate.gate.gate import check, derive, floors, measure, to_toml


def main(arguments: list[str]) -> int:
    """Return 0 if every figure reaches its floor, else 1."""
    with tempfile.TemporaryDirectory(prefix="marquee-gate-") as folder:
        if "--derive" in arguments:
            sys.stdout.write(to_toml(derive(Path(folder))))
            return 0
        checks = check(measure(Path(folder)), floors())
    sys.stdout.writelines(f"{each}\n" for each in checks)
    low = sum(not each.met for each in checks)
    if low:
        sys.stderr.write(
            f"Quality fell: {low} of {len(checks)} figures are below their floor. Find the cause; if the drop is "
            "intended, run `python -m data_jobs.evaluate.gate --derive > data_jobs/evaluate/gate/floors.toml` and give "
            "the reason in the commit.\n"
        )
    return int(low > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
