"""The summary of a payment: whether it is paid, and what staff say to a caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.redaction import redact
from oscar_mpesa.dashboard.dates import format_day
from oscar_mpesa.dashboard.money.messages import accepted_difference
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.domain.result_codes import Retry
from oscar_mpesa.models import Allocation, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.receipts import NEEDS_DECISION
from oscar_mpesa.oscar_adapter.order_messages import decision_message, receipt_name
from oscar_mpesa.payment_page.formats import day_and_time
from oscar_mpesa.payment_page.page import PaymentPage

_SEND_AGAIN = gettext_lazy(
    "No money has reached us from this prompt. If an M-PESA SMS says Confirmed, do not pay "
    "again and tell us its code. Otherwise we can send the prompt again."
)
_PAY_OTHERWISE = gettext_lazy(
    "No money has reached us from this prompt. If an M-PESA SMS says Confirmed, do not pay "
    "again and tell us its code. Otherwise pay from another number, or in another way."
)
_UNKNOWN = gettext_lazy(
    "We do not know yet. If an M-PESA SMS says Confirmed, you have paid: do not pay again, "
    "and tell us its code. Otherwise wait a moment while we check with Safaricom."
)
_PAID = gettext_lazy("Your payment arrived. There is nothing more to pay.")
_WAITING = gettext_lazy(
    "The prompt is on the phone. Enter the M-PESA PIN there, or press Cancel. We never ask for the PIN."
)
_UNSENT = gettext_lazy("The prompt has not been sent yet. Wait a minute.")
_DECIDING = gettext_lazy("Your money arrived. We are deciding what to do with it and will tell you; do not pay again.")
_DECIDING_BESIDE = gettext_lazy(
    "Your order is paid. More money arrived for it. We are deciding what to do with that and "
    "will tell you; do not pay again."
)
_ORDER_PAID = gettext_lazy("Your order is paid.")
_ORDER_UNPAID = gettext_lazy("Your order is not paid yet.")
_PAID_OTHERWISE = gettext_lazy("Money for your order has already arrived. Do not pay again.")
_CANCELLED = gettext_lazy(
    "Your payment arrived, and the order has since been canceled. The shop will write to you; do not pay again."
)
_CLOSED = gettext_lazy(
    "The order is closed, and no money for it has reached us. If an M-PESA SMS says Confirmed, tell us its code. "
    "Otherwise order again."
)

#: What to say after a payment that failed.
_NEXT: Mapping[Retry, Any] = {
    Retry.NOW: _SEND_AGAIN,
    Retry.WAIT: _SEND_AGAIN,
    Retry.AFTER_QUERY: _UNKNOWN,
    Retry.OTHER_NUMBER: _PAY_OTHERWISE,
    Retry.NEVER: _PAY_OTHERWISE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSummary:
    """A headline, what happened, and what staff say to a caller; ``color`` is Bootstrap's."""

    headline: Any
    happened: str
    say: str
    color: str


def payment_summary(
    payment: MpesaPayment,
    page: PaymentPage,
    receipts: Iterable[MpesaReceipt],
    *,
    newest: MpesaPayment,
    phone: str,
    shows_phones: bool,
) -> PaymentSummary:
    """Return the summary of a payment.

    ``page`` is the order's payment page, ``newest`` the order's last payment, ``receipts`` the payment's own. ``phone``
    is already masked if necessary; without ``shows_phones`` other numbers are masked too.
    """
    own = list(receipts)
    if own:
        return _with_receipts(payment, page, own, shows_phones=shows_phones)
    if payment.is_live:
        return _while_open(payment, page, phone)
    return _after_end(payment, page, newest, phone)


def _with_receipts(
    payment: MpesaPayment, page: PaymentPage, receipts: list[MpesaReceipt], *, shows_phones: bool
) -> PaymentSummary:
    arrived = [
        _("%(money)s arrived on %(moment)s: %(use)s.")
        % {"money": receipt_name(each), "moment": day_and_time(each.paid_at), "use": _use_of(each, payment)}
        for each in receipts
    ]
    happened = " ".join(arrived)
    refunds = [*_refund_sentences(receipts, shows_phones=shows_phones)]
    if any(each.allocation in NEEDS_DECISION for each in receipts):
        say = str(_DECIDING_BESIDE if page.state.is_paid else _DECIDING)
        return PaymentSummary(headline=_("Money needs attention."), happened=happened, say=say, color="warning")
    if any(each.allocation == Allocation.APPLIED and each.order_id == payment.order_id for each in receipts):
        if payment.mpesa_order.order.status == get_settings().CANCELLED_STATUS:
            headline = _("Paid, but the order has since been canceled.")
            return PaymentSummary(headline=headline, happened=happened, say=str(_CANCELLED), color="warning")
        say = " ".join([str(_PAID), *refunds])
        return PaymentSummary(headline=pgettext("label", "Paid."), happened=happened, say=say, color="success")
    others = (decision_message(each) for each in receipts if each.returned_amount is None)
    say = " ".join([*_order_sentences(page), *refunds, *others])
    return PaymentSummary(headline=_("Money arrived and was resolved."), happened=happened, say=say, color="info")


