"""Endpoints that start a payment and return its status."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
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
from oscar_mpesa.api.requests import read_initiate_request
from oscar_mpesa.api.responses import ENVIRONMENT_HEADER, NotFoundForCaller, RequestRefused, endpoint, start_refused
from oscar_mpesa.domain.money import AmountRefused
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.domain.push_codes import PUSH_CODES
from oscar_mpesa.models import MpesaPayment, ReceiptStatus
from oscar_mpesa.oscar_adapter import order_messages
from oscar_mpesa.payment_page.messages import page_text
from oscar_mpesa.payment_page.page import payment_page
from oscar_mpesa.payment_page.queries import payments_since
from oscar_mpesa.services.exceptions import MpesaUnavailable, StartRefused
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.services.status_query import refresh_payment

__all__ = ["initiate"]

Order = get_model("order", "Order")

#: Ids that a database can look up. Django before 5 passes larger numbers on and the database raises an error.
VALID_IDS = range(1, BigIntegerField.MAX_BIGINT + 1)

SENT = _("STK Push sent to your phone. Please enter your M-Pesa PIN.")
NO_ORDER = _("There is no such order.")
NO_PAYMENT = _("There is no such payment.")


@endpoint("POST", not_found=NO_ORDER)
def initiate(request: HttpRequest, order_id: int | None = None) -> HttpResponse:
    """Send a prompt for an order of the client. For django-oscar-api, name this view ``api-payment``."""
    initiate_request = read_initiate_request(request, order_id)
    order = _payable_order(request, initiate_request.order_id)
    is_first = not hasattr(order, "mpesa")
    payment = _start_payment(request, order, initiate_request.phone, is_first=is_first)
    if ownership.owns_order(request, order):
        ownership.remember_number(request, initiate_request.phone)
        if is_first:
            ownership.grant_order(request, payment.mpesa_order)
    return _initiate_response(payment)


@endpoint("GET", not_found=NO_PAYMENT)
def check_status(request: HttpRequest, payment_id: int) -> HttpResponse:
    """Return a payment's status, and whether its order is paid.

    Queries Safaricom only when a status check is due, as the payment page does.
    """
    payment, latest = _visible_payments(request, payment_id)
    if refresh_payment(latest, now=clock.now()):
        payment, latest = _visible_payments(request, payment_id)
    shows_number = may_see_number(request, payment)
    page = payment_page(latest, now=clock.now())
    body = {
        "id": payment.pk,
        "status": _status(payment),
        "amount": f"{payment.amount:d}.00",
        "transaction_reference": getattr(payment, "receipt_number", None),
        "phone_number": payment.phone if shows_number else payment.phone_number.masked,
        "created_at": _utc(payment.created_at),
        "completed_at": _utc(payment.completed_at),
        "message": page_text(page),
        "can_retry": page.can_retry,
        "order_paid": page.state.is_paid,
        "balance": _balance(latest),
    }
    return JsonResponse(body, headers={ENVIRONMENT_HEADER: payment.environment})


def _status(payment: MpesaPayment) -> str:
    """Return the payment's status. It is not *completed* while its own wrong amount waits for a decision.

    A client that looks at the status alone must not deliver then.
    """
    is_wrong_amount = getattr(payment, "receipt_status", None) == ReceiptStatus.WRONG_AMOUNT
    return PaymentStatus.PROCESSING.value if payment.is_paid and is_wrong_amount else payment.status


def _start_payment(request: HttpRequest, order: Any, phone: PhoneNumber, *, is_first: bool) -> MpesaPayment:
    """Start a payment and return it after the push. Raises ``RequestRefused`` if no prompt was sent."""
    now = clock.now()
    try:
        if is_first and not is_available_to(request.user):
            raise MpesaUnavailable
        payment = retry_payment(
            order,
            phone=phone,
            now=now,
            actor=ownership.make_actor(request),
            language=get_language() or "",
        )
    except (StartRefused, AmountRefused) as refusal:
        raise start_refused(refusal, now=now) from refusal
    payment.refresh_from_db()
    if payment.is_final and payment.result_code in PUSH_CODES:
        raise RequestRefused(503, _outcome_message(payment), retry_after=payment.outcome.wait or None)
    return payment


def _initiate_response(payment: MpesaPayment) -> HttpResponse:
    """Return 200 with Safaricom's id of the push, or 202 if its reply is missing and a prompt may be pending."""
    is_unknown = payment.is_live and payment.checkout_request_id is None
    body = {
        "success": True,
        "message": _outcome_message(payment) if is_unknown else str(SENT),
        "payment_id": payment.pk,
        "order_id": payment.order_id,
        "amount": payment.amount,
        "phone_number": payment.phone,
        "checkout_request_id": payment.checkout_request_id,
        **({"status": payment.status} if is_unknown else {}),
    }
    headers = {ENVIRONMENT_HEADER: payment.environment}
    return JsonResponse(body, status=202 if is_unknown else 200, headers=headers)


def _outcome_message(payment: MpesaPayment) -> str:
    return order_messages.outcome_message(payment.outcome)


def _payable_order(request: HttpRequest, order_id: int) -> Any:
    orders = Order._default_manager.select_related("mpesa")
    order = orders.filter(pk=order_id).first() if order_id in VALID_IDS else None
    if order is None or not may_pay(request, order):
        raise NotFoundForCaller
    return order


def _visible_payments(request: HttpRequest, payment_id: int) -> tuple[MpesaPayment, MpesaPayment]:
    """Return the payment with this id and the latest one of its order. They are often the same."""
    payments = payments_since(payment_id) if payment_id in VALID_IDS else []
    if not payments or not may_see(request, payments[0].mpesa_order.order):
        raise NotFoundForCaller
    return payments[-1], payments[0]


def _balance(latest: MpesaPayment) -> str:
    """Return what the order of a payment owes now, in shillings. Before it was assessed, that is the payment's amount.

    Zero if the order is paid or canceled.
    """
    mpesa_order = latest.mpesa_order
    due = Decimal(latest.amount) if mpesa_order.balance is None else mpesa_order.amount_due
    return f"{Decimal(0) if mpesa_order.is_paid else due:.2f}"


def _utc(moment: datetime | None) -> datetime | None:
    """Convert to UTC, which Django's JSON encoder writes with a Z."""
    return moment and moment.astimezone(timezone.utc)
