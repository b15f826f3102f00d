"""The seam between the verbs and Safaricom: the real wire, or the simulator in test mode; nobody else asks which."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache

from django.core.cache import caches
from django.utils import timezone

from oscar_mpesa.conf import SIMULATED, get_settings
from oscar_mpesa.daraja.client import Client, Exchange
from oscar_mpesa.daraja.errors import DarajaMisconfigured
from oscar_mpesa.daraja.messages import Push, PushReply, QueryReply
from oscar_mpesa.daraja.transport import HttpTransport, Request, Response, Transport
from oscar_mpesa.domain.references import account_reference, description
from oscar_mpesa.models import MpesaCall, MpesaPayment
from oscar_mpesa.simulator import replies

#: Seconds to connect to ourselves, and to be answered.
KNOCK = (3.0, 5.0)

_replaced: list[Transport] = []


def push(payment: MpesaPayment, *, now: datetime) -> PushReply:
    """Send the prompt to the phone, now and once; the payment is claimed and committed.

    Raises ``DarajaError``; ``surely_not_sent`` on it says whether the phone may have been prompted all the same.
    """
    if payment.environment == SIMULATED:
        _require_fit(payment)
        return replies.push_reply(public_id=payment.secret, msisdn=payment.phone, now=now)
    number = payment.mpesa_order.order.number
    return _client(payment).push(
        Push(
            phone=payment.phone_number,
            amount=payment.amount,
            callback_url=get_settings().callback_url(payment.secret),
            account_reference=account_reference(number),
            description=description(number),
        ),
        now=now,
    )


def ask(payment: MpesaPayment, *, now: datetime) -> QueryReply | bytes | None:
    """What became of the prompt: Safaricom's reply, or the body that the simulator would post, or nothing yet.

    Raises ``DarajaError``.
    """
    if payment.environment == SIMULATED:
        _require_fit(payment)
        return replies.callback_body(_facts(payment), now=now)
    assert payment.checkout_request_id is not None
    return _client(payment).query(payment.checkout_request_id, now=now)


def is_free(payment: MpesaPayment) -> bool:
    """Asking costs no call: due at every poll, outside the minute's budget."""
    return bool(payment.environment == SIMULATED)


def trial_client(hear: Callable[[Exchange], None]) -> Client | None:
    """A client to try the shop's settings with, of no payment; its calls are kept, and count, as all others.

    ``hear`` is told of each call. None where there is nobody to ask: simulated, or settings with a fault.
    """
    settings = get_settings()
    if settings.is_simulated or settings.faults:
        return None

    def observe(exchange: Exchange) -> None:
        hear(exchange)
        _keep_call(exchange, environment=settings.environment, shortcode=settings.SHORTCODE)

    return Client(settings.credentials, _transport(), caches[settings.CACHE], observe)


def knock(body: bytes, *, secret: str, headers: Mapping[str, str]) -> Response:
    """Post to a callback address of ours from outside, as Safaricom does; once, within ``KNOCK`` seconds.

    The answer is of any status, and no redirect is followed. Raises ``DarajaError``, named for the host.
    """
    sent = {"Content-Type": "application/json", **headers}
    url = get_settings().callback_url(secret)
    connect, read = KNOCK
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
    _require_fit(payment)
    settings = get_settings()

    def observe(exchange: Exchange) -> None:
        _keep_call(exchange, environment=payment.environment, shortcode=payment.shortcode, payment=payment)

    return Client(settings.credentials, _transport(), caches[settings.CACHE], observe)


def _require_fit(payment: MpesaPayment) -> None:
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


def _keep_call(exchange: Exchange, *, environment: str, shortcode: str, payment: MpesaPayment | None = None) -> None:
    MpesaCall.objects.create(
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


def _facts(payment: MpesaPayment) -> replies.Facts:
    assert payment.prompted_at is not None
    return replies.Facts(
        public_id=payment.secret,
        msisdn=payment.phone,
        amount=payment.amount,
        merchant_request_id=payment.merchant_request_id,
        checkout_request_id=payment.checkout_request_id or "",
        prompted_at=payment.prompted_at,
        handset_seen_at=payment.handset_seen_at,
        handset_answer=payment.handset_answer,
        result_code="" if payment.may_be_paid_yet else payment.result_code,
    )
