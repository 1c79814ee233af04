"""Start and end of serve: what it refuses, with one line that names the reason and the remedy."""

import socket
from pathlib import Path

import pytest

from tests.damage import flip_bit
from tests.e2e.kit import Served, bundles, damage, marquee


def refused(home: Path, *arguments: str, **env: str) -> tuple[int, str]:
    done = marquee(home, "serve", *(arguments or ("--port", "0")), env=env)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_without_a_bundle(tmp_path: Path) -> None:
    code, output = refused(tmp_path)
    assert code == 3
    assert "no bundle is active" in output
    assert "marquee build" in output


@pytest.mark.parametrize("name", ["popularity.npy", "manifest.json", "text_index/meta.json"])
def test_with_a_damaged_bundle(home: Path, name: str) -> None:
    damage(home, bundles(home)[0], name)
    code, output = refused(home)
    assert code == 3
    assert name.rpartition("/")[2] in output
    assert "build" in output


@pytest.mark.parametrize("name", ["catalogue.traits.offsets.npy", "text_index/*.term", "manifest.json"])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_verify_and_doctor_refuse_a_bundle_with_one_flipped_bit(home: Path, name: str, workers: str) -> None:
    (version,) = bundles(home)
    (path,) = (home / "bundles" / version).glob(name)
    flip_bit(path, path.stat().st_size * 8 - 1_001)
    code, output = refused(home, "--port", "0", "--workers", workers)
    assert code == 3
    assert path.name in output
    assert "build" in output
    assert len(output.splitlines()) == 1
    verified = marquee(home, "bundle", "verify")
    assert (verified.returncode, path.name in verified.stderr) == (3, True)
    doctor = marquee(home, "doctor")
    assert (doctor.returncode, path.name in doctor.stdout) == (3, True)
    assert "Not ready to serve yet." in doctor.stdout


def test_a_port_in_use(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        code, output = refused(home, "--port", str(port))
    assert code == 3
    assert f"Port {port} on 127.0.0.1 is in use" in output
    assert "--port" in output


def test_an_exposed_address_without_keys(home: Path) -> None:
    code, output = refused(home, "--host", "0.0.0.0", "--port", "0")
    assert code == 2
    assert "API_KEYS=on" in output
    assert "--insecure" in output


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MARQUEE_PORT", "http", "MARQUEE_PORT = 'http': expected a port number"),
        ("CACHE_TTL_SECS", "-1", "CACHE_TTL_SECS = '-1': expected whole seconds"),
        ("API_KEYS", "on", "API_KEY_PEPPER is not set"),
        ("CORS_ORIGINS", "films.example", "CORS_ORIGINS = 'films.example': expected origins like"),
    ],
)
def test_a_wrong_setting(home: Path, name: str, value: str, expected: str) -> None:
    code, output = refused(home, **{name: value})
    assert code == 2
    assert expected in output
    assert len(output.splitlines()) == 1


def test_a_setting_without_effect_is_named(home: Path) -> None:
    env = {"OPENSEARCH_INDEX": "x", "MARQUEE_PROT": "1"}
    with Served(home, env=env) as server:
        assert "OPENSEARCH_INDEX has no effect: OPENSEARCH_ENDPOINT is not set" in server.log
        assert "MARQUEE_PROT is not a setting" in server.log
        assert server.recommend(k=1)["items"]


def test_it_ends_cleanly(home: Path) -> None:
    with Served(home) as server:
        server.feedback("ann", server.recommend(k=1)["items"][0]["item_id"])
        assert server.stop() == 0
        assert "Traceback" not in server.log
    with Served(home, "--workers", "2") as server:
        assert len(server.export("ann")["events"]) == 1
        assert server.stop() == 0


def test_api_keys(home: Path) -> None:
    env = {"API_KEYS": "on", "API_KEY_PEPPER": "a pepper of the tests only"}
    created = marquee(home, "keys", "create", "shop", "--limit", "3", "--window", "3600", env=env)
    assert created.returncode == 0, created.stderr
    key = created.stdout.split()[0]
    with Served(home, "--host", "0.0.0.0", env=env) as server:
        url = server.url.replace("0.0.0.0", "127.0.0.1")
        assert server.client.post(f"{url}/recommend", json={}).status_code == 401
        statuses = [
            server.client.post(f"{url}/recommend", json={}, headers={"X-API-Key": key}).status_code for _ in range(5)
        ]
        assert statuses == [200, 200, 200, 429, 429]
        assert server.client.delete(f"{url}/users/ann", headers={"X-API-Key": key}).status_code in (403, 429)


def test_up_checks_the_port_before_it_builds(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = marquee(tmp_path, "up", "--encoder", "none", "--port", str(listener.getsockname()[1]))
    assert done.returncode == 3
    assert "is in use" in done.stderr
    assert not (tmp_path / "bundles").exists()


def test_it_starts_without_its_state_store_and_reports_it(home: Path) -> None:
    (home / "state.db").write_bytes(b"this is no database, whatever its name says" * 100)
    with Served(home) as server:
        assert "serving without profiles or feedback" in server.log
        assert any("state" in reason for reason in server.recommend(user_id="ann", k=1)["degraded"])
        refused = server.client.post("/feedback", json={"user_id": "ann", "item_id": "1", "event": "like"})
        assert refused.status_code in (404, 503)
        assert server.client.get("/health/ready").status_code == 503
        assert server.client.get("/users/ann/export", headers={"Host": "evil.example"}).status_code == 421
