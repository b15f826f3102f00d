"""What staff do about one payment: each a POST of its own, each one verb, each told in a sentence."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from oscar_mpesa.access.staff_permissions import may_see_full_phones
from oscar_mpesa.conf import SIMULATED
from oscar_mpesa.dashboard.payments.forms import BlockPhoneForm, CloseOrderForm
from oscar_mpesa.domain.money import AmountRefused
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.payment_page.messages import refusal_message
from oscar_mpesa.services.blocked_phones import block_phone
from oscar_mpesa.services.exceptions import PaymentInProgress, StartRefused
from oscar_mpesa.services.order_closure import CloseRefused, close_order
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.services.status_query import QueryRefused, QueryResult, query_status

#: What was learned by asking.
_LEARNED = {
    QueryResult.PAID: gettext_lazy("Safaricom says it is paid."),
    QueryResult.NOT_PAID: gettext_lazy("Safaricom says it is not paid."),
    QueryResult.WAIT: gettext_lazy("Safaricom is still waiting for the phone."),
    QueryResult.NOTHING: gettext_lazy(
        "Safaricom gave no answer, or was asked too often just now. Try again in a minute."
    ),
}


class PaymentAction(View):
    """A button on a payment's page: nothing on a GET, and back to a payment's page when it is done."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do it, say how it went, and show the payment that the reader should look at."""
        payment = get_object_or_404(MpesaPayment.objects.select_related("mpesa_order__order"), pk=pk)
        shown = self.act(request, payment, timezone.now())
        return redirect("dashboard:mpesa-payment", shown.pk)

    def act(self, request: HttpRequest, payment: MpesaPayment, now: datetime) -> MpesaPayment:
        """The verb, and a message; returns the payment to look at."""
        raise NotImplementedError


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class CheckStatusView(PaymentAction):
    """Ask Safaricom now what became of a request."""

    def act(self, request: HttpRequest, payment: MpesaPayment, now: datetime) -> MpesaPayment:
        """One question at most, however often it is pressed."""
        try:
            said = query_status(payment, now=now, by=request.user)
        except QueryRefused:
            messages.warning(request, _("Another amount arrived for this request. Decide about that money first."))
        else:
            tell = messages.warning if said is QueryResult.NOTHING else messages.info
            tell(request, _learned(payment, said))
        return payment


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class SendPromptView(PaymentAction):
    """Send the request once more, to the same phone, for who calls and waits."""

    def act(self, request: HttpRequest, payment: MpesaPayment, now: datetime) -> MpesaPayment:
        """A second click finds a newer attempt than the page had shown, and sends nothing."""
        newest = payment.mpesa_order.payments.order_by("-pk")[0]
        if request.POST.get("newest") != str(newest.pk):
            messages.info(request, _("Something was sent meanwhile; this is it. Nothing more was sent."))
            return newest
        return self._send(request, payment, now)

    def _send(self, request: HttpRequest, payment: MpesaPayment, now: datetime) -> MpesaPayment:
        shows_number = may_see_full_phones(request.user)
        try:
            sent = retry_payment(payment.mpesa_order.order, phone=payment.phone_number, now=now, by=request.user)
        except PaymentInProgress as refusal:
            messages.info(request, refusal_message(refusal, now=now))
            return refusal.payment
        except StartRefused as refusal:
            messages.warning(request, refusal_message(refusal, now=now, shows_number=shows_number))
        except AmountRefused as refusal:
            messages.warning(request, _(refusal.sentence))
        else:
            return _look_at(request, sent)
        return payment


class BlockPhoneView(PaymentAction):
    """Send no more requests to a number whose owner asked for that."""

    def act(self, request: HttpRequest, payment: MpesaPayment, now: datetime) -> MpesaPayment:
        """With a note, which is asked for."""
        form = BlockPhoneForm(request.POST)
        if form.is_valid():
            note = form.cleaned_data["note"]
            block_phone(payment.phone_number, by=request.user, note=note, now=now, payment=payment)
            messages.success(request, _("No more requests will be sent to this number."))
        else:
            _complain(request, form)
        return payment


class CloseOrderView(PaymentAction):
    """Give up an unpaid order at once."""

    def act(self, request: HttpRequest, payment: MpesaPayment, now: datetime) -> MpesaPayment:
        """Its things go back on the shelf; the customer gets a mail."""
        form = CloseOrderForm(request.POST)
        if not form.is_valid():
            _complain(request, form)
            return payment
        try:
            close_order(payment.mpesa_order.order, by=request.user, note=form.cleaned_data["note"], now=now)
        except CloseRefused as refusal:
            messages.warning(request, _(refusal.sentence))
        else:
            messages.success(request, _("The order is closed. Its things can be sold again."))
        return payment


def _learned(payment: MpesaPayment, said: QueryResult) -> str:
    """Who reads it on the telephone must not tell a customer that Safaricom said so, where nobody asked Safaricom."""
    sentence = str(_LEARNED[said])
    if payment.environment != SIMULATED:
        return sentence
    return _("TEST: the simulator answers in Safaricom's place.") + " " + sentence


def _look_at(request: HttpRequest, sent: MpesaPayment) -> MpesaPayment:
    """The row, not the verb, says whether the request went out."""
    sent.refresh_from_db()
    if sent.is_final:
        messages.warning(request, _("The request did not go out: %(why)s.") % {"why": _(sent.outcome.meaning)})
    else:
        messages.success(request, _("A new request is on its way to the phone."))
    return sent


def _complain(request: HttpRequest, form: Any) -> None:
    for complaints in form.errors.values():
        for complaint in complaints:
            messages.warning(request, complaint)
