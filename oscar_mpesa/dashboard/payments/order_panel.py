"""The M-PESA panel on Oscar's page of an order: whether it is paid, its receipts, its payments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.template.loader import select_template
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from oscar_mpesa.access.staff_permissions import ACT, VIEW, is_staff_with, may_see_full_phones
from oscar_mpesa.dashboard.dates import day_and_time
from oscar_mpesa.dashboard.payments.order_entries import OrderEntry, order_entries
from oscar_mpesa.dashboard.payments.order_ledger import OrderLedger, order_ledger
from oscar_mpesa.dashboard.payments.order_state import OrderMoney, needs_person, state_of
from oscar_mpesa.domain.money import CURRENCY, ksh
from oscar_mpesa.models import MpesaClaim, MpesaOrder, MpesaPayment, MpesaReceipt, ReceiptStatus
from oscar_mpesa.services.actors import Actor, Role
from oscar_mpesa.services.payable_orders import find_refusal

__all__ = ["MpesaOrderPanelMixin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """A payment in the panel's tab."""

    sent: str
    phone: str
    amount: int
    status: str
    environment: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyRow:
    """A receipt or a recorded payment in the panel."""

    href: str
    amount: Decimal
    number: str
    use: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPanel:
    """The M-PESA facts of one order: payments and money newest first, entries oldest first.

    ``sums`` are empty without money.
    """

    state: OrderMoney
    needs_person: bool
    sentence: str
    sums: list[tuple[str, str]]
    environment: str
    payments: list[PaymentRow]
    money: list[MoneyRow]
    entries: list[OrderEntry]


class MpesaOrderPanelMixin:
    """Add a panel and a tab to Oscar's view of an order, for staff who may view M-PESA.

    Staff who may send prompts also get a link to ask for what an order owes. The page does not change for other users,
    partner users among them.
    """

    request: Any
    object: Any
    mpesa_panel: OrderPanel | None = None
    mpesa_ask_url: str = ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add ``mpesa_panel`` to the shop's context if the order has one."""
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        user = self.request.user
        if is_staff_with(user, VIEW):
            self.mpesa_panel = panel_of(self.object, shows_phones=may_see_full_phones(user))
            self.mpesa_ask_url = _ask_url(self.object, user)
        if self.mpesa_panel is not None or self.mpesa_ask_url:
            base: list[str] = super().get_template_names()  # type: ignore[misc]
            context |= {"mpesa_panel": self.mpesa_panel, "base_template": select_template(base)}
            context["mpesa_ask_url"] = self.mpesa_ask_url
        return context

    def get_template_names(self) -> list[str]:
        """Return our template, which extends the shop's, if the order has a panel."""
        if self.mpesa_panel is not None or self.mpesa_ask_url:
            return ["oscar_mpesa/dashboard/payments/order_detail.html"]
        names: list[str] = super().get_template_names()  # type: ignore[misc]
        return names


def _ask_url(order: Any, user: Any) -> str:
    """Return the page that sends a prompt for the order; "" if the user may not, or every prompt would be refused."""
    if not user.has_perm(ACT) or order.currency != CURRENCY:
        return ""
    mpesa_order = MpesaOrder.objects.filter(pk=order.pk).first()
    actor = Actor(role=Role.STAFF, user=user)
    refusal = find_refusal(order, mpesa_order, None, actor=actor, now=timezone.now())
    return "" if refusal else reverse("dashboard:mpesa-order", args=[order.pk])


def panel_of(order: Any, *, shows_phones: bool) -> OrderPanel | None:
    """Return the order's panel; None, after one query, if the order has no M-PESA payments."""
    mpesa_order = MpesaOrder.objects.filter(pk=order.pk).first()
    if mpesa_order is None:
        return None
    mpesa_order.order = order
    payments = list(mpesa_order.payments.order_by("-pk"))
    ledger = order_ledger(mpesa_order)
    state, entries = state_of(ledger), order_entries(ledger, shows_phones=shows_phones)
    return OrderPanel(
        state=state,
        needs_person=needs_person(ledger, state),
        sentence=_sentence(ledger, payments),
        sums=ledger.sums if ledger.receipts or ledger.claims or entries else [],
        environment=mpesa_order.environment,
        payments=[_row(payment, shows_phones) for payment in payments],
        money=[*claim_rows(ledger), *receipt_rows(ledger, ledger.receipts)],
        entries=entries,
    )


def receipt_rows(ledger: OrderLedger, receipts: list[MpesaReceipt]) -> list[MoneyRow]:
    """Return rows of some receipts of the order, newest first."""
    return [_receipt_row(ledger, each) for each in reversed(receipts)]


def claim_rows(ledger: OrderLedger) -> list[MoneyRow]:
    """Return rows of the order's open claims, newest first, without those that only name the code of a receipt."""
    return [_claim_row(ledger, each) for each in reversed(ledger.claims) if each.receipt_id is None]


