"""Run the shop under gunicorn, in processes of its own, on the database of the tests."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from django.db import connections

#: Seconds until the shop answers its first request, and until it ends after SIGTERM.
MAX_START, MAX_STOP = 30, 20


@dataclass(frozen=True, kw_only=True)
class TimedResponse:
    """A response, and the seconds that the client waited for it."""

    status: int
    body: bytes
    seconds: float


@dataclass(frozen=True, kw_only=True)
class GunicornShop:
    """A running shop. ``log`` holds what its processes print, the access log included."""

    port: int
    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def url(self) -> str:
        """Return the address of the shop, without a final slash."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Return what the shop has printed so far."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def get(self, path: str, *, timeout: float = MAX_START, headers: Mapping[str, str] | None = None) -> TimedResponse:
        """Get a page, without following redirects or keeping cookies."""
        return self._open(urllib.request.Request(self.url + path, headers=dict(headers or {})), timeout)

    def post(
        self, path: str, body: bytes, *, timeout: float = MAX_START, headers: Mapping[str, str] | None = None
    ) -> TimedResponse:
        """Post a JSON body with a Content-Length."""
        fields = {"Content-Type": "application/json", **(headers or {})}
        return self._open(urllib.request.Request(self.url + path, body, fields), timeout)

    def send(self, request: bytes, *, timeout: float = MAX_START) -> bytes:
        """Send raw bytes over a connection of its own, and return the whole answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def _open(self, request: urllib.request.Request, timeout: float) -> TimedResponse:
        started = time.monotonic()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=timeout) as answer:
                status, body = answer.status, answer.read()
        except HTTPError as answer:
            with answer:
                status, body = answer.code, answer.read()
        return TimedResponse(status=status, body=body, seconds=time.monotonic() - started)


@contextmanager
def gunicorn_shop(
    folder: Path, *arguments: str, workers: int = 2, settings: Mapping[str, Any] | None = None
) -> Iterator[GunicornShop]:
    """Run the shop with these gunicorn arguments until the end of the block, then stop it with SIGTERM.

    ``settings`` are Django settings that JSON can hold. They replace those of ``tests.settings``. The workers have
    answered a request before the block begins. A test that uses this must commit its rows: mark it with
    ``django_db(transaction=True)``.
    """
    log_file = folder / "gunicorn.log"
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener, log_file.open("wb") as log:
        command = _command(listener.fileno(), workers, arguments)
        process = subprocess.Popen(
            command, env=_environment(settings or {}), pass_fds=[listener.fileno()], stdout=log, stderr=log
        )
        shop = GunicornShop(port=listener.getsockname()[1], process=process, log_file=log_file)
        try:
            assert shop.get("/api/payments/0/check_status/").status == 404, shop.log
            yield shop
        finally:
            process.terminate()
            try:
                process.wait(MAX_STOP)
            finally:
                process.kill()


def _command(fd: int, workers: int, arguments: Sequence[str]) -> list[str]:
    fixed = ["--bind", f"fd://{fd}", "--workers", str(workers), "--access-logfile", "-", "--no-control-socket"]
    return [sys.executable, "-m", "gunicorn", *fixed, *arguments, "django.core.wsgi:get_wsgi_application()"]


def _environment(settings: Mapping[str, Any]) -> dict[str, str]:
    database = connections["default"].settings_dict
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.gunicorn_settings",
        "SHOP_DATABASE_NAME": str(database["NAME"]),
        "SHOP_SETTINGS": json.dumps(dict(settings)),
    }
