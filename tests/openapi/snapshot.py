"""The description of a server that asks for keys, as ``docs/openapi.json`` keeps it."""

import json
from pathlib import Path
from typing import Any

from tests.api.fakes import PEPPER_SECRET, DictKeys, fake_app

SNAPSHOT = Path(__file__).resolve().parents[2] / "docs/openapi.json"


def document() -> dict[str, Any]:
    """What the application describes now."""
    app = fake_app(keys=DictKeys(), key_pepper=PEPPER_SECRET, auth_required=True)
    return dict(json.loads(json.dumps(app.openapi())))


def text_of(described: dict[str, Any]) -> str:
    """The snapshot's text: one line a value, so that a diff shows the field."""
    return json.dumps(described, indent=1, ensure_ascii=False) + "\n"
