"""The form that records a payment found in the M-PESA portal: type, review, confirm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from oscar_mpesa.access.staff_permissions import may_see_full_phones
from oscar_mpesa.conf import get_settings
from oscar_mpesa.dashboard.dates import day_and_time
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.money.facts import OrderMatch, describe_order, open_prompts, order_numbered
from oscar_mpesa.dashboard.money.forms import RecordPaymentForm
from oscar_mpesa.domain.money import MAXIMUM, ksh
from oscar_mpesa.domain.receipt_number import is_probable_typo
from oscar_mpesa.models import Allocation, MpesaOrder, MpesaReceipt
from oscar_mpesa.models.fields import EnvironmentField
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.exceptions import DecisionRefused, PaymentOnHold, PaymentUnclear, ReceiptKnown, require_time

#: The unique index of M-PESA codes begins with the environment.
_ENVIRONMENTS = [value for value, _label in EnvironmentField.CHOICES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What staff compare with the typed payment before they record it."""

    order: OrderMatch
    consequence: str
    receipts: list[MpesaReceipt]
    similar_codes: list[str]
    cautions: list[str]


class RecordPaymentView(DashboardMixin, TemplateView):
    """The form; a first POST shows the review, a POST with ``confirmed`` records the payment."""

    template_name = "oscar_mpesa/dashboard/money/record.html"
    tab = "mpesa-record"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the form; ``?order=`` fills in the order's number."""
        initial = {"order": request.GET.get("order", "")}
        return self.page(RecordPaymentForm(initial=initial, shows_phones=self.shows_phones))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the review, or record the payment if the POST has ``confirmed``."""
        form = RecordPaymentForm(request.POST, shows_phones=self.shows_phones)
        order = _order_of(form)
        if not form.is_valid() or order is None or "change" in request.POST:
            return self.page(form)
        try:
            _require_possible(form)
        except DecisionRefused as refusal:
            return self.refused(form, refusal)
        if "confirmed" not in request.POST:
            typed = [(name, request.POST.get(name, "")) for name in form.fields if name != "payment"]
            return self.page(form, review=_review(form, order), paid_at=day_and_time(form.paid_at), typed=typed)
        return self.record(form, order)

    @property
    def shows_phones(self) -> bool:
        """Whether the user may see the payments' phone numbers in full."""
        return may_see_full_phones(self.request.user)

    def record(self, form: RecordPaymentForm, order: Any) -> HttpResponse:
        """Record the payment and redirect to its receipt."""
        values = form.cleaned_data
        try:
            receipt = record_receipt(
                values["code"],
                values["amount"],
                order=order,
                payment=values["payment"],
                paid_at=form.paid_at,
                by=self.request.user,
                note=values["note"],
                now=timezone.now(),
            )
        except DecisionRefused as refusal:
            return self.refused(form, refusal)
        messages.success(self.request, _message(receipt))
        return redirect("dashboard:mpesa-receipt", pk=receipt.pk)

    def refused(self, form: RecordPaymentForm, refusal: DecisionRefused) -> HttpResponse:
        """Show the typed form with the refusal and a link to the receipt in question."""
        form.add_error(None, _(refusal.sentence))
        is_about_order = isinstance(refusal, PaymentUnclear | PaymentOnHold)
        return self.page(form, known=getattr(refusal, "receipt", None), is_about_order=is_about_order)

    def page(self, form: RecordPaymentForm, **more: Any) -> HttpResponse:
        """Render the form or the review; the status is 422 if the form has errors."""
        was_refused = form.is_bound and bool(form.errors)
        return self.render_to_response(self.get_context_data(form=form, **more), status=422 if was_refused else 200)


def _order_of(form: RecordPaymentForm) -> Any:
    """Return the form's order; add an error to the form if there is none."""
    if not form.is_bound or "order" in form.errors:
        return None
    number = form.cleaned_data.get("order", "")
    order = order_numbered(number)
    if order is None:
        error = _("No order has the number %(number)s. Search the orders.") % {"number": number}
        form.add_error("order", error)
    return order


def _require_possible(form: RecordPaymentForm) -> None:
    """Raise ``DecisionRefused`` for a future payment or a known code, before the review."""
    require_time(form.paid_at, now=timezone.now())
    known = MpesaReceipt.objects.filter(environment__in=_ENVIRONMENTS, number=form.cleaned_data["code"]).first()
    if known is not None:
        raise ReceiptKnown(known)


def _review(form: RecordPaymentForm, order: Any) -> Review:
    code = form.cleaned_data["code"]
    receipts = list(MpesaReceipt.objects.filter(order_id=order.pk))
    match = describe_order(order, form.cleaned_data["amount"])
    return Review(
        order=match,
        consequence=_consequence(match, receipts),
        receipts=receipts,
        similar_codes=[each.number for each in receipts if each.number and is_probable_typo(code, each.number)],
        cautions=list(_cautions(form, order)),
    )


def _cautions(form: RecordPaymentForm, order: Any) -> Iterator[str]:
    """Yield warnings about values that are probably typing errors."""
    if form.paid_at + timedelta(minutes=1) <= order.date_placed:
        values = {"moment": day_and_time(order.date_placed)}
        yield _("The order was placed later, on %(moment)s. Are the day and the order right?") % values
    if form.cleaned_data["amount"] > MAXIMUM:
        yield _("M-PESA takes at most KSh 250,000 in one payment.")
    yield from open_prompts(order)


def _consequence(match: OrderMatch, receipts: list[MpesaReceipt]) -> str:
    """Return what recording the payment does; "" if the order's other receipts, which are listed, decide it."""
    if any(receipt.number is None for receipt in receipts):
        return ""
    if any(receipt.allocation == Allocation.APPLIED for receipt in receipts):
        return _("This order is already paid: this money will count as overpaid and wait for a decision.")
    if match.difference:
        return _("The amount is not the order's total. It will wait for a decision.")
    if MpesaOrder.objects.filter(pk=match.order.pk).exclude(basket_restored_at=None).exists():
        return _("The items of this order went back into the basket: this money will wait for a decision.")
    if receipts:
        return ""
    if match.order.status == get_settings().EXPIRED_STATUS:
        return _(
            "This order is closed. If its items are in stock, recording the payment reopens it, "
            "marks it paid and emails its customer. If not, the money waits for a decision."
        )
    return _("Recording the payment marks this order paid and emails its customer.")


def _message(receipt: MpesaReceipt) -> str:
    values = {"amount": ksh(receipt.amount), "code": receipt.number or ""}
    if receipt.allocation == Allocation.APPLIED:
        return _("%(amount)s, M-PESA code %(code)s, was recorded and matched to the order.") % values
    return _("%(amount)s, M-PESA code %(code)s, was recorded. It waits for a decision: see below.") % values