def _order_sentences(page: PaymentPage) -> Iterator[str]:
    """Yield whether the order is paid."""
    if page.state.is_paid:
        yield str(_ORDER_PAID)
    elif page.can_retry:
        yield str(_ORDER_UNPAID)


def _refund_sentences(receipts: list[MpesaReceipt], *, shows_phones: bool) -> Iterator[str]:
    """Yield each refund with the reference that the caller finds in an M-PESA SMS."""
    for each in receipts:
        if each.returned_amount is not None:
            yield _("Of %(money)s we refunded %(part)s on %(day)s: %(reference)s.") % {
                "part": ksh(each.returned_amount),
                "day": format_day(each.returned_at),
                "money": receipt_name(each),
                "reference": redact(each.returned_reference, shows_phones=shows_phones),
            }


def _use_of(receipt: MpesaReceipt, payment: MpesaPayment) -> str:
    if receipt.allocation == Allocation.APPLIED and receipt.order_id == payment.order_id:
        is_other = bool(accepted_difference(receipt, payment.mpesa_order.order, payment))
        return _("matched to this order, and the difference was accepted") if is_other else _("matched to this order")
    return str(receipt.get_allocation_display())


def _while_open(payment: MpesaPayment, page: PaymentPage, phone: str) -> PaymentSummary:
    if payment.push_sent_at is None:
        happened = _("The prompt to %(phone)s has not been sent yet.") % {"phone": phone}
        return PaymentSummary(headline=_("Not sent yet."), happened=happened, say=str(_UNSENT), color="info")
    values = {"phone": phone, "moment": day_and_time(payment.push_sent_at)}
    happened = _("The prompt went to %(phone)s on %(moment)s and has no answer so far.") % values
    say = _PAID_OTHERWISE if page.state.has_money else _WAITING
    return PaymentSummary(headline=_("Waiting for the phone."), happened=happened, say=str(say), color="info")


def _after_end(payment: MpesaPayment, page: PaymentPage, newest: MpesaPayment, phone: str) -> PaymentSummary:
    values = {
        "phone": phone,
        "amount": ksh(payment.amount),
        "what": _(payment.outcome.meaning),
        "moment": day_and_time(payment.ended_at or payment.created_at),
    }
    happened = _("The prompt for %(amount)s to %(phone)s ended on %(moment)s: %(what)s.") % values
    if page.state.has_money:
        return _with_other_receipt(page, happened)
    return PaymentSummary(
        headline=_end_headline(payment), happened=happened, say=_what_to_say(newest, page), color="warning"
    )


def _end_headline(payment: MpesaPayment) -> str:
    if payment.was_unanswered:
        return pgettext("label", "No answer.")
    return _("No clear answer.") if payment.needs_query else pgettext("label", "Not paid.")


def _with_other_receipt(page: PaymentPage, happened: str) -> PaymentSummary:
    """Return the summary if the order's money came by another payment, or by a payment that staff recorded."""
    arrived = _("%(money)s arrived for the order.") % {"money": ", ".join(page.kept)}
    is_paid = page.state.is_paid_once
    paid, unpaid = _("The order is paid, but not by this payment."), _("Money arrived, but not from this payment.")
    return PaymentSummary(
        headline=paid if is_paid else unpaid,
        happened=f"{arrived} {happened}",
        say=str(_PAID_OTHERWISE),
        color="success" if is_paid else "warning",
    )


def _what_to_say(newest: MpesaPayment, page: PaymentPage) -> str:
    """Return what to say by the order's last payment, which can be later than the page's payment."""
    if page.is_live:
        return str(_WAITING)
    if page.state.is_closed:
        return str(_CLOSED)
    if not page.state.is_ended:  # the money was refunded, or the order needs none
        return " ".join([page.sentence, *page.decisions])
    return _("The last payment: %(what)s.") % {"what": _(newest.outcome.meaning)} + f" {_NEXT[newest.outcome.retry]}"
