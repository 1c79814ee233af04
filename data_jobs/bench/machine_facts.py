"""Describe the machine that the figures were measured on."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = (
    "marquee-films", "numpy", "fastapi", "uvicorn", "httptools", "uvloop", "pydantic", "tantivy", "onnxruntime",
    "boto3", "opensearch-py",
)  # fmt: skip


def machine() -> dict[str, object]:
    """Return cores, processor, system, Python and package versions, BLAS threads."""
    return {
        "cores": os.cpu_count(),
        "cpu": _processor(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: installed for name in _PACKAGES if (installed := _version(name))},
        "blas_threads": os.environ.get("OPENBLAS_NUM_THREADS", "1 in the server, as many as there are cores here"),
    }


def load() -> list[float]:
    """Return the load average over 1, 5 and 15 minutes; empty if the system has none."""
    try:
        return [round(value, 2) for value in os.getloadavg()]
    except OSError:
        return []


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
