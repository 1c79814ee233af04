"""Clients of AWS: one session a process, no credentials for local servers, and models read without either."""

import threading

import pytest
from botocore.config import Config
from botocore.exceptions import NoRegionError

from services.adapters.aws import make_client, read_models, session


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, new_session: None) -> None:
    """A process without credentials and region."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_local_server_needs_neither_credentials_nor_region_and_gets_none() -> None:
    client = make_client("dynamodb", None, Config(), "http://127.0.0.1:1")
    assert client._request_signer._credentials.access_key == "local"
    assert session()._credentials is None


def test_aws_itself_wants_a_region() -> None:
    with pytest.raises(NoRegionError):
        make_client("dynamodb", None, Config())


def test_reading_models_asks_nobody_for_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under SnapStart they come from a server: a snapshot would hold the connection and what it answered."""
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/creds")
    monkeypatch.setattr("socket.socket.connect", _no_connection)
    read_models("dynamodb", "secretsmanager")
    assert session()._credentials is None


def test_what_is_read_once_serves_the_next_client(monkeypatch: pytest.MonkeyPatch) -> None:
    read_models("dynamodb")
    loader = session().get_component("data_loader")
    monkeypatch.setattr(loader.file_loader, "load_file", _no_file)
    assert make_client("dynamodb", None, Config(), "http://127.0.0.1:1").meta.service_model.service_name == "dynamodb"


def test_threads_may_make_clients_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    def make() -> None:
        made.append(make_client("secretsmanager", None, Config(), "http://127.0.0.1:1"))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(made) == 8
    assert len({id(client) for client in made}) == 8


def _no_connection(*_: object) -> None:
    raise AssertionError("somebody is asked")


def _no_file(*_: object) -> None:
    raise AssertionError("a model is read again")
