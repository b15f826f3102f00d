"""The facts of one receipt, and of the order that staff want to match it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from oscar.core.loading import get_model

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.redaction import redact
from oscar_mpesa.dashboard.dates import day_and_time, format_day
from oscar_mpesa.dashboard.money.forms import difference_message
from oscar_mpesa.dashboard.orders import name_of, spellings
from oscar_mpesa.domain.money import CURRENCY, ksh
from oscar_mpesa.models import Allocation, MpesaPayment, MpesaReceipt, ReceiptSource
from oscar_mpesa.models.receipts import NEEDS_DECISION
from oscar_mpesa.services.exceptions import DecisionRefused, OrderReturnedToBasket
from oscar_mpesa.services.receipt_decisions import require_allocatable

Order = get_model("order", "Order")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMatch:
    """What staff must see of an order before they match a receipt to it; ``order`` is None if there is none."""

    number: str
    order: Any = None
    customer: str = ""
    total: str = ""
    difference: str = ""
    other_customer: str = ""
    refusal: str = ""
    cautions: tuple[str, ...] = ()
    is_basket_restored: bool = False
    newer_orders: tuple[str, ...] = ()


def match_order(receipt: MpesaReceipt, number: str) -> OrderMatch:
    """Return the order with this number, and why the receipt cannot be matched to it, if so."""
    order = order_numbered(number)
    if order is None:
        return OrderMatch(number=number)
    match = describe_order(order, receipt.amount)
    try:
        require_allocatable(receipt, order)
    except DecisionRefused as refusal:
        is_restored = isinstance(refusal, OrderReturnedToBasket)
        newer = _newer_orders(order) if is_restored else ()
        return replace(match, refusal=_(refusal.sentence), is_basket_restored=is_restored, newer_orders=newer)
    other_customer = other_customer_message(receipt, order)
    return replace(match, other_customer=other_customer, cautions=tuple(_cautions(receipt, order)))


def other_customer_message(receipt: MpesaReceipt, order: Any) -> str:
    """Return the sentence that staff accept if the payer paid another customer's order; "" if not."""
    own: Any = receipt.order
    if own is None or (own.user_id, own.email) == (order.user_id, order.email):
        return ""
    values = {"number": own.number, "customer": customer_of(own)}
    return _("Match it to somebody else's order: it came for order %(number)s of %(customer)s.") % values


def _cautions(receipt: MpesaReceipt, order: Any) -> Iterator[str]:
    """Yield warnings about the order's state."""
    if order.status == get_settings().EXPIRED_STATUS:
        yield _("This order is closed. Matching the money reopens it, if its items are in stock.")
    yield from open_prompts(order)
    own: Any = receipt.order
    if own is not None and own.pk == order.pk:
        return
    for each in MpesaReceipt.objects.filter(order_id=order.pk, allocation__in=NEEDS_DECISION).exclude(pk=receipt.pk):
        values = {"amount": ksh(each.rest), "code": each.number or pgettext("label", "code missing")}
        yield (
            _("Other money is already waiting for the order above: %(amount)s, %(code)s. Decide about that first.")
            % values
        )


def open_prompts(order: Any) -> Iterator[str]:
    """Yield a warning for each prompt that can still pay the order."""
    for sent in MpesaPayment.objects.live().filter(mpesa_order_id=order.pk, on_hold=False).exclude(push_sent_at=None):
        yield _(
            "A prompt for this order has been on a phone since %(moment)s. If it is paid too, the "
            "order is paid twice: wait until it has ended."
        ) % {"moment": day_and_time(sent.push_sent_at)}


def _newer_orders(order: Any) -> tuple[str, ...]:
    """Return the customer's newest three orders after this one; guests are known by their email."""
    if order.user_id is None and not order.guest_email:
        return ()
    customer = {"user_id": order.user_id} if order.user_id else {"user": None, "guest_email": order.guest_email}
    newer = Order.objects.filter(**customer, date_placed__gt=order.date_placed).order_by("-date_placed")
    return tuple(newer.values_list("number", flat=True)[:3])


