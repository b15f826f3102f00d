"""A server on 127.0.0.1 that misbehaves, for transport tests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Server:
    """The server's URL and the heads of its requests."""

    url: str
    heads: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(*behaviors: Callable[[socket.socket, threading.Event], None]) -> Iterator[Server]:
    """Serve connections one after the other, each with the next behavior. The last behavior repeats."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(url=f"http://127.0.0.1:{listener.getsockname()[1]}/")
        thread = threading.Thread(target=_serve, args=(listener, server, behaviors))
        thread.start()
        try:
            yield server
        finally:
            server.stopped.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def _serve(
    listener: socket.socket,
    server: Server,
    behaviors: tuple[Callable[[socket.socket, threading.Event], None], ...],
) -> None:
    turns = iter(behaviors)
    behave = behaviors[-1]
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            behave = next(turns, behave)
            with connection, suppress(OSError):
                connection.settimeout(2)
                server.heads.append(_head(connection))
                behave(connection, server.stopped)


def _head(connection: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head and (received := connection.recv(4096)):
        head += received
    return head.decode("latin-1")


def send_text(text: str) -> Callable[[socket.socket, threading.Event], None]:
    """Send a response unchanged, then close."""

    def behave(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(text.encode())

    return behave


def drip(beginning: str, *, pause: float = 0.02) -> Callable[[socket.socket, threading.Event], None]:
    """Send the beginning, then one byte at a time without end."""

    def behave(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(beginning.encode())
        while not stopped.wait(pause):
            connection.sendall(b"x")

    return behave


def stay_silent(connection: socket.socket, stopped: threading.Event) -> None:
    """Send nothing and keep the connection open."""
    stopped.wait(5)


def hang_up(connection: socket.socket, stopped: threading.Event) -> None:
    """Close without a response."""
