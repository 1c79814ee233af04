"""Run uvicorn: our own socket, checks before the first request, workers."""

import errno
import faulthandler
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from services.bootstrap import bucket_follower, build_services
from services.cli.balance import Dispatcher, Intake
from services.cli.console import ExitCode
from services.cli.limits import LimitedProtocol
from services.cli.verb_errors import Failed
from services.recommender.errors import StateUnavailable
from services.recommender.ports import Deadline
from services.settings import Settings

_log = logging.getLogger("marquee.server")

APPLICATION = "services.cli.asgi:application"
PROTOCOL = "services.cli.limits:LimitedProtocol"
DRAIN_S = 10
# A worker that takes this much longer than draining counts as hung.
END_S = 5
START_S = 60.0
STATE_WAIT_S = 2.0
# Seconds between attempts to replace a worker while others serve.
RETRY_S = 30.0
SILENT_S = 60
# Longer than the load balancer's idle timeout: the server must not close a connection the balancer is writing to.
LONGER_S = 15

Ready = Callable[[], None]


class Server(uvicorn.Server):
    """Uvicorn server that reports when it is up."""

    def __init__(self, config: uvicorn.Config, ready: Ready) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then call ``ready``."""
        await super().startup(sockets)
        if self.started:
            self._ready()


class WorkerServer(uvicorn.Server):
    """Uvicorn server that receives its connections through a channel instead of accepting them."""

    _intake: Intake | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then report it through the channel."""
        faulthandler.enable()
        await super().startup([])
        channel = (sockets or [])[0]
        self._intake = Intake(channel, self._connection, self._end)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking connections, then finish the open ones."""
        if self._intake is not None:
            self._intake.close()
        await super().shutdown(sockets)

    def _connection(self) -> LimitedProtocol:
        return LimitedProtocol(self.config, self.server_state, self.lifespan.state)

    def _end(self) -> None:
        self.should_exit = True


class Worker(Process):
    """Uvicorn worker process running ``WorkerServer``."""

    retire: Callable[[], None]
    """Sends it no more connections; it finishes those it has, then exits."""

    @property
    def server(self) -> uvicorn.Server:
        """The server, created in the worker process."""
        if self._server is None:
            self._server = WorkerServer(self.config)
        return self._server


class Supervisor(Multiprocess):
    """Uvicorn worker processes with connections balanced among them; calls ``ready`` when all are up."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, ready: Ready) -> None:
        super().__init__(config, [])
        self._dispatcher = Dispatcher(listener, config.backlog)
        self._ready = ready
        self._next_try = 0.0
        self.failed = False

    def init_processes(self) -> None:
        """Start the workers and wait for them."""
        self.processes = [self._start_worker() for _ in range(self.processes_num)]
        if all(process.wait_until_ready(START_S, self.should_exit) for process in self.processes):
            self._ready()

    def keep_subprocess_alive(self) -> None:
        """Replace a worker that died. If none can be started, the others carry on and another attempt follows later. If
        no worker is left, or the dispatcher has died, exit: a port that accepts but never responds is worse than a
        closed one.
        """
        if not self.should_exit.is_set() and not self._dispatcher.is_alive:
            _log.error("the connection dispatcher died: shutting down")
            self.failed = True
            self.should_exit.set()
        if self.should_exit.is_set() or time.monotonic() < self._next_try:
            return
        for at, process in enumerate(self.processes):
            if process.is_alive(timeout=self.config.timeout_worker_healthcheck):
                continue
            process.kill()
            process.join()
            _log.error("a worker died (exit code %s); replacing it", process.exitcode)
            fresh = self.processes[at] = self._start_worker()
            if not self._comes_up(fresh) and not self.should_exit.is_set():
                self._next_try = time.monotonic() + RETRY_S
                self.failed = not any(each.process.is_alive() for each in self.processes)
                if self.failed:
                    _log.error("no worker can be started: shutting down")
                    self.should_exit.set()
                return

    def terminate_all(self) -> None:
        """Stop accepting connections, then terminate the workers."""
        self._dispatcher.close()
        super().terminate_all()

    def restart_all(self) -> None:
        """Replace each worker by a new one that serves before the old one exits (SIGHUP)."""
        for at, old in enumerate(self.processes):
            fresh = self._start_worker()
            if not self._comes_up(fresh):
                fresh.kill()
                fresh.join()
                _log.error("no new worker can be started: keeping the others")
                return
            self.processes[at] = fresh
            assert isinstance(old, Worker)
            # Not by a signal, which would drop the connections already sent to it.
            old.retire()
            old.process.join(DRAIN_S + END_S)
            old.kill()
            old.join()

    def handle_ttin(self) -> None:
        """Ignore the signal: ``--workers`` sets the number of workers."""

    handle_ttou = handle_ttin

    def _start_worker(self) -> Worker:
        channel, retire = self._dispatcher.channel()
        with channel:
            worker = Worker(self.config, [channel])
            worker.start()
        worker.retire = retire
        return worker

    def _comes_up(self, process: Process) -> bool:
        """Wait until the worker is up, handling signals meanwhile."""
        end = time.monotonic() + START_S
        while process.process.is_alive() and time.monotonic() < end and not self.should_exit.is_set():
            if process.is_ready(timeout=1):
                return True
            self.handle_signals()
        return False


