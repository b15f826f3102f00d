"""A shop on a server database, with credentials for a Daraja that is slow enough to be overtaken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from oscar_mpesa.services.gateway import replaced_transport
from tests.databases.crowd import BusyDaraja


@pytest.fixture
def credentials(settings: Any) -> None:
    """The shop is no test mode's: it speaks to a Daraja."""
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
    """What stands in Safaricom's place, and counts."""
    busy = BusyDaraja()
    with replaced_transport(busy):
        yield busy
