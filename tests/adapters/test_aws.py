"""AWS clients: one session per process, no credentials for local servers, models read without credentials."""

import threading

import pytest
from botocore.config import Config
from botocore.exceptions import NoRegionError

from services.adapters.aws import make_client, read_models, session


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch, new_session: None) -> None:
    """Remove credentials and region from the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_local_server_needs_neither_credentials_nor_region() -> None:
    client = make_client("dynamodb", None, Config(), "http://127.0.0.1:1")
    assert client._request_signer._credentials.access_key == "local"
    assert session()._credentials is None


def test_aws_requires_a_region() -> None:
    with pytest.raises(NoRegionError):
        make_client("dynamodb", None, Config())


def test_reading_models_loads_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under SnapStart, credentials come from a server; a snapshot would hold the connection and the credentials."""
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/creds")
    monkeypatch.setattr("socket.socket.connect", _no_connection)
    read_models("dynamodb", "secretsmanager")
    assert session()._credentials is None


def test_a_model_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read_models("dynamodb")
    loader = session().get_component("data_loader")
    monkeypatch.setattr(loader.file_loader, "load_file", _no_file)
    assert make_client("dynamodb", None, Config(), "http://127.0.0.1:1").meta.service_model.service_name == "dynamodb"


def test_clients_can_be_made_in_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    clients: list[object] = []

    def make() -> None:
        clients.append(make_client("secretsmanager", None, Config(), "http://127.0.0.1:1"))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(clients) == 8
    assert len({id(client) for client in clients}) == 8


def _no_connection(*_: object) -> None:
    raise AssertionError("a connection is opened")


def _no_file(*_: object) -> None:
    raise AssertionError("a model is read again")
