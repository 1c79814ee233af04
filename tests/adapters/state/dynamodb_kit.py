"""Record the requests of a store's DynamoDB client and inject faults, by botocore's event hooks."""

from collections.abc import Callable
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError

from services.adapters.state.dynamodb.dynamo_client import DynamoLocation, make_client
from tests.adapters.state.state_kit import Store
from tests.patience import PATIENCE_S


class Wire:
    """The calls of one store in order. ``sent``: operation and parameters of each attempt; ``waits``: its read timeout
    in seconds.
    """

    def __init__(self, store: Store[Any]) -> None:
        assert store.tables is not None
        # A private attribute without a public type.
        self._client: Any = store.tables._client.get()
        self.tables = store.tables.tables
        # A client of its own, whose requests are not recorded.
        self.raw = make_client(
            DynamoLocation(self.tables, endpoint=self._client.meta.endpoint_url, timeout_s=PATIENCE_S)
        )
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.waits: list[float] = []
        self._answers: list[tuple[str, Callable[[], Any]]] = []
        self._befores: list[tuple[str, Callable[[], object]]] = []
        self._lost = ""
        events = self._client.meta.events
        events.register("before-parameter-build.dynamodb", self._note)
        events.register("before-call.dynamodb", self._answer)
        events.register("before-send.dynamodb", self._lose)

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.sent]

    def fail(self, operation: str, code: str, times: int = 1, status: int = 400, **body: Any) -> None:
        """Answer the next ``times`` calls of an operation ("" for any) with an error."""
        error = {"Error": {"Code": code, "Message": f"injected: {code}"}, **body}
        parsed = error | {"ResponseMetadata": {"HTTPStatusCode": status}}
        self._answers += [(operation, lambda: (AWSResponse("", status, HTTPHeaders(), None), parsed))] * times

    def answer(self, operation: str, make: Callable[[], dict[str, Any]]) -> None:
        """Answer the next call of an operation with a document."""
        metadata = {"ResponseMetadata": {"RequestId": "injected"}}
        self._answers.append((operation, lambda: (AWSResponse("", 200, HTTPHeaders(), None), make() | metadata)))

    def before(self, operation: str, act: Callable[[], object]) -> None:
        """Call ``act`` just before the next call of an operation is sent."""
        self._befores.append((operation, act))

    def after(self, operation: str, act: Callable[[], object]) -> None:
        """Call ``act`` after each answer to an operation."""
        self._client.meta.events.register(f"after-call.dynamodb.{operation}", lambda **_: act())

    def lose_answer(self, operation: str) -> None:
        """Send the next call of an operation and drop its answer."""
        self._lost = operation

    def heal(self) -> None:
        self._answers.clear()

    def close(self) -> None:
        self.raw.close()

    def items(self, table: str) -> list[dict[str, Any]]:
        """All items of a table."""
        return self.raw.scan(TableName=table, ConsistentRead=True)["Items"]

    def _note(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        self.sent.append((model.name, dict(params)))
        self.waits.append(context["read_timeout"])

    def _answer(self, model: Any, **_: Any) -> Any:
        for number, (operation, act) in enumerate(self._befores):
            if operation == model.name:
                del self._befores[number]
                act()
                break
        for number, (operation, answer) in enumerate(self._answers):
            if operation in ("", model.name):
                del self._answers[number]
                return answer()
        return None

    def _lose(self, request: Any, event_name: str, **_: Any) -> None:
        if self._lost and event_name.endswith(f".{self._lost}"):
            self._lost = ""
            self._client._endpoint.http_session.send(request)
            raise ReadTimeoutError(endpoint_url=request.url)
