"""Nothing but what came through the distribution in front is answered, where a secret for that is set."""

import pytest
from starlette.testclient import TestClient

from services.adapters.secrets import FixedSecret
from services.recommender.errors import SecretUnavailable
from services.recommender.ports import SecretPort
from tests.api.fakes import fake_app

HEADER = "X-Origin-Verify"


BOTH = FixedSecret(("new-secret", "old-secret"))


class Unreadable:
    """A secret that is kept elsewhere, where nobody answers."""

    is_at_hand = False

    def __call__(self) -> tuple[str, ...]:
        raise SecretUnavailable("the secret can't be read")


def client(secret: SecretPort) -> TestClient:
    return TestClient(fake_app(origin_secret=secret), raise_server_exceptions=False)


@pytest.mark.parametrize("secret", ["new-secret", "old-secret"])
def test_the_current_and_the_previous_secret_open_the_door(secret: str) -> None:
    assert client(BOTH).get("/version", headers={HEADER: secret}).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {HEADER: ""}, {HEADER: "new-secre"}, {HEADER: "newer-secret"}, {HEADER: b"\xe4"}]
)
def test_whoever_goes_round_is_refused_before_anything_else(headers: dict[str, str | bytes]) -> None:
    answer = client(BOTH).post("/recommend", content=b"not even JSON", headers={**headers, "X-Request-Id": "r-1"})
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].endswith("origin-refused")
    assert answer.headers["x-request-id"] == "r-1"
    assert "secret" not in answer.text


def test_a_load_balancer_may_ask_whether_it_lives() -> None:
    assert client(BOTH).get("/health/live").status_code == 200
    assert client(BOTH).get("/health/ready").status_code == 403


def test_a_secret_that_cannot_be_read_closes_the_door() -> None:
    answer = client(Unreadable()).get("/version", headers={HEADER: "new-secret"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


def test_without_a_secret_every_address_is_open() -> None:
    assert TestClient(fake_app()).get("/version").status_code == 200
