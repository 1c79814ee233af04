"""``python -m infra.release.probe_server BUNDLE``: serve the active bundle locally, and probe it as the agent does.

If servers follow the bucket's pointer, a bundle is checked this way before the pointer moves to it: with the same
server, settings, tables and index as theirs, on loopback.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from typing import Any

import boto3

from infra.release.agent.probe import Ask, ProbeFailed, probe

SERVE = (sys.executable, "-c", "from services.cli.main import run; run()", "serve")
HOST = "127.0.0.1"
START_S, ANSWER_S, PAUSE_S = 300.0, 60.0, 0.5
# The server gives requests in progress ten seconds to finish.
END_S = 30.0


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Return 0 if the bundle's responses are right, else 1."""
    (bundle,) = arguments
    try:
        with serving(environment) as port:
            ask = http_requester(port, {"x-api-key": _key(environment["CANARY_KEY_ARN"])})
            probe(ask, bundle=bundle, person=environment["PROBE_PERSON"])
    except ProbeFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Bundle {bundle} answers.\n")
    return 0


@contextmanager
def serving(environment: Mapping[str, str]) -> Iterator[int]:
    """Yield the port of a server of this machine's active bundle, which follows no bucket. Raises ProbeFailed."""
    port = _free_port()
    own = {name: value for name, value in environment.items() if name != "BUNDLE_BUCKET"}
    with subprocess.Popen(SERVE, env={**own, "MARQUEE_HOST": HOST, "MARQUEE_PORT": str(port)}) as server:  # noqa: S603
        try:
            _wait(server, port)
            yield port
        finally:
            _end(server)


def http_requester(port: int, headers: Mapping[str, str]) -> Ask:
    """Return a function that sends a request to a server on loopback."""

    def ask(method: str, target: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        connection = HTTPConnection(HOST, port, timeout=ANSWER_S)
        sent = None if body is None else json.dumps(body)
        try:
            connection.request(method, target, sent, {"content-type": "application/json", **headers})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, HTTPException, ValueError) as error:
            raise ProbeFailed(f"{method} {target}: {error}") from error
        finally:
            connection.close()

    return ask


def _wait(server: "subprocess.Popen[bytes]", port: int) -> None:
    until, ask = time.monotonic() + START_S, http_requester(port, {})
    while server.poll() is None:
        with suppress(ProbeFailed):
            if ask("GET", "/health/live", None)[0] == 200:
                return
        if time.monotonic() > until:
            raise ProbeFailed(f"the server did not start within {START_S:.0f} s")
        time.sleep(PAUSE_S)
    raise ProbeFailed(f"the server exited with code {server.returncode} before it answered; see its output above")


def _end(server: "subprocess.Popen[bytes]") -> None:
    """Kill the server if it does not exit, so that the job does not wait until its own timeout."""
    server.terminate()
    try:
        server.wait(END_S)
    except subprocess.TimeoutExpired:
        server.kill()


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _key(arn: str) -> str:
    return str(boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
