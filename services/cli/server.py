"""Running uvicorn: a socket of our own, checks before the first request, workers."""

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
from services.cli.failures import Failed
from services.cli.limits import LimitedProtocol
from services.recommender.errors import StateUnavailable
from services.recommender.ports import Deadline
from services.settings import Settings

_log = logging.getLogger("marquee.server")

APPLICATION = "services.cli.asgi:application"
PROTOCOL = "services.cli.limits:LimitedProtocol"
DRAIN_S = 10
# So much longer than draining takes is a worker that hangs.
END_S = 5
START_S = 60.0
STATE_WAIT_S = 2.0
# Between two tries to replace a worker while others serve.
RETRY_S = 30.0
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


class WorkerServer(uvicorn.Server):
    """Uvicorn that is handed its connections by a channel rather than accepting them."""

    _intake: Intake | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so by the channel."""
        faulthandler.enable()
        await super().startup([])
        channel = (sockets or [])[0]
        self._intake = Intake(channel, self._connection, self._end)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, then finish those there are."""
        if self._intake is not None:
            self._intake.close()
        await super().shutdown(sockets)

    def _connection(self) -> LimitedProtocol:
        return LimitedProtocol(self.config, self.server_state, self.lifespan.state)

    def _end(self) -> None:
        self.should_exit = True


class Worker(Process):
    """Uvicorn's worker process, with that server."""

    retire: Callable[[], None]
    """Gives it no more connections; it then finishes those it has, and ends."""

    @property
    def server(self) -> uvicorn.Server:
        """The server, made where it runs."""
        if self._server is None:
            self._server = WorkerServer(self.config)
        return self._server


class Supervisor(Multiprocess):
    """Uvicorn's worker processes with the connections shared out among them, and a word when all of them are up."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, ready: Ready) -> None:
        super().__init__(config, [])
        self._dispatcher = Dispatcher(listener, config.backlog)
        self._ready = ready
        self._next_try = 0.0
        self.failed = False

    def init_processes(self) -> None:
        """Start the workers and wait for them."""
        self.processes = [self._started() for _ in range(self.processes_num)]
        if all(process.wait_until_ready(START_S, self.should_exit) for process in self.processes):
            self._ready()

    def keep_subprocess_alive(self) -> None:
        """Replace a worker that died. Where none can be started, the others go on, and it is tried again in a while;
        without others, or where nobody hands them connections, it ends: a port on which nobody answers is worse than
        none.
        """
        if not self.should_exit.is_set() and not self._dispatcher.is_alive:
            _log.error("nobody accepts connections any more: the server ends")
            self.failed = True
            self.should_exit.set()
        if self.should_exit.is_set() or time.monotonic() < self._next_try:
            return
        for at, process in enumerate(self.processes):
            if process.is_alive(timeout=self.config.timeout_worker_healthcheck):
                continue
            process.kill()
            process.join()
            _log.error("a worker died (exit code %s); another takes its place", process.exitcode)
            fresh = self.processes[at] = self._started()
            if not self._comes_up(fresh) and not self.should_exit.is_set():
                self._next_try = time.monotonic() + RETRY_S
                self.failed = not any(each.process.is_alive() for each in self.processes)
                if self.failed:
                    _log.error("no worker can be started: the server ends")
                    self.should_exit.set()
                return

    def terminate_all(self) -> None:
        """Accept no more connections, then end the workers."""
        self._dispatcher.close()
        super().terminate_all()

    def restart_all(self) -> None:
        """Replace each worker by a fresh one, which serves before the old one ends (SIGHUP)."""
        for at, old in enumerate(self.processes):
            fresh = self._started()
            if not self._comes_up(fresh):
                fresh.kill()
                fresh.join()
                _log.error("no fresh worker can be started: the others stay")
                return
            self.processes[at] = fresh
            assert isinstance(old, Worker)
            # Not by a signal: it would let go of the connections that are on their way to it.
            old.retire()
            old.process.join(DRAIN_S + END_S)
            old.kill()
            old.join()

    def handle_ttin(self) -> None:
        """There are as many workers as ``--workers`` says."""

    handle_ttou = handle_ttin

    def _started(self) -> Worker:
        channel, retire = self._dispatcher.channel()
        with channel:
            worker = Worker(self.config, [channel])
            worker.start()
        worker.retire = retire
        return worker

    def _comes_up(self, process: Process) -> bool:
        """Wait for it, but not deaf to signals."""
        end = time.monotonic() + START_S
        while process.process.is_alive() and time.monotonic() < end and not self.should_exit.is_set():
            if process.is_ready(timeout=1):
                return True
            self.handle_signals()
        return False


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


def check_start(settings: Settings) -> tuple[str, str | None]:
    """The version that would be served, and why people are not known for now, if so. Raises BundleError: better now
    than at the first request.
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
    config = configured(settings, workers)
    if workers > 1:
        supervisor = Supervisor(config, listener, ready)
        supervisor.run()
        return ExitCode.FAILED if supervisor.failed else ExitCode.OK
    # Uvicorn raises the signal once more when it is done; being stopped is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    # So that the log says what a process died of that the system ended, as where a bundle's file was cut short.
    faulthandler.enable()
    server = Server(config, ready)
    server.run(sockets=[listener])
    return ExitCode.OK if server.started else ExitCode.FAILED


def configured(settings: Settings, workers: int) -> uvicorn.Config:
    """How uvicorn serves."""
    return uvicorn.Config(
        APPLICATION,
        factory=True,
        workers=workers,
        log_level="warning",
        access_log=False,
        # What it has to say goes where all else goes.
        log_config=None,
        server_header=False,
        # By name: workers are fresh processes, and the application sets its limits.
        http=PROTOCOL,
        ws="none",
        timeout_graceful_shutdown=DRAIN_S,
        # Uvicorn's own five seconds would close connections that the balancer is about to use: a 502 now and then.
        timeout_keep_alive=settings.balancer_idle_secs + LONGER_S,
        # Uvicorn kills a worker that is silent for so long, and with it the requests it has; on a busy machine its own
        # five seconds kill the living, and those that have just begun to start.
        timeout_worker_healthcheck=SILENT_S,
    )


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(ExitCode.OK)
