"""Connection balancing: the supervisor accepts every connection and passes it to the worker that holds the fewest.

When workers accept from a shared socket the faster one wins, and of eight connections often six end up on one of two
workers. Client data never passes through the supervisor: it passes the connection's file descriptor on, once.

Source: unix(7), SCM_RIGHTS.
"""

import asyncio
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from services.cli.limits import LimitedProtocol

# Messages from a worker: it is up; it took a connection; one of its connections was closed.
_UP, _TAKEN, _CLOSED = b"!", b"+", b"-"
_CONNECTION = b"c"
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
# A worker that has taken no connection for this long is sent no more while another worker is responsive.
_STUCK_S = 1.0
# Pause between retries when this process is out of file descriptors or the supervisor does not read.
_PAUSE_S = 0.05


@dataclass(slots=True, eq=False)
class _WorkerState:
    """Dispatcher's view of one worker. ``held``: connections it has. ``untaken``: those sent to it that it has not
    taken, and it has taken none since ``moved``. ``turn``: number of the latest one sent to it. ``full``: its
    channel is full for now.
    """

    channel: socket.socket
    held: int = 0
    untaken: int = 0
    moved: float = 0.0
    turn: int = 0
    is_up: bool = False
    full: bool = False

    def received(self, messages: bytes, now: float) -> None:
        """Count the messages received from it."""
        self.is_up = self.is_up or _UP in messages
        taken = messages.count(_TAKEN)
        self.untaken -= taken
        self.held -= messages.count(_CLOSED)
        self.moved = now if taken else self.moved

    def sent(self, turn: int, now: float) -> None:
        """Count one more connection sent to it."""
        self.moved = self.moved if self.untaken else now
        self.held, self.untaken, self.turn = self.held + 1, self.untaken + 1, turn

    def is_stuck(self, now: float) -> bool:
        """Return whether it has stopped taking the connections sent to it."""
        return self.untaken > 0 and now - self.moved > _STUCK_S


