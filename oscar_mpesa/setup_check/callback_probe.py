"""Post a test callback to the shop's own public URL and check that it arrives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from secrets import token_hex
from urllib.parse import urlsplit

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.callback_addresses import host_of, is_private_host
from oscar_mpesa.daraja.exceptions import DarajaError, DarajaUnreachable
from oscar_mpesa.daraja.json import read_object
from oscar_mpesa.daraja.transport import Response
from oscar_mpesa.models import MpesaCallback, Verdict
from oscar_mpesa.services import gateway
from oscar_mpesa.services.callbacks import UNVERIFIED_A_MINUTE
from oscar_mpesa.setup_check.findings import Finding, make_finding

#: An address reserved for documentation: a shop that records it trusts a forged header.
FORGED_ADDRESS = "192.0.2.77"

#: The finding for each status that another server may answer.
_BY_STATUS = {401: "callback-forbidden", 403: "callback-forbidden", 404: "callback-missing", 405: "callback-missing"}

#: How many recent rows to search; the limit on unverified callbacks lets in no more.
_ROWS, _PERIOD = 200, timedelta(minutes=5)


def callback_findings(now: datetime) -> Iterator[Finding]:
    """Check that a POST to the callback URL reaches this shop's database. Must run outside a transaction.

    The POST has a secret that no payment has, so it is stored as *unverified*, within the limit, and changes nothing.
    A nonce in the body identifies its row, which is then deleted.
    """
    settings = get_settings()
    if not settings.CALLBACK_URL or "E006" in settings.faults:
        return
    nonce = token_hex(16)
    try:
        body = json.dumps({"oscar_mpesa_setup": nonce}).encode()
        response = gateway.post_to_own_callback(body, secret=token_hex(16), headers={"X-Forwarded-For": FORGED_ADDRESS})
    except DarajaError as error:
        yield _unanswered(error)
        return
    yield from _arrival(nonce, now) if _is_ours(response) else [_wrong_answer(response)]


def _unanswered(error: DarajaError) -> Finding:
    host = host_of(get_settings().CALLBACK_URL)
    if "SSLError" in error.message:
        return make_finding("callback-certificate", host=host)
    if isinstance(error, DarajaUnreachable) and error.sent:
        return make_finding("callback-slow", seconds=round(sum(gateway.PROBE_TIMEOUTS)))
    return make_finding("callback-unreachable", details=error.message)


def _is_ours(response: Response) -> bool:
    """Return whether our callback view gave the answer: it stored the POST."""
    try:
        return response.status == 200 and read_object(response.body).get("ResultCode") == 0
    except ValueError:
        return False


def _wrong_answer(response: Response) -> Finding:
    status = response.status
    if 300 <= status < 400:
        return make_finding("callback-redirects", status=status, address=_redirect_target(response))
    if status < 300:
        return make_finding("callback-page")
    return make_finding(_BY_STATUS.get(status, "callback-broken"), status=status)


def _redirect_target(response: Response) -> str:
    """Return the target without the end of its path, which holds the secret."""
    location = next((value for name, value in response.headers.items() if name.lower() == "location"), "")
    try:
        parts = urlsplit(location)
    except ValueError:
        return "…"
    return f"{parts.scheme}://{parts.netloc}/…" if parts.netloc else f"{parts.path[:40]}…"


def _arrival(nonce: str, now: datetime) -> Iterator[Finding]:
    unverified = MpesaCallback.objects.filter(verdict=Verdict.UNVERIFIED, received_at__gt=now - _PERIOD)
    rows = list(unverified.order_by("-received_at")[:_ROWS])
    own = next((row for row in rows if nonce.encode() in bytes(row.body)), None)
    if own is None:
        is_at_limit = sum(row.received_at > now - timedelta(minutes=1) for row in rows) >= UNVERIFIED_A_MINUTE
        yield make_finding("callback-inconclusive" if is_at_limit else "callback-elsewhere")
        return
    own.delete()
    yield make_finding("callback-ok")
    yield from _proxy_findings(own.address or "")


def _proxy_findings(address: str) -> Iterator[Finding]:
    settings = get_settings()
    if address == FORGED_ADDRESS:
        yield make_finding("proxies-forged", proxies=settings.TRUSTED_PROXIES)
    elif address and is_private_host(address) and not is_private_host(host_of(settings.CALLBACK_URL)):
        yield make_finding("proxies-hidden", address=address, proxies=settings.TRUSTED_PROXIES)
