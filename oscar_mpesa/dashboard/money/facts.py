"""The facts of one receipt, and of the order that staff want to match it to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from oscar.core.loading import get_model

from oscar_mpesa.dashboard.dates import day_and_time
from oscar_mpesa.dashboard.money.messages import entries_of, matched_entries
from oscar_mpesa.dashboard.orders import spellings
from oscar_mpesa.dashboard.viewer import Viewer
from oscar_mpesa.domain.money import CURRENCY, ksh
from oscar_mpesa.models import MpesaAllocation, MpesaClaim, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.reports.customers import name_of
from oscar_mpesa.services.claims import open_claims_of
from oscar_mpesa.services.ledger import NOTHING, unmatched_receipts

Order = get_model("order", "Order")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """What staff must see of an order before money counts for it."""

    order: Any
    number: str
    customer: str
    total: str
    owed: str = ""


def other_customer_message(receipt: MpesaReceipt, order: Any, viewer: Viewer) -> str:
    """Return the sentence that staff accept if the payer paid another customer's order; "" if not."""
    own: Any = receipt.meant_for
    if own is None or (own.user_id, own.email) == (order.user_id, order.email):
        return ""
    values = {"number": own.number, "customer": customer_of(own, viewer)}
    return _("Match it to somebody else's order: it came for order %(number)s of %(customer)s.") % values


def match_cautions(receipt: MpesaReceipt, order: Any) -> Iterator[str]:
    """Yield warnings about other money of an order before more is matched to it."""
    yield from open_prompts(order)
    for claim in open_claims_of(MpesaOrder(pk=order.pk)):
        yield _(
            "Staff recorded a payment for this order that Safaricom has not confirmed: %(amount)s, %(code)s. "
            "If it is other money, the order gets too much."
        ) % {"amount": ksh(claim.amount), "code": claim.number}
    if receipt.meant_for_id == order.pk:
        return
    for each in unmatched_receipts(order.pk).exclude(pk=receipt.pk):
        values = {"amount": ksh(each.unallocated), "code": each.number or pgettext("label", "code missing")}
        yield (
            _("Other money is already waiting for the order above: %(amount)s, %(code)s. Decide about that first.")
            % values
        )


def open_prompts(order: Any) -> Iterator[str]:
    """Yield a warning for each prompt that can still pay the order."""
    for sent in MpesaPayment.objects.live().filter(mpesa_order_id=order.pk).exclude(push_sent_at=None):
        yield _(
            "A prompt for this order has been on a phone since %(moment)s. If it is paid too, the "
            "order is paid twice: wait until it has ended."
        ) % {"moment": day_and_time(sent.push_sent_at)}


def newer_orders(order: Any) -> tuple[str, ...]:
    """Return the customer's newest three orders after this one; guests are known by their email."""
    if order.user_id is None and not order.guest_email:
        return ()
    customer = {"user_id": order.user_id} if order.user_id else {"user": None, "guest_email": order.guest_email}
    newer = Order.objects.filter(**customer, date_placed__gt=order.date_placed).order_by("-date_placed")
    return tuple(newer.values_list("number", flat=True)[:3])


def order_numbered(number: str) -> Any:
    """Return the order with this number, in any case; None if there is none. One query."""
    with_customer = Order.objects.select_related("user", "shipping_address", "billing_address", "mpesa")
    orders = with_customer.filter(number__in=spellings(number))
    return min(orders, key=lambda order: order.number != number, default=None)


def describe_order(order: Any, viewer: Viewer, balance: Decimal | None = None) -> OrderFacts:
    """Return an order, its customer, its total and what it still owes, where ``balance`` says so."""
    return OrderFacts(
        order=order,
        number=order.number,
        customer=customer_of(order, viewer),
        total=total_of(order),
        owed="" if balance is None else ksh(max(balance, NOTHING)),
    )


def customer_of(order: Any, viewer: Viewer) -> str:
    """Return the customer's name and email, as the user may see them."""
    return viewer.mask(" · ".join(filter(None, [name_of(order), order.email]))) or _("no longer known")


def total_of(order: Any) -> str:
    """Return the order's total in its own currency."""
    total: Decimal = order.total_incl_tax
    return ksh(total) if order.currency == CURRENCY else f"{order.currency} {total:,.2f}"


