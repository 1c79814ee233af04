"""compose.yaml: its names exist, its ports are on loopback, and services start in order."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "compose.yaml"
FOR_BOTO = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
SERVERS = {"opensearch", "dynamodb"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(yaml.safe_load(FILE.read_text("utf-8"))["services"])


def version_in_pom(name: str) -> str:
    match = re.search(rf"<{name}.version>([^<]+)</", (ROOT / "tests/servers/pom.xml").read_text("utf-8"))
    assert match
    return match[1]


def test_every_published_port_is_on_loopback(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert all(str(port).startswith("127.0.0.1:") for port in ports)
    assert len({str(port).split(":")[1] for port in ports}) == 3


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_images_have_the_versions_that_the_tests_run(services: dict[str, Any], name: str) -> None:
    _, _, tag = services[name]["image"].partition(":")
    assert tag == version_in_pom(name)


@pytest.mark.parametrize("name", ["api", "opensearch", "dynamodb"])
def test_every_long_running_service_has_a_health_check(services: dict[str, Any], name: str) -> None:
    assert services[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


def test_the_api_waits_for_init_and_init_for_the_servers(services: dict[str, Any]) -> None:
    assert services["api"]["depends_on"] == {"init": {"condition": "service_completed_successfully"}}
    assert services["init"]["depends_on"] == {name: {"condition": "service_healthy"} for name in SERVERS}


def test_every_variable_is_a_setting(services: dict[str, Any]) -> None:
    for name in ("api", "init"):
        variables = set(services[name]["environment"]) - FOR_BOTO
        assert {variable.lower() for variable in variables} <= set(Settings.model_fields)


@pytest.mark.parametrize("name", ["api", "init"])
def test_the_settings_are_valid_and_reach_the_servers_by_name(
    services: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = services[name]["environment"]
    for variable, value in environment.items():
        monkeypatch.setenv(variable, str(value))
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    assert (settings.opensearch_endpoint, settings.ddb_endpoint) == ("http://opensearch:9200", "http://dynamodb:8000")
    assert settings.ddb_users_table
    assert settings.is_exposed() == (name == "api")
    # On loopback it is reached by these names only, so a web page under another name gets nothing.
    assert settings.host_names is not None
    assert "localhost" in settings.host_names
    assert not {"evil.example", "*"} & settings.host_names


def test_the_verbs_of_init_and_api_exist(services: dict[str, Any]) -> None:
    script = services["init"]["command"][0]
    verbs = [line.split("marquee ")[1].split() for line in script.splitlines() if "marquee " in line]
    for verb in (*verbs, services["api"]["command"][:1]):
        done = subprocess.run(
            [shutil.which("marquee") or ROOT / ".venv/bin/marquee", *verb, "--help"], capture_output=True, check=False
        )
        assert done.returncode == 0, verb


def test_init_is_a_valid_script(services: dict[str, Any]) -> None:
    script = services["init"]["command"][0].replace("$$", "$")
    subprocess.run(["/bin/sh", "-n", "-c", script], check=True)


def test_the_client_of_docker_compose_accepts_the_file() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed: compose.yaml was read, but not by its own client")
    done = subprocess.run([docker, "compose", "-f", FILE, "config", "-q"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_folder_of_own_files_is_mounted_read_only(services: dict[str, Any]) -> None:
    mounts = [str(volume).rsplit(":", 2) for volume in services["init"]["volumes"]]
    assert ["${DATA:-./data}", "/data", "ro"] in mounts
    for name in ("api", "init"):
        homes = [volume for volume in services[name]["volumes"] if volume.endswith(f":{home_of(services[name])}")]
        assert len(homes) == 1, "both use the same home"


def home_of(service: dict[str, Any]) -> str:
    return str(service["environment"]["MARQUEE_HOME"])


@pytest.mark.parametrize(
    ("files", "has_bundle", "built"),
    [
        (["films.csv"], False, "build --if-changed DATA"), (["films.csv"], True, "build --if-changed DATA"),
        ([], False, "build"), ([".DS_Store", ".gitkeep"], False, "build"), ([], True, None),
    ],
)  # fmt: skip
def test_the_inputs_of_init(
    services: dict[str, Any], tmp_path: Path, files: list[str], has_bundle: bool, built: str | None
) -> None:
    data, home, tools = tmp_path / "data", tmp_path / "home", tmp_path / "tools"
    for folder in (data, home, tools):
        folder.mkdir()
    for name in files:
        (data / name).touch()
    if has_bundle:
        (home / "current.json").touch()
    (tools / "marquee").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    (tools / "marquee").chmod(0o755)
    script = services["init"]["command"][0].replace("$$", "$").replace("/data", str(data))
    env = {"PATH": f"{tools}:/usr/bin:/bin", "MARQUEE_HOME": str(home)}
    subprocess.run(["/bin/sh", "-euc", script], check=True, env=env)
    calls = (tmp_path / "calls").read_text().replace(str(data), "DATA").splitlines()
    assert calls == ["tables create", *([built] if built else []), "index"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_run_accepts_folders_and_files() -> None:
    command = ["make", "--dry-run", "run", "DATA=films orders.csv dump.zip", "PORT=8123"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.search(r'marquee up --port "8123" \\\s+films orders\.csv dump\.zip', done.stdout)
