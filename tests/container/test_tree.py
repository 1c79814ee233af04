"""The tree of the image: small, compiled, readable, and complete for serving after pruning."""

import importlib.util
import json
import stat
from pathlib import Path

import pytest

from infra.image.errors import LayoutError
from infra.image.layers import PACKAGES, Wheels, lay
from infra.image.tools import python_of
from tests.container.kit import Tree, python_in

LIMIT_MB = 120
_UNCHECKED_HASH = 0b01


def megabytes(folder: Path) -> float:
    """The size of a folder's files in units of 10^6 bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def test_without_encoder_and_bundle_it_is_at_most_120_megabytes(tree: Tree) -> None:
    assert megabytes(tree.layers / "packages") + megabytes(tree.layers / "code") <= LIMIT_MB


@pytest.mark.parametrize("platform", ["x86_64-manylinux_2_34", "aarch64-manylinux_2_34"])
def test_so_are_the_wheels_of_the_images_own_platforms(tmp_path: Path, platform: str) -> None:
    try:
        python_of("3.13")
    except LayoutError as error:
        pytest.skip(str(error))
    packages = lay(PACKAGES, tmp_path, Wheels("3.13", platform))
    assert 60 < megabytes(packages) <= LIMIT_MB - 5
    assert list(packages.glob("tantivy/*linux*.so")) or list(packages.glob("tantivy/*.so"))


def test_it_has_nothing_that_serving_never_uses(tree: Tree) -> None:
    paths = {path.relative_to(tree.task).as_posix() for path in tree.task.rglob("*")}
    tops = {path.split("/")[0] for path in paths}
    assert not tops & {
        "pip", "setuptools", "uv", "grpc", "google", "opensearch", "huggingface_hub", "hf_xet", "polars", "scipy",
        "torch", "typer", "rich", "uvicorn", "pytest", "moto", "aws_cdk", "data_jobs", "infra", "bin",
    }  # fmt: skip
    assert "services/cli" not in paths
    assert not [path for path in paths if path.endswith(".pyi") or "/tests/" in path]
    assert {path.name for path in (tree.task / "botocore/data").iterdir() if path.is_dir()} <= {
        "bedrock", "bedrock-runtime", "dynamodb", "s3", "sagemaker-runtime", "secretsmanager", "sts",
    }  # fmt: skip


def test_every_package_keeps_its_name_and_its_licence(tree: Tree) -> None:
    folders = list(tree.task.glob("*.dist-info"))
    assert {"fastapi", "numpy", "marquee_films"} <= {folder.name.partition("-")[0] for folder in folders}
    assert all((folder / "METADATA").is_file() for folder in folders)
    numpy = next(tree.task.glob("numpy-*.dist-info"))
    assert [path for path in numpy.rglob("*") if "LICENSE" in path.name.upper()]


def test_every_module_has_bytecode_valid_for_any_date(tree: Tree) -> None:
    modules = [path for path in tree.task.rglob("*.py") if "__pycache__" not in path.parts]
    assert len(modules) > 1_000
    for module in modules:
        (compiled,) = (module.parent / "__pycache__").glob(f"{module.stem}.cpython-*.pyc") or [None]
        head = compiled.read_bytes()[:16]
        assert int.from_bytes(head[4:8], "little") == _UNCHECKED_HASH, module


def test_bytecode_matches_its_source(tree: Tree) -> None:
    """Python does not check it on loading: stale bytecode would run instead of the source."""
    modules = list((tree.task / "services").rglob("*.py"))
    assert len(modules) > 100
    for module in modules:
        (compiled,) = (module.parent / "__pycache__").glob(f"{module.stem}.cpython-*.pyc")
        assert compiled.read_bytes()[8:16] == importlib.util.source_hash(module.read_bytes()), module


def test_all_of_it_is_readable_for_all(tree: Tree, release: Path) -> None:
    for root in (tree.task / "services", release):
        for path in (root, *root.rglob("*")):
            required = 0o555 if path.is_dir() else 0o444
            assert stat.S_IMODE(path.stat().st_mode) & required == required, path


def test_clients_of_aws_and_opensearch_can_be_made(tree: Tree) -> None:
    output = python_in(
        tree.task,
        "import boto3, json, opensearchpy, services.api.app.observability.emf as emf\n"
        "from opensearchpy import OpenSearch, Urllib3AWSV4SignerAuth, Urllib3HttpConnection\n"
        "import sys\n"
        "names = ['dynamodb', 's3', 'secretsmanager', 'sts', 'bedrock-runtime', 'sagemaker-runtime']\n"
        "session = boto3.Session('a', 'b', region_name='eu-west-1')\n"
        "clients = [session.client(name).meta.endpoint_url for name in names]\n"
        "OpenSearch(hosts=['https://abc.eu-west-1.aoss.amazonaws.com'], connection_class=Urllib3HttpConnection,\n"
        "    http_auth=Urllib3AWSV4SignerAuth(session.get_credentials(), 'eu-west-1', 'aoss'))\n"
        "print(json.dumps([clients, sorted(name for name in sys.modules if name in ('grpc', 'google.protobuf'))]))",
    )
    clients, unwanted = json.loads(output)
    assert len(clients) == 6
    assert all(client.startswith("https://") for client in clients)
    assert unwanted == []


def test_the_encoder_finds_its_model_and_encodes(tree: Tree) -> None:
    output = python_in(
        tree.task,
        "from services.adapters.embed.onnx import load_encoder\n"
        "one, other, third = load_encoder().encode(['a heist in a dream', 'a bank robbery', 'a fish in the sea'])\n"
        "print(one.shape[0], float(one @ other) > float(one @ third))",
    )
    assert output.split() == ["384", "True"]


def test_importing_the_handler_opens_no_store_and_imports_no_client(tree: Tree, tmp_path: Path) -> None:
    output = python_in(
        tree.task,
        "import json, sys, services.api.app.lambda_handler\n"
        "print(json.dumps([name for name in ('boto3', 'opensearchpy', 'onnxruntime', 'aws_lambda_powertools',"
        " 'typer', 'polars') if name in sys.modules]))",
        MARQUEE_HOME=str(tmp_path / "home"),
    )
    assert json.loads(output) == []
    assert not (tmp_path / "home").exists()


def test_numpy_still_has_every_public_name(tree: Tree) -> None:
    """SciPy, in the image that builds bundles, imports all of them."""
    assert python_in(tree.task, "import numpy\nprint(all(hasattr(numpy, name) for name in numpy.__all__))") == "True\n"
