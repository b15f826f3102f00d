"""What is known of one arrival of money, line by line, and of the order that it might be used for."""

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
from oscar_mpesa.dashboard.money.forms import difference_words
from oscar_mpesa.dashboard.orders import name_of, spellings
from oscar_mpesa.domain.money import CURRENCY, ksh
from oscar_mpesa.models import Allocation, MpesaPayment, MpesaReceipt, ReceiptSource
from oscar_mpesa.models.receipts import NEEDS_DECISION
from oscar_mpesa.services.exceptions import DecisionRefused, OrderReturnedToBasket
from oscar_mpesa.services.receipt_decisions import require_allocatable

Order = get_model("order", "Order")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An order as somebody who is about to give money to it has to see it; ``order`` is None where none was found."""

    number: str
    order: Any = None
    customer: str = ""
    total: str = ""
    difference: str = ""
    stranger: str = ""
    refusal: str = ""
    cautions: tuple[str, ...] = ()
    is_given_back: bool = False
    newer: tuple[str, ...] = ()


def found_order(receipt: MpesaReceipt, number: str) -> Found:
    """Look an order up by its number, and say where this money cannot be used for it."""
    order = order_numbered(number)
    if order is None:
        return Found(number=number)
    found = described(order, receipt.amount)
    try:
        require_allocatable(receipt, order)
    except DecisionRefused as refusal:
        is_given_back = isinstance(refusal, OrderReturnedToBasket)
        newer = _newer_orders(order) if is_given_back else ()
        return replace(found, refusal=_(refusal.sentence), is_given_back=is_given_back, newer=newer)
    return replace(found, stranger=somebody_elses(receipt, order), cautions=tuple(_cautions(receipt, order)))


def somebody_elses(receipt: MpesaReceipt, order: Any) -> str:
    """The sentence to tick, where the money came for another customer's order; nothing else."""
    own: Any = receipt.order
    if own is None or (own.user_id, own.email) == (order.user_id, order.email):
        return ""
    told = {"number": own.number, "customer": customer_of(own)}
    return _("Use it for somebody else's order: it came for order %(number)s of %(customer)s.") % told


def _cautions(receipt: MpesaReceipt, order: Any) -> Iterator[str]:
    """What a look at the number alone does not show."""
    if order.status == get_settings().EXPIRED_STATUS:
        yield _("This order is closed: using the money opens it again, if its things are in stock.")
    yield from on_a_phone(order)
    own: Any = receipt.order
    if own is not None and own.pk == order.pk:
        return
    for each in MpesaReceipt.objects.filter(order_id=order.pk, allocation__in=NEEDS_DECISION).exclude(pk=receipt.pk):
        told = {"amount": ksh(each.rest), "code": each.number or _("code missing")}
        yield _("For the order above other money waits already: %(amount)s, %(code)s. Decide about that first.") % told


def on_a_phone(order: Any) -> Iterator[str]:
    """A request that may still bring money for an order that is about to get some."""
    for sent in MpesaPayment.objects.live().filter(mpesa_order_id=order.pk, on_hold=False).exclude(push_sent_at=None):
        yield _(
            "A request for this order is on a phone since %(moment)s. If it brings other money, the order is paid "
            "twice: wait until it has ended."
        ) % {"moment": day_and_time(sent.push_sent_at)}


def _newer_orders(order: Any) -> tuple[str, ...]:
    """The newest three that its customer, or a guest with its e-mail, placed after it."""
    if order.user_id is None and not order.guest_email:
        return ()
    whose = {"user_id": order.user_id} if order.user_id else {"user": None, "guest_email": order.guest_email}
    newer = Order.objects.filter(**whose, date_placed__gt=order.date_placed).order_by("-date_placed")
    return tuple(newer.values_list("number", flat=True)[:3])


def order_numbered(number: str) -> Any:
    """The order with this number, be it typed in small letters; None where there is none. One query."""
    with_customer = Order.objects.select_related("user", "shipping_address", "billing_address")
    found = with_customer.filter(number__in=spellings(number))
    return min(found, key=lambda order: order.number != number, default=None)


def described(order: Any, amount: Decimal) -> Found:
    """An order beside an amount of money."""
    return Found(
        number=order.number,
        order=order,
        customer=customer_of(order),
        total=total_of(order),
        difference=difference_words(amount, order.total_incl_tax),
    )


def customer_of(order: Any) -> str:
    """The name that its account has, or a guest's address, and the e-mail that it was ordered with."""
    return " · ".join(filter(None, [name_of(order), order.email])) or _("no longer known")


def total_of(order: Any) -> str:
    """In its own currency."""
    total: Decimal = order.total_incl_tax
    return ksh(total) if order.currency == CURRENCY else f"{order.currency} {total:,.2f}"


def facts_of(receipt: MpesaReceipt, *, shows_phones: bool) -> list[tuple[str, Any]]:
    """A label and its value for each line that has one; phone numbers only for who may see them."""

    def shown(text: str) -> str:
        return redact(text, shows_phones=shows_phones)

    phone = phone_of(receipt, shows_phones=shows_phones)
    return [(label, value) for label, value in _facts(receipt, phone, shown) if value]


def phone_of(receipt: MpesaReceipt, *, shows_phones: bool) -> str:
    """The phone that paid: of the request, by Safaricom's word; empty for money that somebody wrote down."""
    if receipt.payment is None or receipt.source == ReceiptSource.STAFF:
        return ""
    number = receipt.payment.phone_number
    return number.grouped if shows_phones else number.masked


def _facts(receipt: MpesaReceipt, phone: str, shown: Callable[[str], str]) -> Iterator[tuple[str, Any]]:
    yield _("M-PESA code"), receipt.number or _("code missing")
    yield _("Amount"), ksh(receipt.amount)
    yield _("Paid at"), day_and_time(receipt.paid_at)
    yield _("What became of it"), receipt.get_allocation_display()
    is_used = receipt.allocation == Allocation.APPLIED
    yield pgettext("noun", "Order") if is_used else _("Order it came for"), _order_link(receipt.order)
    yield _("Request"), _payment_link(receipt.payment)
    yield _("Phone that paid"), phone
    yield _("Payer as told"), shown(receipt.payer)
    yield _("Source"), receipt.get_source_display()
    yield _("Environment"), receipt.get_environment_display()
    yield _("In the shop's books since"), day_and_time(receipt.booked_at)
    yield _("Error of the books"), shown(receipt.error)
    yield _("Decided by"), _decided(receipt)
    yield _("Returned"), _returned(receipt, shown)
    yield _("Note"), shown(receipt.note)


def _order_link(order: Any) -> str:
    if order is None:
        return ""
    return format_html('<a href="{}">{}</a>', reverse("dashboard:order-detail", args=[order.number]), order.number)


def _payment_link(payment: MpesaPayment | None) -> str:
    if payment is None:
        return ""
    words = f"{ksh(payment.amount)}, {day_and_time(payment.created_at)}"
    return format_html('<a href="{}">{}</a>', reverse("dashboard:mpesa-payment", args=[payment.pk]), words)


def _decided(receipt: MpesaReceipt) -> str:
    by = receipt.allocated_by_name
    return f"{by}, {day_and_time(receipt.allocated_at)}" if by else ""


def _returned(receipt: MpesaReceipt, shown: Callable[[str], str]) -> str:
    if receipt.returned_amount is None:
        return ""
    parts = [ksh(receipt.returned_amount), format_day(receipt.returned_at), shown(receipt.returned_reference)]
    return ", ".join(filter(None, parts))
