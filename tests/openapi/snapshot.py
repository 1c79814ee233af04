"""The OpenAPI document of a server with API keys, as stored in ``docs/openapi.json``."""

import json
from pathlib import Path
from typing import Any

from tests.api.fakes import PEPPER_SECRET, DictKeys, fake_app

SNAPSHOT = Path(__file__).resolve().parents[2] / "docs/openapi.json"


def document() -> dict[str, Any]:
    """The document of the current application."""
    app = fake_app(keys=DictKeys(), key_pepper=PEPPER_SECRET, auth_required=True)
    return dict(json.loads(json.dumps(app.openapi())))


def text_of(described: dict[str, Any]) -> str:
    """The text of a snapshot: one value per line, so that a diff shows the field."""
    return json.dumps(described, indent=1, ensure_ascii=False) + "\n"
