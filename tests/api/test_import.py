import io
import zipfile

import pytest
from fastapi.testclient import TestClient

from services.adapters.history.archive import MAX_BYTES
from services.api.app.security.gate import scope_needed
from services.recommender.domain.history import EventKind
from services.recommender.errors import Overloaded, StateUnavailable
from tests.api.fakes import FakeRecommender, fake_client

CSV = b"Date,Name,Year,Letterboxd URI,Rating\n2024-03-01,Heat,1995,https://boxd.it/1,4.5\n"


@pytest.fixture
def recommender() -> FakeRecommender:
    return FakeRecommender()


@pytest.fixture
def client(recommender: FakeRecommender) -> TestClient:
    return fake_client(recommender)


def test_an_export_is_read_and_imported(client: TestClient, recommender: FakeRecommender) -> None:
    response = client.post("/users/me/import", content=CSV, params={"filename": "ratings.csv"})
    assert response.status_code == 200
    assert response.headers["cache-control"] == "private, no-store"
    ((user_id, history),) = recommender.imported
    assert (user_id, history.source) == ("me", "Letterboxd")
    assert [(row.titles, row.kind, row.value) for row in history.rows] == [(("Heat",), EventKind.RATING, 4.5)]
    assert response.json()["stored"] == 1


def test_any_content_type_is_accepted(client: TestClient) -> None:
    for kind in ("application/zip", "text/csv", "application/x-www-form-urlencoded"):
        response = client.post("/users/me/import", content=CSV, headers={"Content-Type": kind})
        assert response.status_code == 200


@pytest.mark.parametrize("name", ["ratings.csv", "é.zip"])
def test_a_multipart_form_is_accepted(client: TestClient, recommender: FakeRecommender, name: str) -> None:
    content = CSV
    if name.endswith(".zip"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("ratings.csv", CSV)
        content = buffer.getvalue()
    assert client.post("/users/me/import", files={"file": (name, content)}).status_code == 200
    ((_, history),) = recommender.imported
    assert [(row.place, row.titles) for row in history.rows] == [("ratings.csv, line 2", ("Heat",))]


def test_the_error_for_joined_lines_names_the_right_curl_option(client: TestClient) -> None:
    joined = b"Title,Date" + b'"Heat","12/31/20"' * 9
    assert "--data-binary" in client.post("/users/me/import", content=joined).json()["detail"]


def test_an_unknown_file_is_refused_and_nothing_is_stored(client: TestClient, recommender: FakeRecommender) -> None:
    for content, why in ((b"", "send the export"), (b"a,b\n1,2\n", "not a known export"), (b"PK\x03\x04", "zip")):
        response = client.post("/users/me/import", content=content)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "/file"
        assert why in response.json()["detail"]
    assert recommender.imported == []


def test_an_import_has_a_higher_size_limit_than_other_bodies(client: TestClient) -> None:
    padded = io.BytesIO()
    with zipfile.ZipFile(padded, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("ratings.csv", CSV)
        archive.writestr("poster.jpg", b"x" * (3 << 20))
    assert client.post("/users/me/import", content=padded.getvalue()).status_code == 200
    refused = client.post("/users/me/import", content=b"x" * (MAX_BYTES + 1))
    assert (refused.status_code, str(MAX_BYTES) in refused.json()["detail"]) == (413, True)
    assert client.post("/recommend", content=b"x" * (3 << 20)).status_code == 413


def test_failures_are_problem_documents(client: TestClient, recommender: FakeRecommender) -> None:
    for error in (Overloaded("too many rows"), StateUnavailable("locked")):
        recommender.fails = error
        assert client.post("/users/me/import", content=CSV).status_code == 503


def test_unknown_parameters_are_refused(client: TestClient) -> None:
    assert client.post("/users/me/import", content=CSV, params={"form": "x"}).status_code == 422


def test_an_import_needs_the_serve_scope_and_other_personal_paths_the_admin_scope() -> None:
    assert scope_needed("/users/me/import") == "serve"
    for path in ("/users/me/export", "/users/me", "/users/import", "/users/a/b/import", "/users/me/import/x",
                 "/users/x\udc2fimport", "/users/me/import\n"):  # fmt: skip
        assert scope_needed(path) == "admin", path
