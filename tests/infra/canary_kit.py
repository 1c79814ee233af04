"""The canary's own code under the Node.js of its runtime, with stand-ins for the modules that AWS adds."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.infra.tools import ROOT
from tests.patience import LONGEST_MS, PATIENCE_S

CODE = ROOT / "infra/canary/canary.js"
# The part of Synthetics that the canary uses: a step runs, and its exceptions propagate.
SYNTHETICS = """
exports.synthetics = {
  async executeStep(name, step) { process.stdout.write(`step ${name}\\n`); return step(); },
};
"""
SECRETS = """
exports.GetSecretValueCommand = class { constructor(input) { this.input = input; } };
exports.SecretsManagerClient = class {
  async send(command) { return { SecretString: `mq_key_of_${command.input.SecretId}` }; }
};
"""
RUNNER = "require(process.argv[1]).handler().then(() => {}, (e) => { console.error(e.message); process.exit(1); })"

Json = dict[str, Any]
Answer = Callable[[Json], tuple[int, Json]]


@dataclass
class Requests:
    """The requests that the server received."""

    paths: list[str] = field(default_factory=list)
    bodies: list[Json] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, Requests]]:
    """A server on loopback with these responses, and the requests it received."""
    requests = Requests()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            requests.paths.append(self.path)
            requests.bodies.append(request)
            requests.keys.append(self.headers.get("x-api-key"))
            status, document = answer(request)
            content = json.dumps(document).encode()
            try:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                return  # the canary timed out

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Runtime:
    """Node.js 22 with stand-ins for the modules that AWS adds."""

    node: Path
    modules: Path

    def run(self, url: str, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = {"API_URL": url, "PERSON": "canary", "ITEMS": "20", "DEEP": "off", "NODE_PATH": str(self.modules)}
        variables |= {"TIMEOUT_MS": str(LONGEST_MS)}
        return subprocess.run(
            [str(self.node), "-e", RUNNER, str(CODE)],
            env={**variables, **environment}, capture_output=True, text=True, timeout=PATIENCE_S,
        )  # fmt: skip


def runtime_in(folder: Path, node: Path) -> Runtime:
    """A runtime whose stand-ins are written into a folder."""
    for name, code in (("@aws/synthetics-core", SYNTHETICS), ("@aws-sdk/client-secrets-manager", SECRETS)):
        (folder / name).mkdir(parents=True)
        (folder / name / "index.js").write_text(code)
    return Runtime(node, folder)
