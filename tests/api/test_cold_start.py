"""What a cold start does and leaves undone."""

import json
import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


def printed(statement: str) -> object:
    """The JSON that a statement prints in a fresh process."""
    command = [sys.executable, "-c", statement]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_garbage_is_collected_after_the_start_and_not_while_modules_are_imported() -> None:
    collections, enabled, frozen = printed(
        "import gc, json\n"
        # What the interpreter's own start left behind is not to be counted.
        "gc.collect()\n"
        "before = sum(each['collections'] for each in gc.get_stats())\n"
        "import services.api.app.lambda_handler\n"
        "after = sum(each['collections'] for each in gc.get_stats())\n"
        "print(json.dumps([after - before, gc.isenabled(), gc.get_freeze_count()]))"
    )
    assert collections <= 1
    assert enabled
    assert frozen > 100_000


def test_validators_of_answers_are_not_made() -> None:
    made = printed(
        "import json, services.api.app.lambda_handler\n"
        "from services.api.app.schemas import responses\n"
        "models = [each for each in vars(responses).values() if isinstance(each, type)\n"
        "          and issubclass(each, responses.Answered)]\n"
        "print(json.dumps([len(models), sum(each.__pydantic_complete__ for each in models)]))"
    )
    assert made[0] > 10
    assert made[1] == 0


def test_a_deployed_function_imports_neither_the_other_store_nor_what_only_a_search_needs(small_home: Path) -> None:
    loaded = printed(
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
