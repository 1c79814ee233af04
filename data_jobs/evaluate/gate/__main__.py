"""``python -m data_jobs.evaluate.gate [--derive]``: check quality, or print new floors."""

import sys
import tempfile
from pathlib import Path

from data_jobs.evaluate.gate.gate import check, derived, floors, measure, written


def main(arguments: list[str]) -> int:
    """Return 0 if every figure reaches its floor, else 1."""
    with tempfile.TemporaryDirectory(prefix="marquee-gate-") as folder:
        if "--derive" in arguments:
            sys.stdout.write(written(derived(Path(folder))))
            return 0
        found = check(measure(Path(folder)), floors())
    sys.stdout.writelines(f"{each}\n" for each in found)
    low = sum(not each.met for each in found)
    if low:
        sys.stderr.write(
            f"Quality fell: {low} of {len(found)} figures are below their floor. Find the cause; if the change is "
            "meant, run `python -m data_jobs.evaluate.gate --derive` and say in the commit why.\n"
        )
    return int(low > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
