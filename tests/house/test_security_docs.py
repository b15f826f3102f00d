"""The snippets of docs/security.md keep the secret of a callback address out of logs and error reports."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest

from oscar_mpesa.access.callback_path import callback_path
from tests.house.sources import ROOT

DOCUMENT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^### (\w+)\n.*?^```(\w+)\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
SNIPPETS = {heading: code for heading, _, code in BLOCKS}

SECRET = "0123456789abcdef0123456789abcdef"
PATHS = [f"/api/payments/hooks/{SECRET}/", f"/api/payments/mpesa/callback/{SECRET}"]


def names_of(code: str) -> dict[str, Any]:
    """Run a Python snippet and return its names."""
    names: dict[str, Any] = {"__name__": "snippet"}
    exec(compile(code, "docs/security.md", "exec"), names)  # noqa: S102 - our own page
    return names


def record(path: str) -> Any:
    return logging.LogRecord("django.request", logging.WARNING, __file__, 1, "Not found: %s", (path,), None)


def request(path: str) -> HttpRequest:
    made = HttpRequest()
    made.path = path
    return made


def test_page_has_a_snippet_for_each_server() -> None:
    assert set(SNIPPETS) == {"nginx", "Apache", "Caddy", "gunicorn", "Django", "Sentry"}


@pytest.mark.parametrize("server", ["nginx", "Apache"])
@pytest.mark.parametrize("path", PATHS)
def test_server_pattern_matches_callbacks_only(server: str, path: str) -> None:
    (pattern, *_) = re.findall(r'\^/api[^ ">]+', SNIPPETS[server])

    assert re.search(pattern, path)
    assert not re.search(pattern, "/api/payments/1/check_status/")
    assert callback_path().startswith("/api/payments/hooks")


@pytest.mark.parametrize("path", PATHS)
def test_caddy_replaces_the_secret_in_both_logs(path: str) -> None:
    replacements = re.findall(r'request>uri regexp "([^"]+)" "([^"]+)"', SNIPPETS["Caddy"])

    assert len(replacements) == 2
    for pattern, replacement in replacements:
        assert SECRET not in re.sub(pattern, replacement.replace("$1", r"\1"), path)


@pytest.mark.parametrize("path", PATHS)
def test_gunicorn_logs_the_request_without_the_secret(tmp_path: Path, path: str) -> None:
    settings, log = import_module("gunicorn.config").Config(), tmp_path / "access.log"
    settings.set("accesslog", str(log))
    settings.set("errorlog", str(tmp_path / "error.log"))
    logger = names_of(SNIPPETS["gunicorn"])["ShopLogger"](settings)
    answer = SimpleNamespace(status="200 OK", sent=2, headers=[])
    environ = {"REQUEST_METHOD": "POST", "RAW_URI": path, "SERVER_PROTOCOL": "HTTP/1.1"}

    logger.access(answer, SimpleNamespace(headers=[]), environ, timedelta(seconds=1))
    logger.error("Error handling request %s", path)
    for own in (logger.access_log, logger.error_log):
        own.handlers.pop().close()

    written = log.read_text() + (tmp_path / "error.log").read_text()
    assert written.count("/-") == 2
    assert SECRET not in written


@pytest.mark.parametrize("path", PATHS)
def test_django_filter_hides_the_secret_and_the_request(path: str) -> None:
    hide = names_of(SNIPPETS["Django"])["HideCallbackSecrets"]()
    of_callback, of_page = record(path), record("/catalogue/")
    of_callback.request, of_page.request = request(path), request("/catalogue/")

    assert hide.filter(of_callback) and hide.filter(of_page)

    assert SECRET not in of_callback.getMessage() and "/-" in of_callback.getMessage()
    assert of_callback.request is None
    assert of_page.getMessage() == "Not found: /catalogue/"
    assert of_page.request.path == "/catalogue/"


@pytest.mark.parametrize("path", PATHS)
def test_sentry_event_holds_neither_secret_nor_body(path: str) -> None:
    before, start, _ = SNIPPETS["Sentry"].replace("import sentry_sdk\n", "").partition("sentry_sdk.init(")
    before_send = names_of(before)["before_send"]
    event = {
        "request": {"url": f"https://shop.example{path}", "data": {"PhoneNumber": 254708374149}},
        "logentry": {"message": "failed: %s", "params": [path]},
    }

    sent = before_send(event, {})

    assert start
    assert SECRET not in str(sent) and "254708374149" not in str(sent)
    assert "/-" in sent["request"]["url"]