@contextmanager
def following(settings: Settings) -> Iterator[None]:
    """Fetch the released bundle from BUNDLE_BUCKET, if set, and follow it; all workers share what this process fetches.

    Raises BundleError, BucketUnavailable if there is no bundle to serve afterwards.
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


def check_start(settings: Settings) -> tuple[str, str | None]:
    """Return the version that would be served, and why the state store is unavailable, if it is. Raises BundleError now
    rather than at the first request.
    """
    services = build_services(settings)
    try:
        version = services.releases.current().bundle.version
        try:
            services.state.ping(Deadline.within(services.clock, STATE_WAIT_S))
        except StateUnavailable as error:
            return version, str(error)
        return version, None
    finally:
        services.close()


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address. Raises Failed if the address is in use or not one of this machine's."""
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
    """Serve until a signal; requests in flight are finished first. Return an exit code."""
    # Workers are separate processes: command-line choices reach them through the environment.
    os.environ["MARQUEE_HOME"] = str(settings.marquee_home.resolve())
    os.environ["DEMO_USERS"] = ",".join(settings.demo_users)
    config = configured(settings, workers)
    if workers > 1:
        supervisor = Supervisor(config, listener, ready)
        supervisor.run()
        return ExitCode.FAILED if supervisor.failed else ExitCode.OK
    # Uvicorn re-raises the signal when it is done; being stopped is not a failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    # Log the cause if the system kills the process, e.g. when a mapped bundle file is truncated.
    faulthandler.enable()
    server = Server(config, ready)
    server.run(sockets=[listener])
    return ExitCode.OK if server.started else ExitCode.FAILED


def configured(settings: Settings, workers: int) -> uvicorn.Config:
    """Return uvicorn's configuration."""
    return uvicorn.Config(
        APPLICATION,
        factory=True,
        workers=workers,
        log_level="warning",
        access_log=False,
        # Its messages go to the same handlers as all others.
        log_config=None,
        server_header=False,
        # By name: workers are separate processes, and the application sets the limits.
        http=PROTOCOL,
        ws="none",
        timeout_graceful_shutdown=DRAIN_S,
        # Uvicorn's default of 5 s would close connections the balancer is about to reuse: an occasional 502.
        timeout_keep_alive=settings.balancer_idle_secs + LONGER_S,
        # Uvicorn kills a worker that is silent for this long, with its requests; on a busy machine its default of 5 s
        # kills workers that are alive or still starting.
        timeout_worker_healthcheck=SILENT_S,
    )


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(ExitCode.OK)
