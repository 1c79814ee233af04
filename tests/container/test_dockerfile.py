"""The Dockerfile without Docker: its stages, sources and pins are read, its commands run as far as possible."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.image.code import CODE, TOOLS
from infra.image.layers import DATA, LAYERS, SERVER
from infra.image.task import LAMBDA
from tests.container.kit import HANDLER, ROOT, Tree, python_in
from tests.damage import flip_bit
from tests.patience import PATIENCE_S

TEXT = (ROOT / "Dockerfile").read_text("utf-8")


def instructions(text: str = TEXT) -> list[tuple[str, list[str]]]:
    """(stage, words) of each instruction, continued lines joined; before the first FROM the stage is ""."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    parsed, stage = [], ""
    for line in joined:
        words = line.split()
        if words[0] == "FROM":
            stage = words[3]
        parsed.append((stage, words))
    return parsed


def of(stage: str, kind: str) -> list[list[str]]:
    """The words after an instruction of one kind, in one stage."""
    return [words[1:] for name, words in instructions() if name == stage and words[0] == kind]


def test_the_image_installs_the_project_s_uv_by_hash() -> None:
    version = re.search(r"^version=(.+)$", (ROOT / ".ci/uv").read_text("utf-8"), re.MULTILINE)
    assert version
    requirements = (ROOT / "infra/image/uv.txt").read_text("utf-8")
    assert re.search(rf"^uv=={re.escape(version[1])} ", requirements, re.MULTILINE)
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", requirements)) > 10
    installs = [words for stage, words in instructions() if words[:3] == ["RUN", "pip", "install"]]
    assert [{"--require-hashes", "infra/image/uv.txt"} <= set(words) for words in installs] == [True]


def test_every_source_in_the_repository_exists_and_is_not_ignored() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    for _, words in instructions():
        if words[0] != "COPY" or any(word.startswith("--from=") for word in words):
            continue
        for source in [word for word in words[1:-1] if not word.startswith("--")]:
            assert (ROOT / source).exists(), source
            assert [
                pattern for pattern in allowed if source.rstrip("/").startswith(pattern) or pattern.startswith(source)
            ], source


def test_every_source_of_another_stage_is_built_there() -> None:
    (layers,) = [words for words in of("build", "RUN") if "layers" in words]
    built = {*layers[layers.index("/image") + 1 :], "code", "tools", "home"}
    assert set(LAYERS) <= built
    for stage, words in instructions():
        if "--from=build" in words:
            source = words[-2]
            assert source.startswith("/image/"), stage
            assert source.split("/")[2] in built


def copied_layers(target: str) -> list[str]:
    """The layers that a target copies, each by an instruction of its own: one that changes leaves the others cached."""
    copies = [[word for word in words if not word.startswith("--")] for words in of(target, "COPY")
              if "--from=build" in words]  # fmt: skip
    assert all(len(words) == 2 for words in copies)
    return [source.split("/")[2] for source, _ in copies]


def test_an_image_has_the_layers_of_the_tested_tree_and_the_bundle_last() -> None:
    """For a new bundle only the last layer is uploaded."""
    function = {layer.name for layer in LAMBDA} | {CODE}
    for target, layers in (("lambda", function), ("server", function | {SERVER.name, TOOLS})):
        *programs, bundle = copied_layers(target)
        assert (set(programs), bundle) == (layers, "home")
    assert copied_layers("jobs") == [DATA.name]


@pytest.mark.parametrize("target", ["lambda", "server"])
def test_no_installer_is_left_in_an_image(target: str) -> None:
    """The base images bring pip; the last command that uses it removes it."""
    commands = [command for words in of(target, "RUN") for command in " ".join(words).split("&&")]
    of_pip = [command.split() for command in commands if "pip" in command.split()]
    assert of_pip[-1][:2] == ["pip", "uninstall"]
    assert "pip" in of_pip[-1][2:]


def test_the_build_pulls_nothing_from_docker_hub() -> None:
    """Neither base image nor frontend: build machines share its rate limit per address."""
    assert "# syntax=" not in TEXT
    bases = [words[1] for _, words in instructions() if words[0] == "FROM"]
    assert all(base.startswith("public.ecr.aws/") or base in {"scratch", "server", "jobs"} for base in bases)


