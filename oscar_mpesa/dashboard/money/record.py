"""A payment that somebody found in the M-PESA portal is written down: typed first, looked at, then kept."""

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
from oscar_mpesa.dashboard.money.facts import Found, described, on_a_phone, order_numbered
from oscar_mpesa.dashboard.money.forms import RecordPaymentForm
from oscar_mpesa.domain.money import MAXIMUM, ksh
from oscar_mpesa.domain.receipt_number import is_probable_typo
from oscar_mpesa.models import Allocation, MpesaOrder, MpesaReceipt
from oscar_mpesa.models.fields import EnvironmentField
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.exceptions import DecisionRefused, PaymentOnHold, PaymentUnclear, ReceiptKnown, require_time

#: The unique index of codes begins with it.
_ENVIRONMENTS = [value for value, _label in EnvironmentField.CHOICES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was typed, beside what is known of the order: for a person to compare before it is kept."""

    order: Found
    consequence: str
    money: list[MpesaReceipt]
    slips: list[str]
    cautions: list[str]


class RecordPaymentView(DashboardMixin, TemplateView):
    """The form; sent once, it is shown with its order; sent with ``confirmed``, it is kept."""

    template_name = "oscar_mpesa/dashboard/money/record.html"
    tab = "mpesa-record"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form, for an order if its number came with the address."""
        initial = {"order": request.GET.get("order", "")}
        return self.page(RecordPaymentForm(initial=initial, shows_phones=self.shows_phones))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Nothing is kept before its order was looked at."""
        form = RecordPaymentForm(request.POST, shows_phones=self.shows_phones)
        order = _order_of(form)
        if not form.is_valid() or order is None or "change" in request.POST:
            return self.page(form)
        try:
            _require_possible(form)
        except DecisionRefused as refusal:
            return self.refused(form, refusal)
        if "confirmed" not in request.POST:
            kept = [(name, request.POST.get(name, "")) for name in form.fields if name != "attempt"]
            return self.page(form, looked=_look(form, order), paid_at=day_and_time(form.paid_at), kept=kept)
        return self.keep(form, order)

    @property
    def shows_phones(self) -> bool:
        """Of the requests that it may belong to."""
        return may_see_full_phones(self.request.user)

    def keep(self, form: RecordPaymentForm, order: Any) -> HttpResponse:
        """Call the verb; its page shows what became of the money."""
        told = form.cleaned_data
        try:
            receipt = record_receipt(
                told["code"],
                told["amount"],
                order=order,
                payment=told["attempt"],
                paid_at=form.paid_at,
                by=self.request.user,
                note=told["note"],
                now=timezone.now(),
            )
        except DecisionRefused as refusal:
            return self.refused(form, refusal)
        messages.success(self.request, _outcome(receipt))
        return redirect("dashboard:mpesa-receipt", pk=receipt.pk)

    def refused(self, form: RecordPaymentForm, refusal: DecisionRefused) -> HttpResponse:
        """The form as it was typed, and what to do."""
        form.add_error(None, _(refusal.sentence))
        is_about_money = isinstance(refusal, PaymentUnclear | PaymentOnHold)
        return self.page(form, known=getattr(refusal, "receipt", None), is_about_money=is_about_money)

    def page(self, form: RecordPaymentForm, **more: Any) -> HttpResponse:
        """The form, or what it says beside its order."""
        was_refused = form.is_bound and bool(form.errors)
        return self.render_to_response(self.get_context_data(form=form, **more), status=422 if was_refused else 200)


def _order_of(form: RecordPaymentForm) -> Any:
    """The order that was named; an error of the form where there is none."""
    if not form.is_bound or "order" in form.errors:
        return None
    number = form.cleaned_data.get("order", "")
    order = order_numbered(number)
    if order is None:
        told = _("No order has the number %(number)s. Look it up among the orders.") % {"number": number}
        form.add_error("order", told)
    return order


def _require_possible(form: RecordPaymentForm) -> None:
    """What is refused before anybody looks at the order."""
    require_time(form.paid_at, now=timezone.now())
    known = MpesaReceipt.objects.filter(environment__in=_ENVIRONMENTS, number=form.cleaned_data["code"]).first()
    if known is not None:
        raise ReceiptKnown(known)


def _look(form: RecordPaymentForm, order: Any) -> Looked:
    code = form.cleaned_data["code"]
    money = list(MpesaReceipt.objects.filter(order_id=order.pk))
    slips = [receipt.number for receipt in money if receipt.number and is_probable_typo(code, receipt.number)]
    found, cautions = described(order, form.cleaned_data["amount"]), list(_cautions(form, order))
    return Looked(order=found, consequence=_consequence(found, money), money=money, slips=slips, cautions=cautions)


def _cautions(form: RecordPaymentForm, order: Any) -> Iterator[str]:
    """What a slip of the finger looks like."""
    if form.paid_at + timedelta(minutes=1) <= order.date_placed:
        told = {"moment": day_and_time(order.date_placed)}
        yield _("The order was made later, on %(moment)s. Is the day right, and is it the right order?") % told
    if form.cleaned_data["amount"] > MAXIMUM:
        yield _("M-PESA takes at most KSh 250,000 in one payment.")
    yield from on_a_phone(order)


def _consequence(found: Found, money: list[MpesaReceipt]) -> str:
    """What writing it down sets going; nothing where other money for the order is listed, which says more."""
    if any(receipt.number is None for receipt in money):
        return ""
    if any(receipt.allocation == Allocation.APPLIED for receipt in money):
        return _("This order is paid already: this money will count as paid twice and wait for a decision.")
    if found.difference:
        return _("The amount is not the order's total. It will wait for a decision.")
    if MpesaOrder.objects.filter(pk=found.order.pk).exclude(basket_restored_at=None).exists():
        return _("The things of this order went back into the basket: this money will wait for a decision.")
    if money:
        return ""
    if found.order.status == get_settings().EXPIRED_STATUS:
        return _(
            "This order is closed. Writing the money down opens it again, if its things are in stock, makes it paid "
            "and writes to its customer; else the money waits for a decision."
        )
    return _("Writing the money down makes this order paid and writes to its customer.")


def _outcome(receipt: MpesaReceipt) -> str:
    told = {"amount": ksh(receipt.amount), "code": receipt.number or ""}
    if receipt.allocation == Allocation.APPLIED:
        return _("%(amount)s, M-PESA code %(code)s, was written down and used for the order.") % told
    return _("%(amount)s, M-PESA code %(code)s, was written down. It waits for a decision: see below.") % told
