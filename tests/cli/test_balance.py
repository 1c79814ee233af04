"""Connection balancing: the worker with the fewest gets the next, one that is stuck or has exited gets none."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cli.balance import Dispatcher, Intake
from services.cli.limits import LimitedProtocol
from tests.patience import PATIENCE_S, wait_for


class ManualWorker:
    """A worker's end of a channel, without a server: takes and closes connections on demand."""

    def __init__(self, dispatcher: Dispatcher, *, up: bool = True) -> None:
        self.channel, self.retire = dispatcher.channel()
        self.held: list[socket.socket] = []
        if up:
            self.channel.send(b"!")

    def take(self, *, report: bool = True) -> bool:
        """Take a connection; return whether there was one."""
        try:
            _, files, _, _ = socket.recv_fds(self.channel, 1, 1)
        except BlockingIOError:
            return False
        self.held += [socket.socket(fileno=file) for file in files]
        if report:
            self.channel.send(b"+")
        return bool(files)

    def drop(self) -> None:
        """Close the oldest connection."""
        self.held.pop(0).close()
        self.channel.send(b"-")

    def end(self) -> None:
        """Exit: close the channel and all connections."""
        for each in [self.channel, *self.held]:
            each.close()


@contextmanager
def dispatching() -> Iterator[tuple[Dispatcher, ExitStack, tuple[str, int]]]:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        dispatcher = Dispatcher(listener, 100)
        stack.callback(dispatcher.close)
        yield dispatcher, stack, listener.getsockname()


@settings(max_examples=20)
@given(st.integers(1, 4), st.integers(1, 20), st.data())
def test_each_connection_goes_to_a_worker_that_holds_the_fewest(workers: int, steps: int, data: st.DataObject) -> None:
    with dispatching() as (dispatcher, stack, address):
        several = [ManualWorker(dispatcher) for _ in range(workers)]
        for each in several:
            stack.callback(each.end)
        states = dispatcher._workers
        wait_for(lambda: [each.is_up for each in states] == [True] * workers, "all workers")
        for _ in range(steps):
            holders = [each for each in several if each.held]
            if holders and data.draw(st.booleans(), label="close one"):
                data.draw(st.sampled_from(holders), label="of").drop()
            held = [len(each.held) for each in several]
            wait_for(lambda: sum(each.held for each in states) == sum(held), "the closed connection to be reported")  # noqa: B023
            stack.enter_context(socket.create_connection(address))
            wait_for(lambda: any(each.take() for each in several), "a worker to take it")
            (taker,) = (at for at, each in enumerate(several) if len(each.held) > held[at])
            assert held[taker] == min(held)


def test_a_worker_that_is_not_up_or_has_exited_gets_nothing() -> None:
    with dispatching() as (dispatcher, stack, address):
        starting, exited, serving = (
            ManualWorker(dispatcher, up=False),
            ManualWorker(dispatcher),
            ManualWorker(dispatcher),
        )
        stack.callback(starting.end)
        stack.callback(serving.end)
        exited.end()
        for count in range(1, 9):
            stack.enter_context(socket.create_connection(address))
            wait_for(serving.take, "the only one that serves")
            assert len(serving.held) == count
        assert not starting.take()


def test_a_retired_worker_takes_pending_connections_then_sees_the_end() -> None:
    with dispatching() as (dispatcher, stack, address):
        old = ManualWorker(dispatcher)
        stack.callback(old.end)
        stack.enter_context(socket.create_connection(address))
        # The dispatcher's thread may not have heard of the worker yet.
        wait_for(lambda: [each.untaken for each in dispatcher._workers] == [1], "a pending connection")
        old.retire()
        fresh = ManualWorker(dispatcher)
        stack.callback(fresh.end)
        for count in range(1, 4):
            stack.enter_context(socket.create_connection(address))
            wait_for(fresh.take, "the remaining worker")
            assert len(fresh.held) == count
        assert old.take(report=False)
        wait_for(lambda: old.channel.recv(1) == b"", "the end of its channel")
        old.retire()
        stack.enter_context(socket.create_connection(address))
        wait_for(fresh.take, "a dispatcher that keeps running")


def test_a_worker_that_takes_nothing_does_not_block_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.cli.balance._STUCK_S", 0.0)
    with dispatching() as (dispatcher, stack, address):
        silent, serving = ManualWorker(dispatcher), ManualWorker(dispatcher)
        stack.callback(silent.end)
        stack.callback(serving.end)
        states = dispatcher._workers
        wait_for(lambda: [each.is_up for each in states] == [True, True], "both workers")
        for count in range(1, 11):
            stack.enter_context(socket.create_connection(address))
            wait_for(lambda: sum(each.held for each in states) == count, "it to be dispatched")  # noqa: B023
            serving.take()
            wait_for(lambda: sum(each.untaken for each in states) <= 1, "the taken connection to be reported")
        assert len(serving.held) == 9


def test_connections_wait_while_no_worker_is_up() -> None:
    with dispatching() as (dispatcher, stack, address):
        first = ManualWorker(dispatcher)
        stack.enter_context(socket.create_connection(address))
        wait_for(first.take, "the first")
        first.end()
        stack.enter_context(socket.create_connection(address))
        second = ManualWorker(dispatcher)
        stack.callback(second.end)
        wait_for(second.take, "the connection that waited")


class Recorder(LimitedProtocol):
    """A connection that answers nothing."""

    made = 0

    def __init__(self) -> None:
        """Skip the base class, which needs a server."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        type(self).made += 1
        transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        assert self.lost is not None
        self.lost()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_an_intake_reports_taken_and_closed_connections() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE_S)
    theirs.setblocking(False)
    ended = asyncio.Event()
    intake = Intake(theirs, Recorder, ended.set)
    client, server = socket.socketpair()
    with client, server:
        socket.send_fds(ours, [b"c"], [server.fileno()])
    messages = b""
    while messages.count(b"-") < 1:
        messages += await asyncio.to_thread(ours.recv, 10)
    assert messages == b"!+-"
    ours.close()
    await asyncio.wait_for(ended.wait(), PATIENCE_S)
    intake.close()
    theirs.close()
