"""The seam between the verbs and Safaricom: the real wire, or the simulator in test mode; nobody else asks which."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache

from django.core.cache import caches
from django.utils import timezone

from oscar_mpesa.conf import SIMULATED, get_settings
from oscar_mpesa.daraja.client import ApiCall, Client
from oscar_mpesa.daraja.exceptions import DarajaMisconfigured
from oscar_mpesa.daraja.stk_push import StkPush, StkPushReply
from oscar_mpesa.daraja.stk_query import StkQueryReply
from oscar_mpesa.daraja.transport import HttpTransport, Request, Response, Transport
from oscar_mpesa.domain.references import account_reference, description
from oscar_mpesa.models import MpesaApiCall, MpesaPayment
from oscar_mpesa.simulator import results

__all__ = ["replaced_transport"]

#: Seconds to connect to ourselves, and to be answered.
PROBE_TIMEOUTS = (3.0, 5.0)

_replaced: list[Transport] = []


def send_stk_push(payment: MpesaPayment, *, now: datetime) -> StkPushReply:
    """Send the prompt to the phone, now and once; the payment is claimed and committed.

    Raises ``DarajaError``; ``was_not_sent`` on it says whether the phone may have been prompted all the same.
    """
    if payment.environment == SIMULATED:
        _require_matching_settings(payment)
        return results.push_reply(public_id=payment.secret, msisdn=payment.phone, now=now)
    number = payment.mpesa_order.order.number
    return _client(payment).push(
        StkPush(
            phone=payment.phone_number,
            amount=payment.amount,
            callback_url=get_settings().callback_url(payment.secret),
            account_reference=account_reference(number),
            description=description(number),
        ),
        now=now,
    )


def query_status(payment: MpesaPayment, *, now: datetime) -> StkQueryReply | bytes | None:
    """What became of the prompt: Safaricom's reply, or the body that the simulator would post, or nothing yet.

    Raises ``DarajaError``.
    """
    if payment.environment == SIMULATED:
        _require_matching_settings(payment)
        return results.callback_body(_simulated_payment(payment), now=now)
    assert payment.checkout_request_id is not None
    return _client(payment).query(payment.checkout_request_id, now=now)


def is_query_free(payment: MpesaPayment) -> bool:
    """Asking costs no call: due at every poll, outside the minute's budget."""
    return bool(payment.environment == SIMULATED)


def probe_client(hear: Callable[[ApiCall], None]) -> Client | None:
    """A client to try the shop's settings with, of no payment; its calls are kept, and count, as all others.

    ``hear`` is told of each call. None where there is nobody to ask: simulated, or settings with a fault.
    """
    settings = get_settings()
    if settings.is_simulated or settings.faults:
        return None

    def observe(exchange: ApiCall) -> None:
        hear(exchange)
        _log_call(exchange, environment=settings.environment, shortcode=settings.SHORTCODE)

    return Client(settings.credentials, _transport(), caches[settings.CACHE], observe)


def post_to_own_callback(body: bytes, *, secret: str, headers: Mapping[str, str]) -> Response:
    """Post to a callback address of ours from outside, as Safaricom does; once, within ``KNOCK`` seconds.

    The answer is of any status, and no redirect is followed. Raises ``DarajaError``, named for the host.
    """
    sent = {"Content-Type": "application/json", **headers}
    url = get_settings().callback_url(secret)
    connect, read = PROBE_TIMEOUTS
    return _transport().send(
        Request(method="POST", url=url, headers=sent, body=body, idempotent=False, connect=connect, read=read)
    )


@contextmanager
def replaced_transport(transport: Transport) -> Iterator[None]:
    """Speak over another transport than HTTP for a while; what ``oscar_mpesa.testing`` offers to integrators."""
    _replaced.append(transport)
    try:
        yield
    finally:
        _replaced.pop()


def _client(payment: MpesaPayment) -> Client:
    _require_matching_settings(payment)
    settings = get_settings()

    def observe(exchange: ApiCall) -> None:
        _log_call(exchange, environment=payment.environment, shortcode=payment.shortcode, payment=payment)

    return Client(settings.credentials, _transport(), caches[settings.CACHE], observe)


def _require_matching_settings(payment: MpesaPayment) -> None:
    """No simulated payment is paid by a shop that takes real money, nor the other way round.

    And of another short code's payments Safaricom would say that they do not exist.
    """
    settings = get_settings()
    is_ours = (payment.environment, payment.shortcode) == (settings.environment, settings.SHORTCODE)
    if settings.faults or not is_ours:
        raise DarajaMisconfigured("the shop's M-Pesa settings do not fit this payment; run manage.py check")


def _transport() -> Transport:
    return _replaced[-1] if _replaced else _http_transport()


@lru_cache(maxsize=1)
def _http_transport() -> HttpTransport:
    return HttpTransport()


def _log_call(exchange: ApiCall, *, environment: str, shortcode: str, payment: MpesaPayment | None = None) -> None:
    MpesaApiCall.objects.create(
        endpoint=exchange.endpoint,
        environment=environment,
        shortcode=shortcode,
        payment=payment,
        http_status=exchange.http_status,
        milliseconds=exchange.milliseconds,
        request=exchange.request,
        reply=exchange.reply,
        error=exchange.error,
        error_kind=exchange.error_kind or "",
        created_at=timezone.now(),
    )


def _simulated_payment(payment: MpesaPayment) -> results.SimulatedPayment:
    assert payment.push_sent_at is not None
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
