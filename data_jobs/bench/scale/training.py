"""Build from a folder of ratings in a process of its own, and report what each step costs.

Run as ``python -m data_jobs.bench.scale.training DATA HOME``; prints JSON.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

from data_jobs.build import Order, build
from data_jobs.validate import Source


class CpuBySteps:
    """Progress that assigns CPU seconds to steps, from the first report of each to that of the next."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._step = "starting"
        self._since = cpu_s()

    def advance(self, step: str, done: int, total: int | None) -> None:  # noqa: ARG002
        """Add what was used since the last report to its step."""
        now = cpu_s()
        self.seconds[self._step] = self.seconds.get(self._step, 0.0) + now - self._since
        self._step, self._since = step, now


def cpu_s() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_bytes() -> int:
    """Return the peak resident memory of this process plus that of its largest child, an upper bound of the peak."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_maxrss for usage in usages) * 1024


def measure_build(data: Path, home: Path) -> dict[str, Any]:
    """Return ``{seconds, steps, cpu, peak, size, events}``: wall seconds by part, CPU seconds by step and in all,
    bytes of memory and of the bundle. Raises DataError, BundleError.
    """
    progress = CpuBySteps()
    result = build(Order(home, Source(paths=(data,))), progress)
    progress.advance("end", 0, None)
    return {
        "seconds": result.seconds,
        "steps": {step: round(seconds, 1) for step, seconds in progress.seconds.items()},
        "cpu": cpu_s(),
        "peak": peak_bytes(),
        "size": result.size,
        "events": len(result.dataset.events),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure_build(Path(sys.argv[1]), Path(sys.argv[2]))) + "\n")
