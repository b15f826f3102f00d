"""Fixtures of a shop on a database server, with credentials for a slow Daraja."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from oscar_mpesa.services.gateway import replaced_transport
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
