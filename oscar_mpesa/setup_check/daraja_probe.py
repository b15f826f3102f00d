"""Check the credentials and the clock against Safaricom, with a token and a query for a made-up payment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.callback_addresses import host_of
from oscar_mpesa.daraja.client import ApiCall, Client
from oscar_mpesa.daraja.exceptions import (
    DarajaBlocked,
    DarajaBusy,
    DarajaError,
    DarajaMisconfigured,
    DarajaRefused,
    DarajaUnreachable,
    ErrorKind,
    KeysRejected,
)
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.services import gateway
from oscar_mpesa.setup_check.findings import Finding, make_finding

#: How far the shop's clock may differ from Safaricom's.
CLOCK_TOLERANCE = timedelta(minutes=2)

#: Safaricom answers this only if the short code and the password are right.
_LOOKED_UP = re.compile("does not exist|being processed", re.IGNORECASE)

#: The finding for each kind of rejection; any other shows Safaricom's message.
_REJECTIONS = {
    ErrorKind.PRODUCT_MISSING: "product-missing",
    ErrorKind.SHORTCODE_REJECTED: "shortcode-refused",
    ErrorKind.PASSKEY_REJECTED: "passkey-refused",
}


class _CallRecorder:
    """Record for each call how far the shop's clock was from Safaricom's."""

    def __init__(self) -> None:
        self.differences: list[timedelta] = []

    def __call__(self, call: ApiCall) -> None:
        if call.server_time is not None:
            self.differences.append(abs(timezone.now() - call.server_time))


def daraja_findings(now: datetime) -> Iterator[Finding]:
    """Get a token and make one query; no prompt is sent. Must run outside a transaction."""
    recorder = _CallRecorder()
    client = gateway.probe_client(recorder)
    if client is None:
        yield make_finding("simulated" if not get_settings().faults else "not-checked")
        return
    yield from _credential_findings(client, now)
    if recorder.differences:
        yield _clock(min(recorder.differences))


def _credential_findings(client: Client, now: datetime) -> Iterator[Finding]:
    try:
        client.renew_token()
    except KeysRejected:
        yield make_finding("token-refused", environment=get_settings().environment)
        return
    except (DarajaMisconfigured, DarajaRefused) as error:
        yield make_finding("setup-refused", details=str(error))
        return
    except DarajaError as error:
        yield _unanswered(error)
        return
    yield make_finding("token-ok")
    yield _shortcode(client, now)


def _shortcode(client: Client, now: datetime) -> Finding:
    params = {"shortcode": get_settings().SHORTCODE, "environment": get_settings().environment}
    try:
        reply = client.query(_made_up_checkout_id(now), now=now)
    except DarajaMisconfigured as error:
        return _rejected(error, params)
    except DarajaRefused:
        return make_finding("shortcode-unknown")
    except DarajaError as error:
        return _unanswered(error)
    was_looked_up = reply.result_code is not None or _LOOKED_UP.search(reply.description)
    return make_finding("shortcode-ok" if was_looked_up else "shortcode-unknown", **params)


def _made_up_checkout_id(now: datetime) -> str:
    """Return a well-formed checkout id that no payment has: its phone number is all zeros."""
    return f"ws_CO_{now.astimezone(NAIROBI):%d%m%Y%H%M%S}000000000000"


def _rejected(error: DarajaMisconfigured, params: dict[str, str]) -> Finding:
    if error.kind is ErrorKind.TOKEN_REJECTED:
        return make_finding("token-replaced")
    name = _REJECTIONS.get(error.kind)
    return make_finding(name, **params) if name else make_finding("setup-refused", details=str(error))


def _unanswered(error: DarajaError) -> Finding:
    host: Any = host_of(get_settings().credentials.base_url)
    if isinstance(error, DarajaBusy):
        return make_finding("safaricom-busy")
    if isinstance(error, DarajaUnreachable):
        return make_finding("safaricom-unreachable", host=host)
    is_blocked = isinstance(error, DarajaBlocked)
    return make_finding("server-blocked") if is_blocked else make_finding("safaricom-unreadable", host=host)


def _clock(difference: timedelta) -> Finding:
    if difference <= CLOCK_TOLERANCE:
        return make_finding("clock-ok")
    return make_finding("clock-off", minutes=round(difference.total_seconds() / 60))
