"""A server on 127.0.0.1 that accepts connections and says nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class SilentServer:
    """The server's port, and the connections that it accepted and keeps open."""

    port: int
    connections: list[socket.socket] = field(default_factory=list)


@contextmanager
def silent_server() -> Iterator[SilentServer]:
    """Accept connections and say nothing until the end of the block."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        server = SilentServer(port=listener.getsockname()[1])
        thread = threading.Thread(target=_accept, args=(listener, server))
        thread.start()
        try:
            yield server
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for connection in server.connections:
                connection.close()


def _accept(listener: socket.socket, server: SilentServer) -> None:
    with suppress(OSError):
        while True:
            server.connections.append(listener.accept()[0])
