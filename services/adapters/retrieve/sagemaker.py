"""Retriever by a two-tower model behind a SageMaker endpoint: one attempt within the deadline, none while the circuit
breaker is open.

Responses are not trusted: a late, throttled, too large or malformed one counts as a failure with a short reason.
"""

import json
import logging
import math
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from services.adapters.bounded import within
from services.adapters.breaker import Breaker
from services.adapters.foreign import translated
from services.recommender.errors import RetrieverUnavailable
from services.recommender.ports import Clock, Deadline, Liking, Proposed

# A thousand films with their scores are a twentieth of it.
LARGEST_ANSWER = 1 << 20
# No network call is faster.
LEAST_S = 0.01
_JSON = "application/json"
_log = logging.getLogger(__name__)


class SageMakerRetriever:
    """``endpoint``: its name. ``client``: makes the client of ``sagemaker-runtime`` on first use. ``timeout_s``: the
    longest wait, less if the request has less time left. Thread-safe.
    """

    def __init__(self, endpoint: str, client: Callable[[], Any], clock: Clock, timeout_s: float) -> None:
        self._endpoint = endpoint
        self._client = client
        self._clock = clock
        self._timeout_s = timeout_s
        self._breaker = Breaker(clock)

    def propose(self, person: str | None, history: Sequence[Liking], count: int, deadline: Deadline) -> Proposed:
        """See :class:`services.recommender.ports.RetrievePort`."""
        left = min(self._timeout_s, deadline.remaining())
        if left < LEAST_S:
            raise RetrieverUnavailable("no time is left to call the endpoint")
        attempt = self._breaker.attempt()
        if attempt is None:
            raise RetrieverUnavailable("the endpoint failed repeatedly and is not called for some seconds")
        started = self._clock.monotonic()
        try:
            response = self._call(_request_body(person, history, count), left)
            proposed = read(response, count, 1_000 * (self._clock.monotonic() - started))
        except BaseException:
            attempt.failed()
            raise
        attempt.succeeded()
        return proposed

    def _call(self, body: bytes, left: float) -> bytes:
        """Return the endpoint's response if it is complete in time. Raises RetrieverUnavailable."""
        from botocore.exceptions import BotoCoreError, ClientError

        from services.adapters.retrieve.sagemaker_failures import reason_of

        try:
            # Whatever botocore and urllib3 raise over a broken response is translated.
            with (
                translated(RetrieverUnavailable, "malformed: the answer", BotoCoreError, ClientError),
                within(left, LARGEST_ANSWER),
            ):
                response = self._client().invoke_endpoint(
                    EndpointName=self._endpoint, Body=body, ContentType=_JSON, Accept=_JSON
                )
                return bytes(response["Body"].read())
        except (BotoCoreError, ClientError) as error:
            # The message can contain the account and the role, so it goes into the log, not to callers.
            _log.warning("The two-tower endpoint did not respond: %s: %s", type(error).__name__, error)
            raise RetrieverUnavailable(reason_of(error)) from error


def _request_body(person: str | None, history: Sequence[Liking], count: int) -> bytes:
    request: dict[str, Any] = {"history": [[each.item_id, round(each.weight, 4)] for each in history], "k": count}
    return json.dumps(request if person is None else request | {"person": person}, separators=(",", ":")).encode()


def read(response: bytes, count: int, ms: float = 0.0) -> Proposed:
    """Return the films of a response. Raises RetrieverUnavailable for an unexpected format."""
    try:
        document = json.loads(response)
        item_ids, scores = document["item_ids"], document["scores"]
        is_valid = (
            isinstance(item_ids, list)
            and isinstance(scores, list)
            and len(item_ids) == len(scores) <= count
            and len(set(item_ids)) == len(item_ids)
            and all(isinstance(each, str) for each in item_ids)
            and all(isinstance(each, int | float) and math.isfinite(each) for each in scores)
            and all(before >= after for before, after in pairwise(scores))
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise RetrieverUnavailable("malformed: the answer does not have the requested form") from error
    if not is_valid:
        raise RetrieverUnavailable("malformed: the answer does not have the requested form")
    if not item_ids:
        raise RetrieverUnavailable("the endpoint has no model yet")
    return Proposed(tuple(item_ids), tuple(float(each) for each in scores), ms)


def sagemaker_client(region: str | None, endpoint: str | None, timeout_s: float) -> Callable[[], Any]:
    """Return a function that makes the client once, on first use. The client does not retry: the deadline leaves no
    time for a second attempt.
    """
    lock = threading.Lock()
    clients: list[Any] = []

    def client() -> Any:  # noqa: ANN401 - botocore makes its clients' classes at run time
        from botocore.config import Config

        from services.adapters.aws import make_client

        with lock:
            if not clients:
                config = Config(
                    connect_timeout=1,
                    read_timeout=max(timeout_s, 1),
                    retries={"mode": "standard", "total_max_attempts": 1},
                    max_pool_connections=16,
                    tcp_keepalive=True,
                )
                clients.append(make_client("sagemaker-runtime", region, config, endpoint))
            return clients[0]

    return client
