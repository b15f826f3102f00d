"""Fixtures of a shop on a database server, with credentials for a slow Daraja."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.signals import order_paid
from tests.databases.clock import Clock
from tests.databases.emails import pack_order
from tests.databases.shared_daraja import SharedDaraja
from tests.databases.threads import BusyDaraja


@pytest.fixture
def credentials(settings: Any) -> None:
    """Give the shop sandbox credentials, so that it calls Daraja."""
    settings.OSCAR_MPESA = {
        **settings.OSCAR_MPESA,
        "CONSUMER_KEY": "key",
        "CONSUMER_SECRET": "secret",
        "SHORTCODE": "600999",
        "PASSKEY": "passkey",
        "CALLBACK_URL": "https://shop.example/api/payments/hooks",
    }


@pytest.fixture
def daraja(credentials: None) -> Iterator[BusyDaraja]:
    """Replace Daraja by one that counts pushes and tokens."""
    busy = BusyDaraja()
    with replaced_transport(busy):
        yield busy


@pytest.fixture
def clock() -> Clock:
    """Return a clock that the test moves."""
    return Clock()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Return the file in which all processes record the pushes."""
    return tmp_path / "pushes"


@pytest.fixture
def shared_daraja(settings: Any, credentials: None, tmp_path: Path, notes: Path) -> Iterator[SharedDaraja]:
    """Share Daraja, an email file and the shop's receiver among all processes."""
    settings.EMAIL_BACKEND = "tests.databases.emails.FileBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "emails.txt")
    order_paid.connect(pack_order)
    shared = SharedDaraja(notes)
    with replaced_transport(shared):
        yield shared
    order_paid.disconnect(pack_order)
