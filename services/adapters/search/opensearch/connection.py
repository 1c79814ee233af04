"""The connection: signed where it must be, no retries but our own, every failure a few plain words.

Only who asks imports it: the library takes longer than all else of a cold start but FastAPI.
Source: Amazon OpenSearch Serverless developer guide, "Supported operations" and "Signing HTTP requests": no ping, no
info, and ``x-amz-content-sha256`` among the signed headers.
"""

import logging
from typing import Any

from opensearchpy import OpenSearch, Urllib3AWSV4SignerAuth, Urllib3HttpConnection
from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException, TransportError

from services.adapters.bounded import AnswerRefused, bounded_class, within
from services.adapters.foreign import translated
from services.adapters.search.failures import RemoteFailure, unreadable
from services.adapters.search.opensearch.failures import failure_of
from services.adapters.search.opensearch.target import Target

CONNECTIONS = 16

# Its warnings carry a traceback for each call that times out; what matters of them is in our own errors.
logging.getLogger("opensearch").setLevel(logging.ERROR)


class BoundedConnection(Urllib3HttpConnection):
    """A connection whose answers have a deadline and a size limit wherever ``within`` sets them."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - as the base takes them
        super().__init__(**kwargs)
        self.pool.ConnectionCls = bounded_class(self.pool.ConnectionCls)


def connect(target: Target, timeout_s: float, connections: int = CONNECTIONS) -> OpenSearch:
    """A client that opens its connections when it is first used and is safe to share by threads."""
    return OpenSearch(
        hosts=[target.endpoint],
        http_auth=_signer(target),
        connection_class=BoundedConnection,
        pool_maxsize=connections,
        timeout=timeout_s,
        max_retries=0,
    )


def described(error: OpenSearchException) -> str:
    """What went wrong, without the representation of objects around it."""
    if isinstance(error, TransportError) and not isinstance(error.status_code, int):
        return str(error.error)
    return str(error)


def _signer(target: Target) -> Urllib3AWSV4SignerAuth | None:
    if not target.signs:
        return None
    from services.adapters.aws import session

    return Urllib3AWSV4SignerAuth(session().get_credentials(), target.region, "aoss")


class Connection:
    """Requests for JSON objects. Raises RemoteFailure whatever goes wrong."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._client = connect(target, target.timeout_s)

    def request(self, method: str, path: str, body: str | None, timeout_s: float) -> dict[str, Any]:
        """The answer to one request, whose last byte came in time."""
        try:
            with translated(unreadable, "the answer", OpenSearchException, UnicodeDecodeError), within(timeout_s):
                answer = self._client.transport.perform_request(
                    method, path, params={"request_timeout": timeout_s}, body=body
                )
        except ConnectionTimeout as error:
            raise RemoteFailure("timeout", f"no answer from {self._target.endpoint} in {timeout_s:.3f} s") from error
        except TransportError as error:
            if isinstance(error.info, AnswerRefused):
                raise RemoteFailure("unreadable answer", str(error.info)) from error
            raise failure_of(error.status_code, described(error)) from error
        except (OpenSearchException, UnicodeDecodeError) as error:
            raise RemoteFailure("unreadable answer", str(error)) from error
        if not isinstance(answer, dict):
            raise RemoteFailure("unreadable answer", f"{path}: {type(answer).__name__}, expected a JSON object")
        return answer

    def close(self) -> None:
        """Give the sockets back."""
        self._client.close()
