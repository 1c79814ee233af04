"""`marquee up`, which `make run` runs: from an empty home to a server that answers the calls it suggests."""

import json
import shlex
from pathlib import Path

import pytest

from data_jobs.sample.load import load_sample
from tests.damage import flip_bit
from tests.e2e.kit import Served, bundles, ids, marquee
from tests.movielens_layout import write_movielens

# A proxy where nothing listens, so that no download leaves this machine.
NO_NETWORK = dict.fromkeys(("https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")


@pytest.fixture(scope="module")
def movielens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "ml"
    write_movielens(load_sample()[0], folder)
    (folder / "tags.csv").write_text("userId,movieId,tag,timestamp\n1,1,a first tag,0\n")
    return folder


def up(home: Path, *arguments: str) -> Served:
    home.mkdir(exist_ok=True)
    return Served(home, "--encoder", "none", *arguments, env=NO_NETWORK, verb="up")


def test_without_network_the_sample_catalogue_is_used_and_the_three_commands_work(tmp_path: Path) -> None:
    with up(tmp_path / "home") as server:
        lines = server.log.splitlines()
        assert [line for line in lines if "cannot be downloaded" in line and "simulated" in line]
        commands = [shlex.split(line) for line in lines if line.startswith("  curl ")]
        assert len(commands) == 3
        for command in commands:
            url = next(word for word in command if word.startswith("http://"))
            body = command[command.index("-d") + 1]
            answer = server.client.post(url, content=body, headers={"content-type": "application/json"})
            assert answer.status_code in (200, 202), answer.text
        person = json.loads(commands[0][-1])["user_id"]
        assert server.recommend(user_id=person)["strategy"] == "personal"
        assert person in server.client.get("/catalogue").json()["demo_users"]


def test_a_damaged_bundle_is_rebuilt_only_from_its_own_inputs(tmp_path: Path, movielens: Path) -> None:
    home = tmp_path / "home"
    with up(home, "--movielens", str(movielens)) as first:
        ids(first.recommend(k=1))
    (version,) = bundles(home)
    path = home / "bundles" / version / "popularity.npy"
    flip_bit(path, path.stat().st_size * 8 - 1)
    done = marquee(home, "up", "--encoder", "none", "--port", "0", env=NO_NETWORK)
    assert done.returncode == 3
    assert "popularity.npy: SHA-256" in done.stderr
    assert bundles(home) == [version], "the sample must not replace the user's films"
    with up(home, "--movielens", str(movielens)) as again:
        assert "is damaged and will be replaced" in again.log
        assert again.recommend(k=1)["index_version"] == f"embedded-{version}"
    assert marquee(home, "bundle", "verify").returncode == 0


def test_it_rebuilds_only_when_the_inputs_changed(tmp_path: Path, movielens: Path) -> None:
    home = tmp_path / "home"
    with up(home, "--movielens", str(movielens)) as first:
        (version,) = bundles(home)
        assert first.recommend(k=1)["index_version"] == f"embedded-{version}"
    with up(home, "--movielens", str(movielens)) as second:
        assert "unchanged" in second.log
    with up(home) as third:
        assert "Using the active bundle" in third.log
    assert bundles(home) == [version]
    tags = movielens / "tags.csv"
    tags.write_text(tags.read_text() + "1,1,a new tag,0\n")
    with up(home, "--movielens", str(movielens)) as fourth:
        assert len(bundles(home)) == 2
        assert ids(fourth.recommend(k=3))
