"""The AWS Lambda entry point: the same application behind Mangum, made on the first event."""

from functools import cache
from typing import Any

from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

from services.api.app.problem import MEDIA_TYPE


@cache
def _adapter() -> Mangum:
    # Inside the function: importing this module must not open a store.
    from services.api.app.main import create_app
    from services.api.app.services import AppServices
    from services.bootstrap import build_services
    from services.settings import load_settings

    app = create_app(AppServices.of(build_services(load_settings())))
    # Else problems would travel as Base64.
    return Mangum(app, lifespan="off", text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, MEDIA_TYPE])


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - AWS gives no type
    """Answer one API Gateway event."""
    answer: dict[str, Any] = _adapter()(event, context)
    return answer
