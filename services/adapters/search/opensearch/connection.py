"""Connection to OpenSearch: signed if required, without library retries, failures as short messages.

Imported only on use: the library takes longer to load than anything else but FastAPI.
Source: Amazon OpenSearch Serverless developer guide, "Supported operations" and "Signing HTTP requests": no ping, no
info, and ``x-amz-content-sha256`` among the signed headers.
"""

import logging
from typing import Any

from opensearchpy import OpenSearch, Urllib3AWSV4SignerAuth, Urllib3HttpConnection
from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException, TransportError

from services.adapters.bounded import AnswerRefused, bounded_class, within
from services.adapters.foreign import translated
from services.adapters.search.opensearch.statuses import failure_of
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.adapters.search.remote_failure import RemoteFailure, unreadable

CONNECTIONS = 16

# Its warnings include a traceback per timeout; our own errors contain what matters.
logging.getLogger("opensearch").setLevel(logging.ERROR)


class BoundedConnection(Urllib3HttpConnection):
    """Connection whose responses have a deadline and a size limit where ``within`` sets them."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - as the base takes them
        super().__init__(**kwargs)
        self.pool.ConnectionCls = bounded_class(self.pool.ConnectionCls)


def connect(target: OpenSearchTarget, timeout_s: float, connections: int = CONNECTIONS) -> OpenSearch:
    """Return a thread-safe client that connects on first use."""
    return OpenSearch(
        hosts=[target.endpoint],
        http_auth=_signer(target),
        connection_class=BoundedConnection,
        pool_maxsize=connections,
        timeout=timeout_s,
        max_retries=0,
    )


def described(error: OpenSearchException) -> str:
    """Return an error's message without object representations."""
    if isinstance(error, TransportError) and not isinstance(error.status_code, int):
        return str(error.error)
    return str(error)


def _signer(target: OpenSearchTarget) -> Urllib3AWSV4SignerAuth | None:
    if not target.signs:
        return None
    from services.adapters.aws import session

    return Urllib3AWSV4SignerAuth(session().get_credentials(), target.region, "aoss")


class JsonConnection:
    """JSON requests. Every failure raises RemoteFailure."""

    def __init__(self, target: OpenSearchTarget) -> None:
        self._target = target
        self._client = connect(target, target.timeout_s)

    def request(self, method: str, path: str, body: str | None, timeout_s: float) -> dict[str, Any]:
        """Send a request and return the response, received completely in time."""
        try:
            with translated(unreadable, "the response", OpenSearchException, UnicodeDecodeError), within(timeout_s):
                response = self._client.transport.perform_request(
                    method, path, params={"request_timeout": timeout_s}, body=body
                )
        except ConnectionTimeout as error:
            raise RemoteFailure("timeout", f"no response from {self._target.endpoint} in {timeout_s:.3f} s") from error
        except TransportError as error:
            if isinstance(error.info, AnswerRefused):
                raise RemoteFailure("unreadable answer", str(error.info)) from error
            raise failure_of(error.status_code, described(error)) from error
        except (OpenSearchException, UnicodeDecodeError) as error:
            raise RemoteFailure("unreadable answer", str(error)) from error
        if not isinstance(response, dict):
            raise RemoteFailure("unreadable answer", f"{path}: {type(response).__name__}, expected a JSON object")
        return response

    def close(self) -> None:
        """Close the sockets."""
        self._client.close()
