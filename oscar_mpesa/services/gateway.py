"""Call Safaricom, or the simulator in test mode. No other module decides which."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from django.utils import timezone

from oscar_mpesa.conf import SIMULATED, get_settings
from oscar_mpesa.daraja.client import QUERY_LIMIT, ApiCall, Client
from oscar_mpesa.daraja.exceptions import DarajaError, DarajaMisconfigured, DarajaUnreachable
from oscar_mpesa.daraja.stk_push import StkPush, StkPushReply
from oscar_mpesa.daraja.stk_query import StkQueryReply
from oscar_mpesa.daraja.transport import HttpTransport, Request, Response, Transport
from oscar_mpesa.domain.references import account_reference, description
from oscar_mpesa.models import MpesaApiCall, MpesaPayment
from oscar_mpesa.services.circuit_breaker import circuit_breaker
from oscar_mpesa.services.shared_cache import SharedCache
from oscar_mpesa.simulator import results
from oscar_mpesa.simulator.rehearsal import NO_CREDENTIALS, OwnTokens, RehearsalTransport

__all__ = ["replaced_transport"]

logger = logging.getLogger("oscar_mpesa")

#: Seconds that a page may wait for Safaricom when it polls, a token included.
POLL_LIMIT = 2.0

#: Seconds to connect to our own callback address, and to wait for the response.
PROBE_TIMEOUTS = (3.0, 5.0)

_replacements: list[Transport] = []


def send_stk_push(payment: MpesaPayment, *, now: datetime) -> StkPushReply:
    """Send the STK push of a reserved and committed payment, once.

    Raises ``DarajaError``. Its ``was_not_sent`` is False if the prompt may be on the phone all the same.
    """
    with _own_errors_named():
        if payment.environment == SIMULATED:
            _require_matching_settings(payment)
            return results.push_reply(public_id=payment.secret, msisdn=payment.phone, now=now)
        return _client(payment, now).push(_stk_push(payment), now=now)


def rehearse_stk_push(payment: MpesaPayment, *, now: datetime) -> StkPushReply:
    """Build the STK push of a payment, and let the simulator judge it in this process. Sends and stores nothing.

    So it may run inside a transaction, and with any settings. Raises ``DarajaError`` as Safaricom would refuse it.
    """
    settings = get_settings()
    with _own_errors_named():
        _require_matching_settings(payment)
        push, credentials = _stk_push(payment), NO_CREDENTIALS
        if settings.has_credentials:
            credentials = settings.credentials
        else:
            push = replace(push, callback_url=f"https://shop.invalid/{payment.secret}/")
        return Client(credentials, RehearsalTransport(credentials=credentials), OwnTokens()).push(push, now=now)


def query_status(
    payment: MpesaPayment, checkout_id: str, *, now: datetime, limit: float = QUERY_LIMIT
) -> StkQueryReply | bytes | None:
    """Return Safaricom's reply to a status query, or the simulator's callback body, or None if it has none yet.

    Waits at most ``limit`` seconds. Raises ``DarajaError``.
    """
    with _own_errors_named():
        if payment.environment == SIMULATED:
            _require_matching_settings(payment)
            return results.callback_body(_simulated_payment(payment), now=now)
        return _client(payment, now).query(checkout_id, now=now, limit=limit)


def is_query_free(payment: MpesaPayment) -> bool:
    """Return whether a status query makes no call, so that it is always due and needs no budget."""
    return bool(payment.environment == SIMULATED)


def is_query_paused(payment: MpesaPayment, *, now: datetime, limit: float = QUERY_LIMIT) -> bool:
    """Return whether Safaricom is not queried now, because it does not answer. Then no query should be reserved."""
    settings = get_settings()
    if payment.environment == SIMULATED or not settings.has_credentials:
        return False
    breaker, is_patient = circuit_breaker(now), limit >= QUERY_LIMIT
    if breaker.is_paused("query", is_patient=is_patient):
        return True
    has_token = SharedCache(settings.CACHE).get(settings.credentials.token_key) is not None
    return not has_token and breaker.is_paused("oauth", is_patient=is_patient)


def probe_client(on_call: Callable[[ApiCall], None]) -> Client | None:
    """Return a client to test the shop's settings, or None if they are simulated or have a fault.

    Its calls are logged and count towards the budget as all others. ``on_call`` receives each call.
    """
    settings = get_settings()
    if settings.is_simulated or settings.faults:
        return None

    def observe(call: ApiCall) -> None:
        on_call(call)
        _log_call(call, environment=settings.environment, shortcode=settings.SHORTCODE)

    guard = circuit_breaker(timezone.now(), admits_all=True)
    return Client(settings.credentials, _transport(), SharedCache(settings.CACHE), observe, guard)


def post_to_own_callback(body: bytes, *, secret: str, headers: Mapping[str, str]) -> Response:
    """Post to our own callback address from outside, as Safaricom does, once and within ``PROBE_TIMEOUTS``.

    Returns the response, whatever its status. Follows no redirects. Raises ``DarajaError``.
    """
    headers = {"Content-Type": "application/json", **headers}
    url = get_settings().callback_url(secret)
    connect, read = PROBE_TIMEOUTS
    return _transport().send(
        Request(method="POST", url=url, headers=headers, body=body, idempotent=False, connect=connect, read=read)
    )


@contextmanager
def replaced_transport(transport: Transport) -> Iterator[None]:
    """Use another transport than HTTP inside a ``with`` block; for tests, see ``oscar_mpesa.testing``."""
    _replacements.append(transport)
    try:
        yield
    finally:
        _replacements.pop()


@contextmanager
def _own_errors_named() -> Iterator[None]:
    """Turn any other exception into a ``DarajaError``. The client names its own from the moment the request leaves."""
    try:
        yield
    except DarajaError:
        raise
    except Exception as error:
        logger.exception("M-PESA: a call to Safaricom was not made")
        raise DarajaUnreachable(f"an error before the call: {type(error).__name__}", sent=False) from error


def _stk_push(payment: MpesaPayment) -> StkPush:
    number = payment.mpesa_order.order.number
    return StkPush(
        phone=payment.phone_number,
        amount=payment.amount,
        callback_url=get_settings().callback_url(payment.secret),
        account_reference=account_reference(number),
        description=description(number),
    )


def _client(payment: MpesaPayment, now: datetime) -> Client:
    _require_matching_settings(payment)
    settings = get_settings()

    def observe(call: ApiCall) -> None:
        _log_call(call, environment=payment.environment, shortcode=payment.shortcode, payment=payment)

    return Client(settings.credentials, _transport(), SharedCache(settings.CACHE), observe, circuit_breaker(now))


def _require_matching_settings(payment: MpesaPayment) -> None:
    """Raise ``DarajaMisconfigured`` unless the payment has the settings' environment and short code.

    Test money must not pay a real order, and Safaricom doesn't know another short code's payments.
    """
    settings = get_settings()
    is_ours = (payment.environment, payment.shortcode) == (settings.environment, settings.SHORTCODE)
    if settings.faults or not is_ours:
        raise DarajaMisconfigured("the shop's M-PESA settings do not fit this payment; run manage.py check")


def _transport() -> Transport:
    return _replacements[-1] if _replacements else _http_transport()


@lru_cache(maxsize=1)
def _http_transport() -> HttpTransport:
    return HttpTransport()


def _log_call(call: ApiCall, *, environment: str, shortcode: str, payment: MpesaPayment | None = None) -> None:
    MpesaApiCall.objects.create(
        endpoint=call.endpoint,
        environment=environment,
        shortcode=shortcode,
        payment=payment,
        http_status=call.http_status,
        milliseconds=call.milliseconds,
        request=call.request,
        reply=call.reply,
        error=call.error,
        error_kind=call.error_kind or "",
        created_at=timezone.now(),
    )


def _simulated_payment(payment: MpesaPayment) -> results.SimulatedPayment:
    assert payment.push_sent_at is not None  # nosec B101 # narrows the type
    return results.SimulatedPayment(
        public_id=payment.secret,
        msisdn=payment.phone,
        amount=payment.amount,
        merchant_request_id=payment.merchant_request_id,
        checkout_request_id=payment.checkout_request_id or "",
        push_sent_at=payment.push_sent_at,
        practice_seen_at=payment.practice_seen_at,
        practice_answer=payment.practice_answer,
        result_code="" if payment.needs_query else payment.result_code,
    )
