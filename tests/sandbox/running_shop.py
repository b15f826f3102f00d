"""A demo shop in processes of its own: its files, its commands, and a shopper who speaks HTTP."""

from __future__ import annotations

import email
import email.policy
import os
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from sandbox_site.goods import GOODS
from tests.databases.web import Answer, Browser

ROOT = Path(__file__).resolve().parents[2]

#: Maximum seconds for the server to start and for an order to be paid.
PATIENCE = 60

#: Products with enough stock.
PLENTY = [pk for pk, good in enumerate(GOODS, start=1) if good.stock >= 120]

#: The sandbox's settings with a temporary directory for all files, and without migrations.
SETTINGS = """
from pathlib import Path
from sandbox_site.settings import *

class Unmigrated(dict):
    def __contains__(self, app):
        return True
    def __getitem__(self, app):
        return None

MEDIA_ROOT = str(Path(__file__).parent / "media")
MAILBOX = Path(__file__).parent / "mail"
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
MIGRATION_MODULES = Unmigrated()
"""

NYALI = {"first_name": "Amina", "last_name": "Otieno", "line1": "Nyali Road 12", "line4": "Mombasa", "country": "KE"}

#: The steps from the basket to the choice of a method.
DOOR_TO_TILL = (
    ("/en/checkout/", {"username": "guest@example.com", "options": "anonymous"}),
    ("/en/checkout/shipping-address/", NYALI),
    ("/en/checkout/shipping-method/", {"method_code": "pick-up"}),
)


class Sandbox:
    """A shop with its own SQLite file."""

    def __init__(self, folder: Path) -> None:
        (folder / "shop_settings.py").write_text(SETTINGS, encoding="utf-8")
        self.folder = folder
        self.database = folder / "duka.sqlite3"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MPESA_", "TEST_", "COV_"))}
        self._environment = kept | {
            "DJANGO_SETTINGS_MODULE": "shop_settings",
            "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
            "PYTHONUNBUFFERED": "1",
            "DATABASE_URL": f"sqlite:///{self.database}",
            "DEBUG": "true",
        }

    def open_up(self) -> None:
        """Prepare the shop as ``make sandbox`` does before it serves, in one process."""
        steps = "run('migrate', run_syncdb=True, verbosity=0); run('sandbox_shop')"
        script = f"import django; django.setup(); from django.core.management import call_command as run; {steps}"
        subprocess.run([sys.executable, "-c", script], env=self._environment, check=True, capture_output=True)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command in the background. Its output is in ``output_of``."""
        with self._log(words[0]).open("wb") as log:
            return subprocess.Popen(self._command(words), env=self._environment, stdout=log, stderr=subprocess.STDOUT)

    def output_of(self, word: str) -> str:
        """Return the output of a command."""
        return self._log(word).read_text(encoding="utf-8")

    def orders(self) -> dict[str, int]:
        """Return the number of orders by status, read from the file."""
        with closing(sqlite3.connect(self.database)) as connection:
            return dict(connection.execute("SELECT status, count(*) FROM order_order GROUP BY status"))

    def change(self, statement: str) -> None:
        """Change rows in the file, as time that passes would."""
        with closing(sqlite3.connect(self.database, timeout=20)) as connection, connection:
            connection.execute(statement)

    def emails(self) -> list[str]:
        """Return the subjects of the emails, the oldest first."""
        files = sorted((self.folder / "mail").glob("*.eml"))
        parsed = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
        return [str(message["Subject"]) for message in parsed]

    def _command(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "sandbox_site.manage", *words]

    def _log(self, word: str) -> Path:
        return self.folder / f"{word}.log"


def free_address() -> str:
    """Return a free port of this machine as ``127.0.0.1:port``."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


def wait_for(shop: str) -> None:
    ends = time.monotonic() + PATIENCE
    while not is_open(shop):
        assert time.monotonic() < ends, "the shop does not open"
        time.sleep(0.2)


def is_open(shop: str) -> bool:
    try:
        return Browser(shop).get("/en/").status_code == 200
    except OSError:
        return False


def order(browser: Browser, number: int, *, is_known: bool, phone: str = "") -> str:
    """Place an order with its own phone. Return the URL of its payment page."""
    moved_on(browser.post(f"/en/basket/add/{PLENTY[number % len(PLENTY)]}/", {"quantity": 1}))
    for path, fields in () if is_known else DOOR_TO_TILL:
        moved_on(browser.post(path, fields))
    moved_on(browser.post("/en/checkout/payment-method/", {"method": "mpesa"}))
    moved_on(browser.post("/en/checkout/preview/", {"which": "another", "phone_number": phone or f"25471{number:07}"}))
    page = moved_on(browser.post("/en/checkout/preview/", {"action": "place_order"}))
    assert "/checkout/mpesa/" in page
    return page


def moved_on(answer: Answer) -> str:
    """Return the target of a redirect."""
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]