def test_nothing_runs_as_root_in_the_end() -> None:
    for target in ("lambda", "server"):
        (user,) = of(target, "USER")[-1]
        assert int(user) > 0


def imports_of(target: str) -> str:
    """The statement that the build of a target runs to see that its program can be imported."""
    match = re.fullmatch(r'python -c "(import .+)"', " ".join(of(target, "RUN")[-1]))
    assert match, target
    return match[1]


@pytest.mark.parametrize(("target", "program"), [("server", "services.cli.main"), ("jobs", "data_jobs.build")])
def test_the_imports_of_a_build_work(target: str, program: str) -> None:
    assert program in imports_of(target)
    python_in(ROOT, f"import sys; sys.path += {sys.path!r}; {imports_of(target)}")


def test_the_function_in_the_image_is_the_tested_handler(tree: Tree) -> None:
    ((command,),) = of("lambda", "CMD")
    assert json.loads(command) == [HANDLER]
    module = HANDLER.rpartition(".")[0]
    assert module in imports_of("lambda")
    assert python_in(tree.task, f"{imports_of('lambda')}\nimport {module}\nprint(callable({HANDLER}))") == "True\n"


def check_of_the_bundle(home: Path) -> "subprocess.CompletedProcess[str]":
    """Run the step of the build stage that verifies the bundle, on another home."""
    (words,) = [words for words in of("build", "RUN") if "verify" in words]
    command = " ".join(words).replace("/image/home", str(home)).replace("/source", str(ROOT))
    return subprocess.run(
        ["bash", "-c", command.replace(" python ", f" {sys.executable} ")],
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip


def test_no_image_is_made_of_a_damaged_bundle(small_home: Path, tmp_path: Path) -> None:
    assert check_of_the_bundle(tmp_path).returncode == 0, "an image without a bundle can be built"
    home = Path(shutil.copytree(small_home, tmp_path / "home"))
    sound = check_of_the_bundle(home)
    assert sound.returncode == 0, sound.stderr
    (path,) = home.glob("bundles/*/popularity.npy")
    flip_bit(path, path.stat().st_size * 8 - 1)
    damaged = check_of_the_bundle(home)
    assert (damaged.returncode, "popularity.npy: SHA-256" in damaged.stderr) == (3, True)


def test_the_bundle_is_verified_after_it_is_copied() -> None:
    steps = [" ".join(words) for name, words in instructions() if name == "build"]
    assert "bundle verify" in steps[-1]
    assert "COPY --from=bundle / /image/home/" in steps[:-1]


def test_no_secret_and_no_tool_of_building_goes_into_a_target() -> None:
    for target in ("lambda", "server", "jobs"):
        text = " ".join(" ".join(words) for name, words in instructions() if name == target)
        assert not re.search(r"uv |apt-get|dnf |gcc|SECRET|TOKEN|PASSWORD|PEPPER", text)


def test_the_build_stage_can_export_the_lock_with_the_files_it_has(tmp_path: Path) -> None:
    """With only the files copied before its first step: without Docker no other test would find a missing one."""
    for sources in of("build", "COPY")[:2]:
        target = tmp_path / sources[-1]
        for source in sources[:-1]:
            path = ROOT / source
            if path.is_dir():
                shutil.copytree(path, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
    statement = (
        "from infra.image.layers import LAYERS, names, requirements\n"
        "for layer in LAYERS.values(): print(layer.name, sorted(names(requirements(layer))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", statement], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(LAYERS)


@pytest.mark.parametrize("target", ["server", "jobs"])
def test_the_command_of_an_image_runs(tmp_path: Path, target: str) -> None:
    """The entry point is the script that the build copies onto PATH, the command one of its verbs."""
    ((entry_point,),) = of("server", "ENTRYPOINT")
    (script,) = [words[-2] for words in of("server", "COPY") if words[-1] == f"/app/bin/{json.loads(entry_point)[0]}"]
    ((command,),) = of(target, "CMD")
    done = subprocess.run(
        [sys.executable, str(ROOT / script), *json.loads(command), "--help"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, f"marquee {json.loads(command)[0]}" in done.stdout) == (0, True), done.stderr
