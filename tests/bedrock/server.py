"""InvokeModel of the two embedding models over HTTP: checked requests, realistic answers, and injected faults.

Shapes: Amazon Bedrock API Reference, "InvokeModel"; user guides of Titan Text Embeddings V2 and of Nova embeddings.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import numpy as np

TITAN = "amazon.titan-embed-text-v2:0"
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
_DIMS = {TITAN: {256, 512, 1_024}, NOVA: {256, 384, 1_024, 3_072}}
_PURPOSES = {"GENERIC_INDEX", "GENERIC_RETRIEVAL", "TEXT_RETRIEVAL", "CLASSIFICATION", "CLUSTERING"}


class Refused(Exception):
    """An error response of the service."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.status = status
        self.code = code


Fault = Callable[[bytes], bytes]
"""Takes a valid response body; returns the body to send instead, or raises Refused."""


def throttled(_: bytes) -> bytes:
    """Refuse: too many requests."""
    raise Refused(429, "ThrottlingException", "Too many requests, please wait before trying again.")


def denied(_: bytes) -> bytes:
    """Refuse: access denied."""
    raise Refused(403, "AccessDeniedException", "You don't have access to the model with the specified model ID.")


def broken(_: bytes) -> bytes:
    """Refuse: the service is unavailable."""
    raise Refused(503, "ServiceUnavailableException", "Service unavailable.")


def changed(change: Callable[[list[float]], object]) -> Fault:
    """A fault that replaces the vector of a response by ``change(vector)``."""

    def fault(body: bytes) -> bytes:
        document = json.loads(body)
        if "embeddings" in document:
            document["embeddings"][0]["embedding"] = change(document["embeddings"][0]["embedding"])
        else:
            document["embedding"] = change(document["embedding"])
            document["embeddingsByType"]["float"] = document["embedding"]
        return json.dumps(document).encode()

    return fault


@dataclass
class Bedrock:
    """``faults``: one for each of the next calls, None for a valid answer; then ``always``. ``silent``: hold answers
    back until ``speak`` is set. ``seen``: model and body of each valid call; ``texts``: their texts.
    """

    url: str = ""
    faults: list[Fault | None] = field(default_factory=list)
    always: Fault | None = None
    speak: threading.Event = field(default_factory=threading.Event)
    silent: bool = False
    seen: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def texts(self) -> list[str]:
        """The texts of all valid calls."""
        return [text_of(model, body) for model, body in self.seen]

    def answer(self, model: str, raw: bytes) -> bytes:
        """Return the response body. Raises Refused."""
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            fault = self.faults.pop(0) if self.faults else self.always
        try:
            if self.silent:
                self.speak.wait()
            body = checked(model, raw)
            with self._lock:
                self.seen.append((model, body))
            good = json.dumps(invoked(model, body)).encode()
            return good if fault is None else fault(good)
        finally:
            with self._lock:
                self._at_once -= 1


def checked(model: str, raw: bytes) -> dict[str, Any]:
    """Return the parsed body of a call. Raises Refused for one that the service would refuse."""
    if model not in _DIMS:
        raise Refused(400, "ValidationException", "The provided model identifier is invalid.")
    try:
        body: dict[str, Any] = json.loads(raw)
        text, dims = (_titan if model == TITAN else _nova)(body)
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(400, "ValidationException", f"Malformed input request: {error}") from error
    if not isinstance(text, str) or not text.strip() or len(text) > 50_000:
        raise Refused(400, "ValidationException", "Malformed input request: text")
    if dims not in _DIMS[model]:
        raise Refused(400, "ValidationException", f"Malformed input request: {dims} is not a valid dimension")
    return body


def _titan(body: dict[str, Any]) -> tuple[Any, Any]:
    if extra := set(body) - {"inputText", "dimensions", "normalize", "embeddingTypes"}:
        raise ValueError(f"extraneous key {extra}")
    return body["inputText"], body.get("dimensions", 1_024)


def _nova(body: dict[str, Any]) -> tuple[Any, Any]:
    params = body["singleEmbeddingParams"]
    text = params["text"]
    if set(body) - {"schemaVersion", "taskType", "singleEmbeddingParams"} or body["taskType"] != "SINGLE_EMBEDDING":
        raise ValueError("taskType")
    if params["embeddingPurpose"] not in _PURPOSES or text["truncationMode"] not in {"START", "END", "NONE"}:
        raise ValueError("embeddingPurpose or truncationMode")
    return text["value"], params.get("embeddingDimension", 3_072)


def text_of(model: str, body: dict[str, Any]) -> str:
    """The text of a call."""
    text: str = body["inputText"] if model == TITAN else body["singleEmbeddingParams"]["text"]["value"]
    return text


def invoked(model: str, body: dict[str, Any]) -> dict[str, Any]:
    """The response of a model: vectors of hashed words, so that texts that share words are close."""
    text = text_of(model, body)
    if model == TITAN:
        vector = _vector(text, body.get("dimensions", 1_024))
        tokens = max(1, len(text) // 5)
        return {"embedding": vector, "embeddingsByType": {"float": vector}, "inputTextTokenCount": tokens}
    vector = _vector(text, body["singleEmbeddingParams"].get("embeddingDimension", 3_072))
    return {"embeddings": [{"embeddingType": "TEXT", "embedding": vector}]}


def _vector(text: str, dims: int) -> list[float]:
    values = np.full(dims, 1e-3)
    for word in text.lower().split():
        digest = hashlib.blake2b(word.strip(".,()").encode(), digest_size=4).digest()
        values[int.from_bytes(digest[:2]) % dims] += 1.0 if digest[2] % 2 else -1.0
    unit: list[float] = (values / np.linalg.norm(values)).tolist()
    return unit


@contextmanager
def bedrock() -> Iterator[Bedrock]:
    """Run the server on a loopback port of its own."""
    service = Bedrock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                parts = self.path.split("/")
                if len(parts) != 4 or parts[1] != "model" or parts[3] != "invoke":
                    raise Refused(404, "UnknownOperationException")
                if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256"):
                    raise Refused(403, "MissingAuthenticationTokenException")
                self._send(200, service.answer(unquote(parts[2]), raw))
            except Refused as error:
                self._send(error.status, json.dumps({"message": str(error)}).encode(), error.code)

        def _send(self, status: int, body: bytes, code: str | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if code:
                self.send_header("x-amzn-ErrorType", f"{code}:http://internal.amazon.com/coral/com.amazon.bedrock/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield service
    finally:
        service.speak.set()
        server.shutdown()
        server.server_close()
