"""A shop on a server database, with credentials for a Daraja that is slow enough to be overtaken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from oscar_mpesa.lifecycle.gateway import replaced_transport
from tests.databases.crowd import BusyDaraja


@pytest.fixture
def daraja(settings: Any) -> Iterator[BusyDaraja]:
    """What stands in Safaricom's place, and counts."""
    settings.OSCAR_MPESA = {
        **settings.OSCAR_MPESA,
        "CONSUMER_KEY": "key",
        "CONSUMER_SECRET": "secret",
        "SHORTCODE": "600999",
        "PASSKEY": "passkey",
        "CALLBACK_URL": "https://shop.example/api/payments/hooks",
    }
    busy = BusyDaraja()
    with replaced_transport(busy):
        yield busy
