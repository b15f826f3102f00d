"""Post to the shop's own callback address, through whatever stands before it, and look whether it came in."""

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
from oscar_mpesa.setup_check.findings import Finding, found

#: An address of the documents' own range: whoever believes it believes what anybody writes.
TEST_BODY = "192.0.2.77"

#: What a web server answers in the shop's place, by status.
_ANSWERS = {401: "callback-forbidden", 403: "callback-forbidden", 404: "callback-missing", 405: "callback-missing"}

#: Rows that are looked through; the cap lets no more in within the time.
_ROWS, _TIME = 200, timedelta(minutes=5)


def callback_findings(now: datetime) -> Iterator[Finding]:
    """Whether a post comes through from outside, as far as the shop can tell by itself; must run outside a transaction.

    It carries a secret that no payment has, so it is kept as *unverified*, within the cap, and believed in nothing.
    Once it was found again, by a number in its body that only this run knows, its row is deleted.
    """
    settings = get_settings()
    if not settings.CALLBACK_URL or "E006" in settings.faults:
        return
    nonce = token_hex(16)
    try:
        body = json.dumps({"oscar_mpesa_setup": nonce}).encode()
        response = gateway.post_to_own_callback(body, secret=token_hex(16), headers={"X-Forwarded-For": TEST_BODY})
    except DarajaError as error:
        yield _unanswered(error)
        return
    yield from [_not_ours(response)] if not _is_ours(response) else _arrived(nonce, now)


def _unanswered(error: DarajaError) -> Finding:
    host = host_of(get_settings().CALLBACK_URL)
    if "SSLError" in error.message:
        return found("callback-certificate", host=host)
    if isinstance(error, DarajaUnreachable) and error.sent:
        return found("callback-slow", seconds=round(sum(gateway.PROBE_TIMEOUTS)))
    return found("callback-unreachable", told=error.message)


def _is_ours(response: Response) -> bool:
    """What our callback view says when it has kept a post."""
    try:
        return response.status == 200 and read_object(response.body).get("ResultCode") == 0
    except ValueError:
        return False


def _not_ours(response: Response) -> Finding:
    status = response.status
    if 300 <= status < 400:
        return found("callback-redirects", status=status, address=_where_to(response))
    if status < 300:
        return found("callback-page")
    return found(_ANSWERS.get(status, "callback-broken"), status=status)


def _where_to(response: Response) -> str:
    """Without the end of its path, which spells the secret that was made up."""
    told = next((value for name, value in response.headers.items() if name.lower() == "location"), "")
    try:
        parts = urlsplit(told)
    except ValueError:
        return "…"
    return f"{parts.scheme}://{parts.netloc}/…" if parts.netloc else f"{parts.path[:40]}…"


def _arrived(nonce: str, now: datetime) -> Iterator[Finding]:
    strangers = MpesaCallback.objects.filter(verdict=Verdict.UNVERIFIED, received_at__gt=now - _TIME)
    rows = list(strangers.order_by("-received_at")[:_ROWS])
    own = next((row for row in rows if nonce.encode() in bytes(row.body)), None)
    if own is None:
        is_crowded = sum(row.received_at > now - timedelta(minutes=1) for row in rows) >= UNVERIFIED_A_MINUTE
        yield found("callback-crowded" if is_crowded else "callback-elsewhere")
        return
    own.delete()
    yield found("callback-ok")
    yield from _proxies(own.address or "")


def _proxies(address: str) -> Iterator[Finding]:
    settings = get_settings()
    if address == TEST_BODY:
        yield found("proxies-forged", proxies=settings.TRUSTED_PROXIES)
    elif address and is_private_host(address) and not is_private_host(host_of(settings.CALLBACK_URL)):
        yield found("proxies-hidden", address=address, proxies=settings.TRUSTED_PROXIES)
