"""With an origin secret, only requests that come through the distribution in front are answered."""

import pytest
from starlette.testclient import TestClient

from services.adapters.secrets import FixedSecret
from services.recommender.errors import SecretUnavailable
from services.recommender.ports import SecretPort
from tests.api.fakes import fake_app

HEADER = "X-Origin-Verify"


BOTH = FixedSecret(("new-secret", "old-secret"))


class Unreadable:
    """A remote secret whose service does not answer."""

    is_cached = False

    def __call__(self) -> tuple[str, ...]:
        raise SecretUnavailable("the secret can't be read")


def client(secret: SecretPort) -> TestClient:
    return TestClient(fake_app(origin_secret=secret), raise_server_exceptions=False)


@pytest.mark.parametrize("secret", ["new-secret", "old-secret"])
def test_the_current_and_the_previous_secret_are_accepted(secret: str) -> None:
    assert client(BOTH).get("/version", headers={HEADER: secret}).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {HEADER: ""}, {HEADER: "new-secre"}, {HEADER: "newer-secret"}, {HEADER: b"\xe4"}]
)
def test_a_request_that_bypasses_the_distribution_is_refused_first(headers: dict[str, str | bytes]) -> None:
    answer = client(BOTH).post("/recommend", content=b"not even JSON", headers={**headers, "X-Request-Id": "r-1"})
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].endswith("origin-refused")
    assert answer.headers["x-request-id"] == "r-1"
    assert "secret" not in answer.text


def test_liveness_needs_no_secret() -> None:
    assert client(BOTH).get("/health/live").status_code == 200
    assert client(BOTH).get("/health/ready").status_code == 403


def test_an_unreadable_secret_refuses_requests() -> None:
    answer = client(Unreadable()).get("/version", headers={HEADER: "new-secret"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


def test_without_a_secret_every_request_is_accepted() -> None:
    assert TestClient(fake_app()).get("/version").status_code == 200
