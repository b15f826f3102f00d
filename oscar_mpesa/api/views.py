"""Ask a phone to pay an order, and what became of that."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from django.db.models import BigIntegerField
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone as clock
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_model

from oscar_mpesa.access import ownership
from oscar_mpesa.access.api_authorization import may_pay, may_see, may_see_number
from oscar_mpesa.access.availability import is_available_to
from oscar_mpesa.access.client_address import client_address
from oscar_mpesa.api.requests import InitiateRequest, read_initiate_request
from oscar_mpesa.api.responses import ENVIRONMENT_HEADER, NotFoundForCaller, RequestRefused, endpoint, start_refused
from oscar_mpesa.domain.money import AmountRefused
from oscar_mpesa.domain.result_codes import PUSH_CODES
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.oscar_adapter import order_messages
from oscar_mpesa.payment_page.messages import page_text
from oscar_mpesa.payment_page.page import payment_page
from oscar_mpesa.payment_page.queries import payments_since
from oscar_mpesa.services.exceptions import MpesaUnavailable, StartRefused
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.services.status_query import refresh_payment

__all__ = ["initiate"]

Order = get_model("order", "Order")

#: What a database can look for; Django before 5 leaves larger numbers to its complaint.
IDS = range(1, BigIntegerField.MAX_BIGINT + 1)

SENT = _("STK Push sent to your phone. Please enter your M-Pesa PIN.")
NO_ORDER = _("There is no such order.")
NO_PAYMENT = _("There is no such payment.")


@endpoint("POST", not_found=NO_ORDER)
def initiate(request: HttpRequest, order_id: int | None = None) -> HttpResponse:
    """Prompt a phone for the asker's own order; also the view to name ``api-payment`` for django-oscar-api."""
    wish = read_initiate_request(request, order_id)
    order = _own_order(request, wish.order_id)
    is_first = not hasattr(order, "mpesa")
    payment = _collect(request, order, wish, is_first=is_first)
    if ownership.owns_order(request, order):
        ownership.remember_number(request, wish.phone)
        if is_first:
            ownership.grant_order(request, payment.mpesa_order)
    return _initiated(payment)


@endpoint("GET", not_found=NO_PAYMENT)
def check_status(request: HttpRequest, payment_id: int) -> HttpResponse:
    """What became of a payment; asks Safaricom only when a question is due, as the waiting page's poll does."""
    payment, latest = _own_attempts(request, payment_id)
    if refresh_payment(latest, now=clock.now()):
        payment, latest = _own_attempts(request, payment_id)
    shows_number = may_see_number(request, payment)
    page = payment_page(latest, now=clock.now(), shows_number=shows_number)
    body = {
        "id": payment.pk,
        "status": payment.status,
        "amount": f"{payment.amount:d}.00",
        "transaction_reference": getattr(payment, "receipt_number", None),
        "phone_number": payment.phone if shows_number else payment.phone_number.masked,
        "created_at": _utc(payment.created_at),
        "completed_at": _utc(payment.completed_at),
        "message": page_text(page),
        "can_retry": page.can_retry,
    }
    return JsonResponse(body, headers={ENVIRONMENT_HEADER: payment.environment})


def _collect(request: HttpRequest, order: Any, wish: InitiateRequest, *, is_first: bool) -> MpesaPayment:
    """The new attempt as it stands once it was sent. Raises ``Refused``: surely nothing is on the phone."""
    now = clock.now()
    try:
        if is_first and not is_available_to(request.user):
            raise MpesaUnavailable
        payment = retry_payment(
            order,
            phone=wish.phone,
            now=now,
            language=get_language() or "",
            digest=ownership.session_digest(request),
            address=client_address(request),
        )
    except (StartRefused, AmountRefused) as refusal:
        raise start_refused(refusal, now=now) from refusal
    payment.refresh_from_db()
    if payment.is_final and payment.result_code in PUSH_CODES:
        raise RequestRefused(503, _words(payment), retry_after=payment.outcome.wait or None)
    return payment


def _initiated(payment: MpesaPayment) -> HttpResponse:
    """200 with Safaricom's id of the request; 202 where its reply is lost, and the request perhaps on the phone."""
    is_unknown = payment.is_live and payment.checkout_request_id is None
    body = {
        "success": True,
        "message": _words(payment) if is_unknown else str(SENT),
        "payment_id": payment.pk,
        "order_id": payment.order_id,
        "amount": payment.amount,
        "phone_number": payment.phone,
        "checkout_request_id": payment.checkout_request_id,
        **({"status": payment.status} if is_unknown else {}),
    }
    headers = {ENVIRONMENT_HEADER: payment.environment}
    return JsonResponse(body, status=202 if is_unknown else 200, headers=headers)


def _words(payment: MpesaPayment) -> str:
    return order_messages.outcome_message(payment.outcome, phone=payment.phone_number.grouped)


def _own_order(request: HttpRequest, order_id: int) -> Any:
    orders = Order._default_manager.select_related("mpesa")
    order = orders.filter(pk=order_id).first() if order_id in IDS else None
    if order is None or not may_pay(request, order):
        raise NotFoundForCaller
    return order


def _own_attempts(request: HttpRequest, payment_id: int) -> tuple[MpesaPayment, MpesaPayment]:
    """The payment that is asked for, and the order's latest, which is mostly the same."""
    attempts = payments_since(payment_id) if payment_id in IDS else []
    if not attempts or not may_see(request, attempts[0].mpesa_order.order):
        raise NotFoundForCaller
    return attempts[-1], attempts[0]


def _utc(moment: datetime | None) -> datetime | None:
    """The encoder writes UTC with a Z."""
    return moment and moment.astimezone(timezone.utc)