def refundable(receipt: MpesaReceipt) -> Decimal:
    """Return how much of a receipt can be refunded, in shillings."""
    entries = entries_of(receipt)
    active = (entries.free(each) for each in entries.entries_of(receipt))
    return max(receipt.unallocated, NOTHING) + sum(active, NOTHING)


def refundable_orders(receipt: MpesaReceipt) -> list[MpesaAllocation]:
    """Return the entries for orders of which something can be refunded."""
    entries = entries_of(receipt)
    return [each for each in matched_entries(receipt) if entries.free(each) > 0]


def facts_of(receipt: MpesaReceipt, viewer: Viewer) -> list[tuple[str, Any]]:
    """Return a label and a value for each known fact, as the user may see them."""
    return [(label, value) for label, value in _facts(receipt, viewer) if value]


def claim_facts(claim: MpesaClaim, viewer: Viewer) -> list[tuple[str, Any]]:
    """Return a label and a value for each known fact of a recorded payment, as the user may see them."""
    return [(label, value) for label, value in _facts_of_claim(claim, viewer) if value]


def phone_of(receipt: MpesaReceipt, *, shows_phones: bool) -> str:
    """Return the phone that paid, as Safaricom reports it; "" if that is not known."""
    if receipt.payment is None:
        return ""
    number = receipt.payment.phone_number
    return number.grouped if shows_phones else number.masked


def _facts(receipt: MpesaReceipt, viewer: Viewer) -> Iterator[tuple[str, Any]]:
    phone = phone_of(receipt, shows_phones=viewer.shows_phones)
    yield _("M-PESA code"), receipt.number or pgettext("label", "code missing")
    codes = [claim.number for claim in receipt.claims.all() if claim.is_open]
    yield _("Code reported by staff"), "" if receipt.number else ", ".join(codes)
    yield pgettext("label", "Amount"), ksh(receipt.amount)
    yield pgettext("label", "Status"), receipt.get_status_display()
    is_part = receipt.unallocated not in {NOTHING, receipt.amount}
    yield pgettext("label", "Unmatched amount"), ksh(receipt.unallocated) if is_part else ""
    yield pgettext("label", "Reason"), receipt.get_unmatched_reason_display()
    yield pgettext("label", "Paid at"), day_and_time(receipt.paid_at)
    yield pgettext("label", "Posted on"), date_format(receipt.posted_on, "j M Y")
    yield _("Order it came for"), viewer.order(receipt.meant_for)
    yield pgettext("label", "Payment"), _payment_link(receipt.payment)
    yield pgettext("label", "Paid from"), phone or viewer.mask(receipt.payer_phone)
    yield _("Name on M-PESA"), viewer.mask(receipt.payer)
    yield pgettext("label", "Reference"), viewer.mask(receipt.bill_reference)
    yield pgettext("label", "Channel"), receipt.get_channel_display()
    yield pgettext("label", "Environment"), receipt.get_environment_display()


def _facts_of_claim(claim: MpesaClaim, viewer: Viewer) -> Iterator[tuple[str, Any]]:
    recorded = ", ".join(filter(None, [viewer.mask(claim.by_name), day_and_time(claim.created_at)]))
    yield _("M-PESA code"), claim.number
    yield pgettext("label", "Amount"), ksh(claim.amount)
    yield pgettext("label", "Status"), claim.get_status_display()
    yield pgettext("noun", "Order"), viewer.order(claim.order)
    yield pgettext("label", "Paid at"), day_and_time(claim.paid_at)
    yield _("Where it was seen"), viewer.mask(claim.seen_in)
    yield pgettext("label", "Recorded by"), recorded
    yield pgettext("label", "Money received"), _receipt_link(claim.receipt)
    yield pgettext("label", "Environment"), claim.get_environment_display()


def _payment_link(payment: MpesaPayment | None) -> str:
    if payment is None:
        return ""
    label = f"{ksh(payment.amount)}, {day_and_time(payment.created_at)}"
    return format_html('<a href="{}">{}</a>', reverse("dashboard:mpesa-payment", args=[payment.pk]), label)


def _receipt_link(receipt: MpesaReceipt | None) -> str:
    if receipt is None:
        return ""
    label = f"{ksh(receipt.amount)} · {receipt.number or pgettext('label', 'code missing')}"
    return format_html('<a href="{}">{}</a>', reverse("dashboard:mpesa-receipt", args=[receipt.pk]), label)
