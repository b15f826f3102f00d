"""Firefox, driven by puppeteer-core over WebDriver BiDi. ``make test-browser`` fetches puppeteer-core."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore

from oscar_mpesa.access.ownership import NUMBERS_KEY, ORDERS_KEY
from oscar_mpesa.models import MpesaPayment

DRIVER = Path(__file__).with_name("firefox.mjs")
PUPPETEER = Path(__file__).resolve().parents[2] / "build" / "puppeteer"
FIREFOXES = ("firefox-esr", "firefox")


class Firefox:
    """One Firefox. Each ``start`` begins with an empty profile. A command that fails raises ``AssertionError``."""

    def __init__(self) -> None:
        path, node = next(filter(None, map(shutil.which, FIREFOXES)), None), shutil.which("node")
        if path is None or node is None:
            pytest.skip("no Firefox on this machine, or no Node.js")
        if not (PUPPETEER / "node_modules" / "puppeteer-core").is_dir():
            pytest.skip("puppeteer-core is not here: `make test-browser` fetches it")
        self._process = subprocess.Popen(
            [node, str(DRIVER), str(PUPPETEER), path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, shop: str, *, width: int = 360, height: int = 740) -> Firefox:
        """Begin with a shop and without cookies."""
        self.shop = shop
        self._do("start", width=width, height=height)
        return self

    def open(self, path: str) -> None:
        """Open a page of the shop."""
        self._do("open", url=f"{self.shop}{path}")

    def click(self, selector: str) -> None:
        """Click an element and stay on the page."""
        self._do("click", selector=selector)

    def follow(self, selector: str) -> None:
        """Click an element, and wait for the next page."""
        self._do("follow", selector=selector)

    def fill(self, selector: str, text: str) -> None:
        """Fill a field."""
        self._do("fill", selector=selector, text=text)

    def press(self, key: str) -> None:
        """Press a key, by the name that browsers give it."""
        self._do("press", key=key)

    def see(self, selector: str) -> None:
        """Wait until an element is visible."""
        self._do("see", selector=selector)

    def wait_until(self, code: str) -> None:
        """Wait until an expression of the page is true."""
        self._do("until", code=code)

    def evaluate(self, code: str) -> Any:
        """Return the value of an expression of the page."""
        return self._do("evaluate", code=code)

    def text_of(self, selector: str) -> str:
        """Return the visible text of an element, on one line."""
        return " ".join(str(self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")).split())

    def focused(self) -> str:
        """Return the id of what has the focus."""
        return str(self.evaluate("document.activeElement.id"))

    def is_offline(self, is_offline: bool) -> None:
        """Cut the connection, or mend it."""
        self._do("offline", **{"is": is_offline})

    def owns(self, payment: MpesaPayment) -> None:
        """Be the browser in which the payment's order was placed."""
        session = SessionStore()
        session[ORDERS_KEY], session[NUMBERS_KEY] = [payment.mpesa_order.public_id], [payment.phone]
        session.create()
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "path": "/"}
        self._do("keep", cookie=cookie | {"domain": urlsplit(self.shop).hostname})

    def forget_cookies(self) -> None:
        """Delete all cookies."""
        self._do("forget")

    def requests(self) -> list[str]:
        """Return the addresses that the browser asked for."""
        return list(self._do("requests"))

    def errors(self) -> list[str]:
        """Return the errors of our own scripts."""
        return [error for error in self._do("errors") if "oscar_mpesa" in error]

    def picture(self, path: Path) -> None:
        """Save what is on the screen."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._do("picture", path=str(path))

    def quit(self) -> None:
        """Close Firefox."""
        with self._process as process:  # closes the pipe of its commands, which ends it
            try:
                process.communicate(timeout=15)
            finally:
                process.kill()

    def _do(self, name: str, **about: Any) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"name": name, **about}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "Firefox has ended"}')
        assert "error" not in answer, answer["error"]
        return answer["value"]
