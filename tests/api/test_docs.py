"""The API reference: served with its own files, under a policy that allows no others."""

import re

import pytest
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from services.api.app import docs, openapi
from services.recommender.documents import dump
from tests.api.fakes import PEPPER_SECRET, DictKeys, FakeRecommender, fake_app, fake_client


def test_the_page_loads_its_own_files_only() -> None:
    client = fake_client(keys=DictKeys(), key_pepper=PEPPER_SECRET, auth_required=True)
    page = client.get("/docs")
    linked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert [link for link in linked if "//" in link] == []
    for link in linked:
        if link != "data:,":
            answer = client.get(f"/{link}")
            assert answer.status_code == 200, link
            assert answer.headers["content-security-policy"] == docs.POLICY
            assert client.get(f"/{link}", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert page.headers["content-type"].startswith("text/html")
    assert "unsafe" not in docs.POLICY
    assert "http" not in docs.POLICY
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=", page.text)


def test_without_the_package_the_page_links_to_the_openapi_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "PACKAGE", "no_such_package")
    client = fake_client(FakeRecommender())
    assert 'href="openapi.json"' in client.get("/docs").text
    assert client.get("/docs/start.js").status_code == 404


def test_the_openapi_document_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[object] = []

    def counted(document: object) -> bytes:
        encoded.append(document)
        return dump(document)

    monkeypatch.setattr(openapi, "dump", counted)
    app = fake_app()
    client = TestClient(app)
    answers = [client.get("/openapi.json") for _ in range(3)]
    assert {answer.content for answer in answers} == {JSONResponse(app.openapi()).body}
    assert len({answer.headers["etag"] for answer in answers}) == 1
    assert len(encoded) == 1


def test_a_client_that_has_the_openapi_document_gets_a_304() -> None:
    client = fake_client()
    client.headers["Accept-Encoding"] = "identity"
    whole = client.get("/openapi.json")
    again = client.get("/openapi.json", headers={"If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", whole.headers["etag"])
    assert again.headers["cache-control"] == whole.headers["cache-control"] == "public, max-age=0"
    keyed = fake_client(keys=DictKeys(), key_pepper=PEPPER_SECRET, auth_required=True).get("/openapi.json")
    assert keyed.headers["etag"] != whole.headers["etag"]
    assert keyed.headers["cache-control"] == "private, max-age=0"
    assert "X-API-Key" in keyed.headers["vary"]
