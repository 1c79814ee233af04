"""Work that a cold start does, and work that it avoids."""

import json
import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


def output_of(statement: str) -> object:
    """The JSON that a statement prints in a new process."""
    command = [sys.executable, "-c", statement]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_no_garbage_is_collected_during_the_imports() -> None:
    collections, enabled, frozen = output_of(
        "import gc, json\n"
        # So that the garbage of the interpreter's own start is not counted.
        "gc.collect()\n"
        "before = sum(stats['collections'] for stats in gc.get_stats())\n"
        "import services.api.app.lambda_handler\n"
        "after = sum(stats['collections'] for stats in gc.get_stats())\n"
        "print(json.dumps([after - before, gc.isenabled(), gc.get_freeze_count()]))"
    )
    assert collections <= 1
    assert enabled
    assert frozen > 100_000


def test_validators_of_answers_are_not_built() -> None:
    counts = output_of(
        "import json, services.api.app.lambda_handler\n"
        "from services.api.app.schemas import responses\n"
        "models = [item for item in vars(responses).values() if isinstance(item, type)\n"
        "          and issubclass(item, responses.Answered)]\n"
        "print(json.dumps([len(models), sum(model.__pydantic_complete__ for model in models)]))"
    )
    assert counts[0] > 10
    assert counts[1] == 0


def test_a_deployed_function_imports_no_module_that_it_does_not_need(small_home: Path) -> None:
    loaded = output_of(
        "import json, os, sys\n"
        f"os.environ.update(MARQUEE_HOME={str(small_home)!r}, DDB_USERS_TABLE='users', AWS_REGION='eu-west-1',\n"
        "    OPENSEARCH_ENDPOINT='http://127.0.0.1:1', AWS_LAMBDA_RUNTIME_API='x')\n"
        "import services.api.app.lambda_handler as entry\n"
        "opened = entry.function().wired.releases._release is not None\n"
        "print(json.dumps([opened, sorted({name.split('.')[0] for name in sys.modules})]))"
    )
    opened, modules = loaded
    assert opened
    assert "botocore" in modules
    assert not {"boto3", "sqlite3", "opensearchpy", "requests", "onnxruntime"} & set(modules)
