"""A server that sends arbitrary bytes at any pace, as a damaged or hostile store may."""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-amzn-RequestId: request-1\r\n"


def answer(body: bytes, length: int | None = None) -> bytes:
    """A whole response; ``length``: a false content length."""
    return HEAD + b"Content-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body


@contextmanager
def raw_server(pieces: Iterable[bytes], pause_s: float = 0.0) -> Iterator[str]:
    """The URL of a server that answers each request with these pieces, each after ``pause_s``, and then hangs up."""
    over = threading.Event()
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(1)
            connection.recv(1 << 20)
            for piece in pieces:
                if pause_s and over.wait(pause_s):
                    return
                connection.sendall(piece)
            # Otherwise unread bytes of the request would turn the close into a reset.
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 16):
                pass

    def listen() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=serve, args=(connection,)))
            threads[-1].start()

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        port = listener.getsockname()[1]
        accepting = threading.Thread(target=listen)
        accepting.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()
