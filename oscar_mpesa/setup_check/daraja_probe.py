"""Ask Safaricom itself: a token, a question about a request that never was, and what time it is there."""

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
    DarajaBusy,
    DarajaError,
    DarajaMisconfigured,
    DarajaRefused,
    DarajaUnreachable,
    ErrorKind,
)
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.services import gateway
from oscar_mpesa.setup_check.findings import Finding, found

#: How far our clock may be from Safaricom's.
CLOCK_TOLERANCE = timedelta(minutes=2)

#: Said only of a request that carried the right short code and password.
_LOOKED_FOR = re.compile("does not exist|being processed", re.IGNORECASE)

#: What each rejection of the settings is found to be; any other is told in Safaricom's words.
_REJECTIONS = {
    ErrorKind.PRODUCT_MISSING: "product-missing",
    ErrorKind.SHORTCODE_REJECTED: "shortcode-refused",
    ErrorKind.PASSKEY_REJECTED: "passkey-refused",
}


class _CallRecorder:
    """Hears of each call, and how far our clock was from Safaricom's when it ended."""

    def __init__(self) -> None:
        self.differences: list[timedelta] = []

    def __call__(self, exchange: ApiCall) -> None:
        if exchange.server_time is not None:
            self.differences.append(abs(timezone.now() - exchange.server_time))


def daraja_findings(now: datetime) -> Iterator[Finding]:
    """What a token and one query tell; nobody is asked for money. Must run outside a transaction."""
    ear = _CallRecorder()
    client = gateway.probe_client(ear)
    if client is None:
        yield found("simulated" if not get_settings().faults else "not-asked")
        return
    yield from _asked(client, now)
    if ear.differences:
        yield _clock(min(ear.differences))


def _asked(client: Client, now: datetime) -> Iterator[Finding]:
    try:
        client.sign_in()
    except DarajaMisconfigured:
        yield found("token-refused", environment=get_settings().environment)
        return
    except DarajaError as error:
        yield _without_answer(error)
        return
    yield found("token-ok")
    yield _shortcode(client, now)


def _shortcode(client: Client, now: datetime) -> Finding:
    facts = {"shortcode": get_settings().SHORTCODE, "environment": get_settings().environment}
    try:
        reply = client.query(_made_up(now), now=now)
    except DarajaMisconfigured as error:
        return _refused(error, facts)
    except DarajaRefused:
        return found("shortcode-unknown")
    except DarajaError as error:
        return _without_answer(error)
    was_looked_for = reply.result_code is not None or _LOOKED_FOR.search(reply.description)
    return found("shortcode-ok" if was_looked_for else "shortcode-unknown", **facts)


def _made_up(now: datetime) -> str:
    """In the form of a checkout id, of a moment long ago and of nobody's phone."""
    return f"ws_CO_{now.astimezone(NAIROBI):%d%m%Y%H%M%S}000000000000"


def _refused(error: DarajaMisconfigured, facts: dict[str, str]) -> Finding:
    if error.kind is ErrorKind.TOKEN_REJECTED:
        return found("token-disturbed")
    name = _REJECTIONS.get(error.kind)
    return found(name, **facts) if name else found("setup-refused", told=str(error))


def _without_answer(error: DarajaError) -> Finding:
    host: Any = host_of(get_settings().credentials.base_url)
    if isinstance(error, DarajaBusy):
        return found("safaricom-busy")
    if isinstance(error, DarajaUnreachable):
        return found("safaricom-unreachable", host=host)
    return found("server-blocked") if error.http_status == 403 else found("safaricom-unreadable", host=host)


def _clock(difference: timedelta) -> Finding:
    if difference <= CLOCK_TOLERANCE:
        return found("clock-ok")
    return found("clock-off", minutes=round(difference.total_seconds() / 60))
