"""Running uvicorn: a socket of our own, checks before the first request, workers."""

import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from services.bootstrap import bucket_follower, build_services
from services.cli.console import ExitCode
from services.cli.failures import Failed
from services.settings import Settings

APPLICATION = "services.cli.asgi:application"
DRAIN_S = 10
START_S = 60.0
SILENT_S = 60
# So much longer than the balancer in front: who closes first must not be the one that is just being written to.
LONGER_S = 15

Ready = Callable[[], None]


class Server(uvicorn.Server):
    """Uvicorn that says when it is up."""

    def __init__(self, config: uvicorn.Config, ready: Ready) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self.started:
            self._ready()


class Supervisor(Multiprocess):
    """Uvicorn's worker processes, and a word when all of them are up."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], ready: Ready) -> None:
        super().__init__(config, sockets)
        self._ready = ready

    def init_processes(self) -> None:
        """Start the workers and wait for them."""
        super().init_processes()
        if all(process.wait_until_ready(START_S, self.should_exit) for process in self.processes):
            self._ready()

    @property
    def failed(self) -> bool:
        """Whether a worker could not even start."""
        return any(process.exitcode == STARTUP_FAILURE for process in self.processes)


@contextmanager
def following(settings: Settings) -> Iterator[None]:
    """Fetch what BUNDLE_BUCKET releases, if it is set, and follow it; all workers share what this process fetches.

    Raises BundleError, BucketUnavailable if there is then no bundle to serve.
    """
    follower = bucket_follower(settings)
    if follower is None:
        yield
        return
    try:
        follower.start()
        yield
    finally:
        follower.stop()


def check_bundle(settings: Settings) -> str:
    """The version that would be served. Raises BundleError, StateUnavailable: better now than at the first request."""
    services = build_services(settings)
    try:
        return services.releases.current().bundle.version
    finally:
        services.close()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises Failed where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, UnicodeError) as error:
        listener.close()
        raise _refused(host, port, error) from error
    listener.set_inheritable(True)
    return listener


def _refused(host: str, port: int, error: Exception) -> Failed:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        advice = f"stop the program that uses it, or choose another: --port {port + 1 if port < 65_535 else port - 1}"
        return Failed(f"Port {port} on {host} is in use; {advice}", ExitCode.UNAVAILABLE)
    if number == errno.EACCES:
        return Failed(f"Port {port} on {host} is not allowed for this user; use one above 1023", ExitCode.UNAVAILABLE)
    return Failed(f"Cannot listen on {host}: {error}; is it an address of this machine?", ExitCode.UNAVAILABLE)


def serve_forever(settings: Settings, listener: socket.socket, workers: int, ready: Ready) -> int:
    """Serve until a signal comes; requests in flight are finished first. Returns an exit code."""
    # Workers are fresh processes: what the command line chose reaches them by the environment.
    os.environ["MARQUEE_HOME"] = str(settings.marquee_home.resolve())
    os.environ["DEMO_USERS"] = ",".join(settings.demo_users)
    config = configured(workers, settings.balancer_idle_secs)
    if workers > 1:
        supervisor = Supervisor(config, [listener], ready)
        supervisor.run()
        return ExitCode.FAILED if supervisor.failed else ExitCode.OK
    # Uvicorn raises the signal once more when it is done; being stopped is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    server = Server(config, ready)
    server.run(sockets=[listener])
    return ExitCode.OK if server.started else ExitCode.FAILED


def configured(workers: int, balancer_idle_s: int) -> uvicorn.Config:
    """How uvicorn serves. ``balancer_idle_s``: for how long a balancer in front keeps a connection that is idle."""
    return uvicorn.Config(
        APPLICATION,
        factory=True,
        workers=workers,
        log_level="warning",
        access_log=False,
        # What it has to say goes where all else goes.
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
        # Uvicorn's own five seconds would close connections that the balancer is about to use: a 502 now and then.
        timeout_keep_alive=balancer_idle_s + LONGER_S,
        # Uvicorn kills a worker that is silent for so long, and with it the requests it has; on a busy machine its own
        # five seconds kill the living, and those that have just begun to start.
        timeout_worker_healthcheck=SILENT_S,
    )


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(ExitCode.OK)