def order_numbered(number: str) -> Any:
    """Return the order with this number, in any case; None if there is none. One query."""
    with_customer = Order.objects.select_related("user", "shipping_address", "billing_address")
    orders = with_customer.filter(number__in=spellings(number))
    return min(orders, key=lambda order: order.number != number, default=None)


def describe_order(order: Any, amount: Decimal) -> OrderMatch:
    """Return an order, and how its total differs from an amount."""
    return OrderMatch(
        number=order.number,
        order=order,
        customer=customer_of(order),
        total=total_of(order),
        difference=difference_message(amount, order.total_incl_tax),
    )


def customer_of(order: Any) -> str:
    """Return the customer's name and email."""
    return " · ".join(filter(None, [name_of(order), order.email])) or _("no longer known")


def total_of(order: Any) -> str:
    """Return the order's total in its own currency."""
    total: Decimal = order.total_incl_tax
    return ksh(total) if order.currency == CURRENCY else f"{order.currency} {total:,.2f}"


def facts_of(receipt: MpesaReceipt, *, shows_phones: bool) -> list[tuple[str, Any]]:
    """Return a label and a value for each known fact; without ``shows_phones`` numbers are masked."""

    def masked(text: str) -> str:
        return redact(text, shows_phones=shows_phones)

    phone = phone_of(receipt, shows_phones=shows_phones)
    return [(label, value) for label, value in _facts(receipt, phone, masked) if value]


def phone_of(receipt: MpesaReceipt, *, shows_phones: bool) -> str:
    """Return the phone that paid, as Safaricom reports it; "" for receipts that staff recorded."""
    if receipt.payment is None or receipt.source == ReceiptSource.STAFF:
        return ""
    number = receipt.payment.phone_number
    return number.grouped if shows_phones else number.masked


def _facts(receipt: MpesaReceipt, phone: str, mask: Callable[[str], str]) -> Iterator[tuple[str, Any]]:
    yield _("M-PESA code"), receipt.number or pgettext("label", "code missing")
    yield pgettext("label", "Amount"), ksh(receipt.amount)
    yield pgettext("label", "Paid at"), day_and_time(receipt.paid_at)
    yield pgettext("label", "Status"), receipt.get_allocation_display()
    is_matched = receipt.allocation == Allocation.APPLIED
    yield pgettext("noun", "Order") if is_matched else _("Order it came for"), _order_link(receipt.order)
    yield pgettext("label", "Payment"), _payment_link(receipt.payment)
    yield pgettext("label", "Paid from"), phone
    yield _("Name on M-PESA"), mask(receipt.payer)
    yield pgettext("label", "Source"), receipt.get_source_display()
    yield pgettext("label", "Environment"), receipt.get_environment_display()
    yield pgettext("label", "Posted on"), day_and_time(receipt.booked_at)
    yield pgettext("label", "Posting error"), mask(receipt.error)
    yield pgettext("label", "By"), _decision(receipt)
    yield pgettext("label", "Refunded"), _refund(receipt, mask)
    yield pgettext("label", "Note"), mask(receipt.note)


def _order_link(order: Any) -> str:
    if order is None:
        return ""
    return format_html('<a href="{}">{}</a>', reverse("dashboard:order-detail", args=[order.number]), order.number)


def _payment_link(payment: MpesaPayment | None) -> str:
    if payment is None:
        return ""
    label = f"{ksh(payment.amount)}, {day_and_time(payment.created_at)}"
    return format_html('<a href="{}">{}</a>', reverse("dashboard:mpesa-payment", args=[payment.pk]), label)


def _decision(receipt: MpesaReceipt) -> str:
    by = receipt.allocated_by_name
    return f"{by}, {day_and_time(receipt.allocated_at)}" if by else ""


def _refund(receipt: MpesaReceipt, mask: Callable[[str], str]) -> str:
    if receipt.returned_amount is None:
        return ""
    parts = [ksh(receipt.returned_amount), format_day(receipt.returned_at), mask(receipt.returned_reference)]
    return ", ".join(filter(None, parts))
