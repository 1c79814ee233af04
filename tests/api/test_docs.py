"""The API reference: served with its own files, under a policy that allows no others."""

import re

import pytest

from services.api.app import docs
from tests.api.fakes import PEPPER_SECRET, DictKeys, FakeRecommender, fake_client


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