class Dispatcher:
    """Accept from ``listener`` in a separate thread while a worker is up; otherwise connections wait in the backlog."""

    def __init__(self, listener: socket.socket, backlog: int) -> None:
        self._listener, self._backlog = listener, backlog
        self._workers: list[_WorkerState] = []
        self._turn = 0
        self._pending: socket.socket | None = None
        self._accepting = False
        self._closing = False
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._joining: list[_WorkerState] = []
        self._retiring: list[_WorkerState] = []
        listener.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)
        self._thread.start()

    def channel(self) -> tuple[socket.socket, Callable[[], None]]:
        """Return a channel for one more worker, used once it reports that it is up, and a function that retires the
        worker. Close the channel here once the worker has inherited it: a channel closed at both places signals that
        the worker has exited.

        A retired worker gets no new connections; it still receives those on their way, then the end of the channel.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        worker = _WorkerState(ours)
        self._joining.append(worker)
        self._wake.send(b"w")

        def retire() -> None:
            self._retiring.append(worker)
            self._wake.send(b"w")

        return theirs, retire

    @property
    def is_alive(self) -> bool:
        """Whether the dispatcher thread is running."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop accepting and close the workers' channels; each worker exits when it sees that."""
        self._closing = True
        self._wake.send(b"w")
        self._thread.join()
        self._listener.close()
        self._wake.close()

    def _run(self) -> None:
        while not self._closing:
            for key, events in self._selector.select():
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._woken:
                    self._join()
                elif key.data in self._workers:  # not one that was retired just now
                    self._receive(key.data, events)
            self._dispatch()
            self._accept_while_useful()
        for worker in [*self._workers, *self._joining]:
            worker.channel.close()
        if self._pending is not None:
            self._pending.close()
        self._selector.close()
        self._woken.close()

    def _join(self) -> None:
        self._woken.recv(64)
        while self._joining:
            worker = self._joining.pop()
            self._workers.append(worker)
            self._selector.register(worker.channel, selectors.EVENT_READ, worker)
        while self._retiring:
            worker = self._retiring.pop()
            if worker in self._workers:  # else it has exited already
                self._forget(worker)

    def _receive(self, worker: _WorkerState, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._mark_full(worker, full=False)
        if not events & selectors.EVENT_READ:
            return
        try:
            messages = worker.channel.recv(4_096)
        except BlockingIOError:
            return
        except OSError:
            messages = b""
        if messages:
            worker.received(messages, time.monotonic())
        else:
            self._forget(worker)

    def _forget(self, worker: _WorkerState) -> None:
        self._selector.unregister(worker.channel)
        self._workers.remove(worker)
        worker.channel.close()

    def _mark_full(self, worker: _WorkerState, *, full: bool) -> None:
        worker.full = full
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if full else 0)
        self._selector.modify(worker.channel, events, worker)

    def _accept(self) -> None:
        try:
            self._pending, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError, InterruptedError):
            return
        except OSError:
            time.sleep(_PAUSE_S)  # out of file descriptors: retrying at once would spin

    def _dispatch(self) -> None:
        """Pass the pending connection to a worker, if there are both."""
        while self._pending is not None and (worker := self._next()) is not None:
            try:
                socket.send_fds(worker.channel, [_CONNECTION], [self._pending.fileno()])
            except BlockingIOError:
                self._mark_full(worker, full=True)
                continue
            except OSError:
                self._forget(worker)
                continue
            self._turn += 1
            worker.sent(self._turn, time.monotonic())
            self._pending.close()
            self._pending = None

    def _next(self) -> _WorkerState | None:
        """Return the worker with the fewest connections, among equals the one that has waited longest."""
        now = time.monotonic()
        able = [worker for worker in self._workers if worker.is_up and not worker.full]
        lively = [worker for worker in able if not worker.is_stuck(now)]
        return min(lively or able, key=lambda worker: (worker.held, worker.turn), default=None)

    def _accept_while_useful(self) -> None:
        useful = self._pending is None and self._next() is not None
        if useful == self._accepting:
            return
        self._accepting = useful
        if useful:
            self._listener.listen(self._backlog)
            self._selector.register(self._listener, selectors.EVENT_READ)
        else:
            self._selector.unregister(self._listener)


class Intake:
    """Worker's end of its channel: turns received file descriptors into connections. ``orphaned`` is called when the
    supervisor has exited.
    """

    def __init__(
        self, channel: socket.socket, protocol: Callable[[], LimitedProtocol], orphaned: Callable[[], None]
    ) -> None:
        self._channel, self._protocol, self._orphaned = channel, protocol, orphaned
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsent = bytearray(_UP)
        self._loop.add_reader(channel, self._take)
        self._flush()

    def close(self) -> None:
        """Accept no more connections."""
        self._loop.remove_reader(self._channel)

    def _take(self) -> None:
        try:
            message, files, _, _ = socket.recv_fds(self._channel, 1, 1, _CLOSE_ON_EXEC)
        except BlockingIOError:
            return
        except OSError:
            message, files = b"", []
        if not message:
            self.close()
            self._orphaned()
            return
        self._report(_TAKEN)
        if not files:
            self._report(_CLOSED)  # out of file descriptors: the kernel has closed it
        for file in files:
            task = self._loop.create_task(self._connect(file))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connect(self, file: int) -> None:
        protocol = self._protocol()
        protocol.lost = lambda: self._report(_CLOSED)
        try:
            connection = socket.socket(fileno=file)
        except OSError:
            os.close(file)
            protocol.lost()
            return
        try:
            connection.setblocking(False)
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(lambda: protocol, connection)
        except OSError:
            connection.close()
            protocol.lost()

    def _report(self, message: bytes) -> None:
        self._unsent += message
        self._flush()

    def _flush(self) -> None:
        """Send the pending messages; retry the rest a little later."""
        try:
            del self._unsent[: self._channel.send(self._unsent)]
        except BlockingIOError:
            self._loop.call_later(_PAUSE_S, self._flush)
        except OSError:
            self._unsent.clear()  # the supervisor has exited