def _receipt_row(ledger: OrderLedger, receipt: MpesaReceipt) -> MoneyRow:
    use, reported = ledger.use_of(receipt), "" if receipt.number else ledger.reported_code(receipt)
    if reported:
        use = _("%(use)s · code reported by staff: %(code)s") % {"use": use, "code": reported}
    return MoneyRow(
        href=reverse("dashboard:mpesa-receipt", args=[receipt.pk]),
        amount=receipt.amount,
        number=receipt.number or pgettext("label", "code missing"),
        use=use,
    )


def _claim_row(ledger: OrderLedger, claim: MpesaClaim) -> MoneyRow:
    use, counted = _("recorded by staff; Safaricom has not reported it yet"), ledger.counted_of(claim)
    if not counted:
        use = _("%(use)s; it counts for nothing") % {"use": use}
    elif counted != claim.amount:
        use = _("%(use)s; %(amount)s of it counts for the order") % {"use": use, "amount": ksh(counted)}
    href = reverse("dashboard:mpesa-claim", args=[claim.pk])
    return MoneyRow(href=href, amount=claim.amount, number=claim.number, use=use)


def _row(payment: MpesaPayment, shows_phones: bool) -> PaymentRow:
    number = payment.phone_number
    return PaymentRow(
        sent=day_and_time(payment.push_sent_at or payment.created_at),
        phone=number.grouped if shows_phones else number.masked,
        amount=payment.amount,
        status=payment.get_status_display(),
        environment=payment.environment,
        href=reverse("dashboard:mpesa-payment", args=[payment.pk]),
    )


def _sentence(ledger: OrderLedger, payments: list[MpesaPayment]) -> str:
    return " ".join(_sentences(ledger, payments))


def _sentences(ledger: OrderLedger, payments: list[MpesaPayment]) -> Iterator[str]:
    """Yield whether the order is paid, and then what needs a person."""
    if ledger.active:
        yield from _of_active(ledger)
    elif not ledger.undecided:
        yield _of_unpaid(ledger, payments)
    if ledger.undecided:
        yield _of_undecided(ledger.undecided[0])
    for claim in ledger.uncounted_claims[:1]:
        values = {"amount": ksh(claim.amount), "code": claim.number}
        yield _("A recorded payment counts for nothing: %(amount)s, %(code)s.") % values


def _of_unpaid(ledger: OrderLedger, payments: list[MpesaPayment]) -> str:
    if any(payment.is_live for payment in payments):
        return _("Not paid yet: a prompt is on the phone.")
    if ledger.receipts:
        receipt = ledger.receipts[-1]
        return _("Not paid: %(amount)s, %(code)s: %(use)s.") % {**_named(receipt), "use": ledger.use_of(receipt)}
    if ledger.mpesa_order.is_closed:
        why = ledger.mpesa_order.get_close_reason_display()
        return _("Not paid. The order was closed: %(why)s.") % {"why": why}
    return _("Not paid by M-PESA.")


def _of_active(ledger: OrderLedger) -> Iterator[str]:
    """Yield whether the money of an order pays it. A part refund or a part payment is never plainly *paid*."""
    is_part = not ledger.mpesa_order.is_paid
    values = {
        "amount": ksh(ledger.kept_amount if is_part and ledger.kept_amount > 0 else ledger.counted),
        "codes": ledger.codes,
        "refunded": ksh(ledger.refunded_amount),
        "missing": ksh(ledger.missing),
        "unconfirmed": ksh(ledger.unconfirmed),
    }
    if ledger.kept_amount <= 0:
        yield _("Not paid: %(amount)s, %(codes)s, was refunded.") % values
        return
    yield _paid_sentence(ledger) % values
    if ledger.unconfirmed == ledger.counted:
        yield _("Safaricom has not confirmed it.")
    elif ledger.unconfirmed:
        yield _("Safaricom has not confirmed %(unconfirmed)s of it.") % values
    if is_part and ledger.refunded_amount:
        yield _("%(refunded)s was refunded.") % values
    if is_part:
        yield _("%(missing)s is missing.") % values


def _paid_sentence(ledger: OrderLedger) -> str:
    if not ledger.mpesa_order.is_paid:
        return _("Partly paid by M-PESA: %(amount)s, %(codes)s.")
    if ledger.refunded_amount:
        return _("Paid by M-PESA and partly refunded: %(amount)s, %(codes)s, of which %(refunded)s went back.")
    return _("Paid by M-PESA: %(amount)s, %(codes)s.")


def _of_undecided(receipt: MpesaReceipt) -> str:
    sentences = {
        ReceiptStatus.OVERPAID: _("Overpaid: refund %(amount)s, %(code)s, or match it to another order."),
        ReceiptStatus.WRONG_AMOUNT: _("Wrong amount: %(amount)s, %(code)s. It waits for a decision."),
    }
    other = _("Money waits for a decision: %(amount)s, %(code)s. The reason: %(why)s.")
    values = {**_named(receipt), "amount": ksh(receipt.unallocated), "why": receipt.get_unmatched_reason_display()}
    return sentences.get(ReceiptStatus(receipt.status), other) % values


def _named(receipt: MpesaReceipt) -> dict[str, str]:
    return {"amount": ksh(receipt.amount), "code": receipt.number or pgettext("label", "code missing")}
