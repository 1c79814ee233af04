"""An AWS stand-in that knows one API key and two secrets, no people and no index, and responds at once.

A function deployed by `infra` gets the pepper of its API keys and the origin header from Secrets Manager, the key and
the person from DynamoDB, and search hits from OpenSearch. Here one loopback server stands in for all of them, so that
only the clients are timed: import, construction, and one round trip each.
"""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_KEY_ID, _PEPPER, _ORIGIN = "bench", "a pepper for the bench only", "an origin for the bench only"
_ARN = "arn:aws:secretsmanager:eu-central-1:111111111111:secret:"
# What a caller sends; the key as services/api/app/security/api_keys.py makes it.
CREDENTIALS = {
    "x-api-key": f"mq_{_KEY_ID}_{hmac.new(_PEPPER.encode(), _KEY_ID.encode(), hashlib.sha256).hexdigest()[:40]}",
    "x-origin-verify": _ORIGIN,
}
_KEY_ITEM = {
    "pk": {"S": "key#"}, "sk": {"S": _KEY_ID}, "name": {"S": "bench"}, "scopes": {"S": "serve"},
    "max_requests": {"N": "0"}, "window_s": {"N": "60"}, "revoked": {"BOOL": False}, "created_at": {"N": "0"},
}  # fmt: skip

# Slowness on a busy machine is measured, not treated as a failure.
_LIMITS = ("OPENSEARCH_TIMEOUT_MS", "DDB_TIMEOUT_MS", "REQUEST_DEADLINE_MS")


@contextmanager
def fake_aws() -> Iterator[dict[str, str]]:
    """Run the stand-in; yield the settings of a function that uses it."""
    server = _FakeAwsServer(("127.0.0.1", 0), _FakeAwsHandler)
    thread = threading.Thread(target=server.serve_forever, name="marquee-bench-aws", daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield {
            "OPENSEARCH_ENDPOINT": address,
            "DDB_ENDPOINT": address,
            "DDB_USERS_TABLE": "bench-users",
            "DDB_EVENTS_TABLE": "bench-events",
            "DDB_CACHE_TABLE": "bench-rec-cache",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": address,
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_REGION": "eu-central-1",
            "API_KEYS": "on",
            "API_KEY_PEPPER_ARN": f"{_ARN}pepper",
            "ORIGIN_SECRET_ARN": f"{_ARN}origin",
            "METRICS": "emf",
            **dict.fromkeys(_LIMITS, "60000"),
        }
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer_to(target: str, request: Mapping[str, Any]) -> tuple[int, Any]:
    """Return status and document for a call of the AWS JSON protocol."""
    operation = target.partition(".")[2]
    if operation == "GetSecretValue":
        if request.get("VersionStage") == "AWSPREVIOUS":
            return 400, {"__type": "ResourceNotFoundException"}
        return 200, {"SecretString": _PEPPER if request["SecretId"].endswith("pepper") else _ORIGIN}
    if operation == "GetItem":
        return 200, {"Item": _KEY_ITEM} if request["Key"]["pk"]["S"] == "key#" else {}
    return 200, {"Responses": {}, "UnprocessedKeys": {}} if operation == "BatchGetItem" else {}


class _FakeAwsServer(ThreadingHTTPServer):
    # A function opens several connections at once; of the default of five the kernel may drop some on a busy machine.
    request_queue_size = 128


class _FakeAwsHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        target = self.headers.get("x-amz-target")
        if target is None:
            self._answer(404, {"error": {"type": "index_not_found_exception"}, "status": 404})
        else:
            self._answer(*_answer_to(target, json.loads(body)))

    do_GET = do_POST  # noqa: N815 - the base class names it

    def _answer(self, status: int, document: object) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("x-amzn-requestid", "bench")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Log nothing."""
