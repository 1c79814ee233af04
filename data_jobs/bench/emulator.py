"""Run a function under Lambda's runtime interface emulator: the real event loop, as local processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from services.recommender.errors import Unavailable

_HOST = "127.0.0.1"
_INVOKE = "/2015-03-31/functions/function/invocations"
_START_S = 20.0
_STOP_S = 5.0
_POLL_S = 0.005
_LONGEST_S = 120.0
_INHERITED = ("LANG", "TMPDIR")


@dataclass(frozen=True, slots=True)
class EmulatedFunction:
    """A function to run. ``folders``: its code and packages, first match wins; ``handler``: "module.function";
    ``timeout_s``: the emulator's limit. ``tools``: folder with the emulator and the runtime client.
    """

    tools: Path
    folders: Sequence[Path]
    handler: str
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_s: int = 29


class Emulated:
    """A running emulator; the function's process starts with the first event. Stopped at the end of the block."""

    def __init__(self, function: EmulatedFunction, log: Path) -> None:
        self._function = function
        self._log = log
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._port, api_port = _free_ports(2)
        function = self._function
        # The code folder goes before the package folders; the runtime client comes last.
        path = os.pathsep.join(map(str, (*function.folders, function.tools)))
        variables = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "LAMBDA_TASK_ROOT": str(function.folders[0]),
            "AWS_LAMBDA_FUNCTION_NAME": "marquee",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout_s),
        }
        command = [
            str(function.tools / "aws-lambda-rie"), "--log-level", "error",
            "--runtime-interface-emulator-address", f"{_HOST}:{self._port}",
            "--runtime-api-address", f"{_HOST}:{api_port}",
            # Not the project's environment: its packages would hide what the folders lack.
            str(Path(sys.executable).resolve()), "-S", "-m", "awslambdaric", function.handler,
        ]  # fmt: skip
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own tools
                command,
                cwd=function.folders[0],
                env={**variables, **inherited, **function.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait(time.monotonic() + _START_S)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def invoke(self, event: object) -> Any:  # noqa: ANN401 - any JSON
        """Return the function's response to an event. Raises Unavailable if it is not JSON."""
        answer = self.invoke_raw(json.dumps(event).encode())
        try:
            return json.loads(answer)
        except ValueError as error:
            raise Unavailable(f"the function's response is not JSON: {answer[:500]!r}") from error

    def invoke_raw(self, event: bytes) -> bytes:
        """Return the response as raw bytes. Raises Unavailable if there is none."""
        connection = HTTPConnection(_HOST, self._port, timeout=self._function.timeout_s + _LONGEST_S)
        try:
            connection.request("POST", _INVOKE, event)
            return connection.getresponse().read()
        except (OSError, HTTPException) as error:
            raise Unavailable(f"the Lambda emulator failed: {error!r}; its output: {self.output()[-500:]}") from error
        finally:
            connection.close()

    def output(self) -> str:
        """Return the output of emulator and function so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _wait(self, until: float) -> None:
        while time.monotonic() < until:
            try:
                socket.create_connection((_HOST, self._port), _START_S).close()
            except OSError:
                time.sleep(_POLL_S)
            else:
                return
            if self._process is None or self._process.poll() is not None:
                raise Unavailable(f"the Lambda emulator exited at once: {self.output()[-500:]}")
        raise Unavailable(f"the Lambda emulator did not start within {_START_S:.0f} s: {self.output()[-500:]}")

    def _stop(self) -> None:
        """Stop the emulator and the function, which share a session of their own."""
        process, self._process = self._process, None
        if process is None:
            return
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, signal_number)
                process.wait(_STOP_S)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


def _free_ports(count: int) -> list[int]:
    """Return ports that are free now; the emulator cannot choose its own."""
    sockets = [socket.create_server((_HOST, 0)) for _ in range(count)]
    try:
        return [int(listener.getsockname()[1]) for listener in sockets]
    finally:
        for listener in sockets:
            listener.close()
