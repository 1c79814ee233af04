"""The application conforms to its OpenAPI document, for generated valid and invalid requests."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
    use_after_free,
)

from tests.api.fakes import fake_app

schema = schemathesis.openapi.from_asgi("/openapi.json", fake_app())
# Without a check that valid data is accepted: the schema cannot express an unknown film, a forged cursor or years in
# the wrong order.
CHECKS = (
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance, negative_data_rejection, unsupported_method, use_after_free,
)  # fmt: skip


@schema.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_contract_holds(case: schemathesis.Case) -> None:
    case.call_and_validate(checks=list(CHECKS))


def test_every_operation_is_covered() -> None:
    assert len(list(schema.get_all_operations())) == 14


@pytest.mark.parametrize("path", ["/recommend", "/feedback", "/feedback/batch", "/recommend/from-films"])
def test_bodies_have_examples_and_forbid_unknown_fields(path: str) -> None:
    document = fake_app().openapi()
    content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    model = document["components"]["schemas"][content["$ref"].rsplit("/", 1)[1]]
    assert model["additionalProperties"] is False
