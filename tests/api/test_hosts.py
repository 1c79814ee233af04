"""Protection against DNS rebinding: a server on loopback refuses other host names."""

import pytest

from services.settings import Settings
from tests.api.fakes import FakeRecommender, fake_client

NAMES = Settings(allowed_hosts=("films.example",)).host_names


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LocalHost:8000", "localhost.", "127.0.0.1:8000", "[::1]:8000", "10.0.0.7", "films.example:443",
    ],
)  # fmt: skip
def test_own_names_and_ip_addresses_are_accepted(host: str) -> None:
    client = fake_client(FakeRecommender(people={"u1"}), host_names=NAMES)
    assert client.get("/users/u1/export", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8000", "localhost.evil.example", "evil.example@localhost", "localhost:8000:80",
        "localhost/", "127.0.0.1.evil.example", "[::1", "", "films.example.evil.example", "localhost, evil.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize(("method", "path"), [("GET", "/users/u1/export"), ("DELETE", "/users/u1"), ("GET", "/")])
def test_other_host_names_are_refused(host: str, method: str, path: str) -> None:
    recommender = FakeRecommender(people={"u1"})
    response = fake_client(recommender, host_names=NAMES).request(method, path, headers={"Host": host})
    assert (response.status_code, response.json()["type"]) == (421, "/problems/host-refused")
    assert recommender.people == {"u1"}


def test_exposed_or_key_protected_servers_check_only_configured_names() -> None:
    pepper = "a pepper for tests, long enough"
    assert Settings(api_keys=True, api_key_pepper=pepper).host_names is None
    assert Settings(marquee_host="0.0.0.0").host_names is None
    assert Settings(allowed_hosts=("*",)).host_names is None
    assert Settings(marquee_host="0.0.0.0", allowed_hosts=("a.example",)).host_names == {
        "0.0.0.0", "localhost", "a.example",
    }  # fmt: skip
    assert Settings().host_names == {"127.0.0.1", "localhost"}
