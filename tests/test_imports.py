"""Imports point one way, and modules that a request may not need are not imported for it."""

import json
import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[1]
ONLINE = "import services.api.app.main, services.bootstrap, services.api.app.lambda_handler"
LOADED = "import json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"


def modules_after(statement: str) -> set[str]:
    """Top-level modules of a fresh process that ran one statement."""
    command = [sys.executable, "-c", f"{statement}; {LOADED}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    return set(json.loads(done.stdout))


def test_the_import_contracts_hold() -> None:
    # In its own process: it disables the loggers of the process that it runs in.
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stdout


def test_the_server_imports_neither_data_tools_nor_the_encoder() -> None:
    loaded = modules_after(ONLINE)
    assert {"fastapi", "numpy", "services"} <= loaded
    assert not loaded & {"polars", "scipy", "pandas", "pyarrow", "torch", "onnxruntime", "tokenizers"}
    assert not loaded & {"data_jobs", "typer", "rich", "boto3", "botocore", "opensearchpy"}


def test_help_imports_next_to_nothing() -> None:
    loaded = modules_after("import services.cli.main")
    assert "typer" in loaded
    assert not loaded & {"numpy", "pydantic", "fastapi", "polars", "scipy", "rich", "uvicorn", "sqlite3"}
