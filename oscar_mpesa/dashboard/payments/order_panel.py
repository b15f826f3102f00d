"""On Oscar's own page of an order: is it paid by M-Pesa, by which code, and what was tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.template.loader import select_template
from django.urls import reverse
from django.utils.translation import gettext as _

from oscar_mpesa.access.staff_permissions import VIEW, is_staff_with, may_see_full_phones
from oscar_mpesa.dashboard.dates import day_and_time
from oscar_mpesa.dashboard.money.messages import accepted_difference
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.payment_page.money import OrderMoney, order_money
from oscar_mpesa.payment_page.page_state import PaymentPageState


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request, as the tab lists it; ``href`` is empty where it has no page."""

    sent: str
    phone: str
    amount: int
    status: str
    environment: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What M-Pesa knows of one order, newest attempt first."""

    sentence: str
    is_settled: bool
    environment: str
    attempts: list[Attempt]
    receipts: list[MpesaReceipt]


class MpesaOrderPanelMixin:
    """Over Oscar's view of an order: adds a panel and a tab to M-Pesa orders, for staff who may see M-Pesa.

    Everybody else, partner users among them, and every other order keep the page as it was.
    """

    request: Any
    object: Any
    mpesa_panel: Panel | None = None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The shop's own, with ``mpesa_panel`` where there is one."""
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        user = self.request.user
        if is_staff_with(user, VIEW):
            self.mpesa_panel = panel_of(self.object, shows_phones=may_see_full_phones(user))
        if self.mpesa_panel is not None:
            base: list[str] = super().get_template_names()  # type: ignore[misc]
            context |= {"mpesa_panel": self.mpesa_panel, "base_template": select_template(base)}
        return context

    def get_template_names(self) -> list[str]:
        """Ours extends the shop's, whichever that is."""
        if self.mpesa_panel is not None:
            return ["oscar_mpesa/dashboard/payments/order_detail.html"]
        names: list[str] = super().get_template_names()  # type: ignore[misc]
        return names


def panel_of(order: Any, *, shows_phones: bool) -> Panel | None:
    """None for an order that M-Pesa knows nothing of, after one query."""
    mpesa_order = MpesaOrder.objects.filter(pk=order.pk).first()
    if mpesa_order is None:
        return None
    mpesa_order.order = order
    payments = list(mpesa_order.payments.order_by("-pk"))
    money = order_money(order.pk)
    return Panel(
        sentence=_sentence(mpesa_order, money, payments),
        is_settled=money.state is PaymentPageState.PAID,
        environment=mpesa_order.environment,
        attempts=[_attempt(payment, shows_phones) for payment in payments],
        receipts=sorted([*money.kept, *money.decided], key=lambda receipt: -receipt.pk),
    )


def _attempt(payment: MpesaPayment, shows_phones: bool) -> Attempt:
    number = payment.phone_number
    return Attempt(
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
        return _("Not paid yet: a request is on the phone.")
    if mpesa_order.is_closed:
        return _("Not paid. The order was closed: %(why)s.") % {"why": mpesa_order.get_close_reason_display()}
    return _("Not paid by M-PESA.")


def _of_difference(receipt: MpesaReceipt, mpesa_order: MpesaOrder, payments: list[MpesaPayment]) -> Iterator[str]:
    order = mpesa_order.order if receipt.order_id == mpesa_order.pk else None
    own = next((payment for payment in payments if payment.pk == receipt.payment_id), None)
    if accepted_difference(receipt, order, own):
        told = {"total": ksh(mpesa_order.order.total_incl_tax)}
        yield _("The order costs %(total)s; the difference was accepted.") % told


def _of_money(state: PaymentPageState, receipt: MpesaReceipt) -> str:
    sentences: dict[PaymentPageState, str] = {
        PaymentPageState.PAID: _("Paid by M-PESA: %(amount)s, %(code)s."),
        PaymentPageState.SURPLUS: _("Paid twice: %(amount)s, %(code)s, is to be sent back or used for another order."),
        PaymentPageState.MISMATCH: _("Another amount arrived: %(amount)s, %(code)s. It waits for a decision."),
        PaymentPageState.ARRIVED: _(
            "The money is here (%(amount)s, %(code)s), but not in the shop's books yet. It is tried again."
        ),
        PaymentPageState.LATE: _(
            "Money arrived after the order was closed: %(amount)s, %(code)s. It waits for a decision."
        ),
        PaymentPageState.RETURNED: _("Not paid: %(amount)s, %(code)s, was sent back."),
        PaymentPageState.USED: _("Not paid: %(amount)s, %(code)s, was used for another order."),
        PaymentPageState.EXPLAINED: _("Not paid by M-PESA: %(amount)s, %(code)s, was closed with a note."),
    }
    told = {"amount": ksh(receipt.amount), "code": receipt.number or _("code missing"), "rest": ksh(receipt.rest)}
    is_in_part = state.is_undecided and receipt.returned_amount is not None
    return (_("%(rest)s of %(amount)s, %(code)s, is still to be sent back.") if is_in_part else sentences[state]) % told
