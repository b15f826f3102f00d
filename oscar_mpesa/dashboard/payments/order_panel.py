"""The M-PESA panel on Oscar's page of an order: whether it is paid, its receipts, its payments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.template.loader import select_template
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from oscar_mpesa.access.staff_permissions import VIEW, is_staff_with, may_see_full_phones
from oscar_mpesa.dashboard.dates import day_and_time
from oscar_mpesa.dashboard.money.messages import accepted_difference
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.payment_page.money import OrderMoney, order_money
from oscar_mpesa.payment_page.page_state import PaymentPageState


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
class OrderPanel:
    """The M-PESA facts of one order, newest payment first."""

    sentence: str
    is_settled: bool
    environment: str
    payments: list[PaymentRow]
    receipts: list[MpesaReceipt]


class MpesaOrderPanelMixin:
    """Add a panel and a tab to Oscar's view of an order, for staff who may view M-PESA.

    The page does not change for other users, partner users among them, or for orders without M-PESA.
    """

    request: Any
    object: Any
    mpesa_panel: OrderPanel | None = None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add ``mpesa_panel`` to the shop's context if the order has one."""
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        user = self.request.user
        if is_staff_with(user, VIEW):
            self.mpesa_panel = panel_of(self.object, shows_phones=may_see_full_phones(user))
        if self.mpesa_panel is not None:
            base: list[str] = super().get_template_names()  # type: ignore[misc]
            context |= {"mpesa_panel": self.mpesa_panel, "base_template": select_template(base)}
        return context

    def get_template_names(self) -> list[str]:
        """Return our template, which extends the shop's, if the order has a panel."""
        if self.mpesa_panel is not None:
            return ["oscar_mpesa/dashboard/payments/order_detail.html"]
        names: list[str] = super().get_template_names()  # type: ignore[misc]
        return names


def panel_of(order: Any, *, shows_phones: bool) -> OrderPanel | None:
    """Return the order's panel; None, after one query, if the order has no M-PESA payments."""
    mpesa_order = MpesaOrder.objects.filter(pk=order.pk).first()
    if mpesa_order is None:
        return None
    mpesa_order.order = order
    payments = list(mpesa_order.payments.order_by("-pk"))
    money = order_money(order.pk)
    return OrderPanel(
        sentence=_sentence(mpesa_order, money, payments),
        is_settled=money.state is PaymentPageState.PAID,
        environment=mpesa_order.environment,
        payments=[_row(payment, shows_phones) for payment in payments],
        receipts=sorted([*money.kept, *money.decided], key=lambda receipt: -receipt.pk),
    )


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


def _sentence(mpesa_order: MpesaOrder, money: OrderMoney, payments: list[MpesaPayment]) -> str:
    if money.state is not None and money.receipt is not None:
        return " ".join([_of_money(money.state, money.receipt), *_of_difference(money.receipt, mpesa_order, payments)])
    if any(payment.is_live for payment in payments):
        return _("Not paid yet: a prompt is on the phone.")
    if mpesa_order.is_closed:
        return _("Not paid. The order was closed: %(why)s.") % {"why": mpesa_order.get_close_reason_display()}
    return _("Not paid by M-PESA.")


def _of_difference(receipt: MpesaReceipt, mpesa_order: MpesaOrder, payments: list[MpesaPayment]) -> Iterator[str]:
    order = mpesa_order.order if receipt.order_id == mpesa_order.pk else None
    own = next((payment for payment in payments if payment.pk == receipt.payment_id), None)
    if accepted_difference(receipt, order, own):
        values = {"total": ksh(mpesa_order.order.total_incl_tax)}
        yield _("The order costs %(total)s; the difference was accepted.") % values


def _of_money(state: PaymentPageState, receipt: MpesaReceipt) -> str:
    sentences: dict[PaymentPageState, str] = {
        PaymentPageState.PAID: _("Paid by M-PESA: %(amount)s, %(code)s."),
        PaymentPageState.SURPLUS: _("Overpaid: refund %(amount)s, %(code)s, or match it to another order."),
        PaymentPageState.MISMATCH: _("Wrong amount: %(amount)s, %(code)s. It waits for a decision."),
        PaymentPageState.ARRIVED: _(
            "The money arrived (%(amount)s, %(code)s), but is not posted yet. It is retried automatically."
        ),
        PaymentPageState.LATE: _(
            "Money arrived after the order was closed: %(amount)s, %(code)s. It waits for a decision."
        ),
        PaymentPageState.RETURNED: _("Not paid: %(amount)s, %(code)s, was refunded."),
        PaymentPageState.USED: _("Not paid: %(amount)s, %(code)s, was matched to another order."),
        PaymentPageState.EXPLAINED: _("Not paid by M-PESA: %(amount)s, %(code)s, was resolved with a note."),
    }
    values = {
        "amount": ksh(receipt.amount),
        "code": receipt.number or pgettext("label", "code missing"),
        "rest": ksh(receipt.rest),
    }
    if state.is_undecided and receipt.returned_amount is not None:
        return _("%(rest)s of %(amount)s, %(code)s, is still to be refunded.") % values
    return sentences[state] % values
