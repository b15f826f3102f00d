"""Actions of staff on one payment. Each is a POST that calls one service and shows one message."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.generic import View

from oscar_mpesa.access.ownership import make_actor
from oscar_mpesa.dashboard.blocked_phones.forms import BlockPhoneForm
from oscar_mpesa.dashboard.payments.forms import CloseOrderForm, NoteForm
from oscar_mpesa.dashboard.payments.notifications import emails, messages_of_same_order, undelivered
from oscar_mpesa.dashboard.payments.prompts import send_prompt, show_errors
from oscar_mpesa.dashboard.payments.query_messages import query_message
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.actors import Role
from oscar_mpesa.services.blocked_phones import block_phone
from oscar_mpesa.services.exceptions import NotPayable
from oscar_mpesa.services.notes import add_note
from oscar_mpesa.services.order_closure import CloseRefused, close_order
from oscar_mpesa.services.outbox import resend
from oscar_mpesa.services.pay_links import make_link, revoke_link
from oscar_mpesa.services.status_query import QueryResult, query_status


class PaymentAction(View):
    """A POST from a payment's page that redirects to a payment's page."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Perform the action and redirect to the payment that ``act`` returns."""
        payment = get_object_or_404(MpesaPayment.objects.select_related("mpesa_order__order"), pk=pk)
        shown = self.act(request, payment, timezone.now())
        return redirect("dashboard:mpesa-payment", shown.pk)

    def act(self, request: HttpRequest, payment: MpesaPayment, now: datetime) -> MpesaPayment:
        """Call the service, add a message, and return the payment to show next."""
        raise NotImplementedError


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class CheckStatusView(PaymentAction):
    """Query the payment's status at Safaricom now."""

    def act(self, request: HttpRequest, payment: MpesaPayment, now: datetime) -> MpesaPayment:
        """Query once; repeated clicks are limited by the service."""
        result = query_status(payment, now=now, by=request.user)
        level = messages.WARNING if result is QueryResult.NOTHING else messages.INFO
        messages.add_message(request, level, query_message(payment, result, since=now))
        return payment


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class SendPromptView(PaymentAction):
    """Send a prompt for what the order owes to the payment's phone, or to a typed number."""

    def act(self, request: HttpRequest, payment: MpesaPayment, now: datetime) -> MpesaPayment:
        """Send a prompt unless the order has a newer payment than the page showed, as after a second click."""
        order = payment.mpesa_order.order
        return send_prompt(request, order, payment.phone_number, now=now) or payment


class BlockPhoneView(PaymentAction):
    """Block the payment's phone, because its owner asked for that."""

    def act(self, request: HttpRequest, payment: MpesaPayment, now: datetime) -> MpesaPayment:
        """Block the phone with a required note."""
        form = BlockPhoneForm(request.POST)
        if form.is_valid():
            note = form.cleaned_data["note"]
            block_phone(payment.phone_number, by=request.user, note=note, now=now, payment=payment)
            messages.success(request, _("No more prompts will be sent to this number."))
        else:
            show_errors(request, form)
        return payment


class CloseOrderView(PaymentAction):
    """Close an unpaid order now."""

    def act(self, request: HttpRequest, payment: MpesaPayment, now: datetime) -> MpesaPayment:
        """Close the order: its stock is released, and the customer gets an email."""
        form = CloseOrderForm(request.POST)
        if not form.is_valid():
            show_errors(request, form)
            return payment
        try:
            close_order(payment.mpesa_order.order, by=request.user, note=form.cleaned_data["note"], now=now)
        except CloseRefused as refusal:
            messages.warning(request, _(refusal.sentence))
        else:
            messages.success(request, _("The order is closed. Its items can be sold again."))
        return payment


class AddNoteView(PaymentAction):
    """Add a note about the payment's order, for staff only."""

    def act(self, request: HttpRequest, payment: MpesaPayment, now: datetime) -> MpesaPayment:
        """Add the note; a second click adds none."""
        form = NoteForm(request.POST)
        if not form.is_valid():
            show_errors(request, form)
        elif add_note(payment.mpesa_order, form.cleaned_data["note"], by=request.user, now=now):
            messages.success(request, _("The note is saved. Only staff can read it."))
        else:
            messages.info(request, _("This note is already saved."))
        return payment


class MakeLinkView(PaymentAction):
    """Make a payment link for the payment's order."""

    def act(self, request: HttpRequest, payment: MpesaPayment, now: datetime) -> MpesaPayment:
        """Make the link, once."""
        try:
            make_link(payment.mpesa_order.order, actor=make_actor(request, Role.STAFF), now=now)
        except NotPayable as refusal:
            messages.warning(request, _(refusal.sentence))
        else:
            messages.success(request, _("The payment link is ready. Copy it, or send it by WhatsApp or email."))
        return payment


class RevokeLinkView(PaymentAction):
    """Revoke the payment link of the payment's order."""

    def act(self, request: HttpRequest, payment: MpesaPayment, now: datetime) -> MpesaPayment:
        """Revoke the link, once."""
        actor = make_actor(request, Role.STAFF)
        if revoke_link(payment.mpesa_order.order, actor=actor, now=now):
            messages.success(request, _("The payment link is revoked. Nobody can pay with it any more."))
        else:
            messages.info(request, _("The order has no payment link that works."))
        return payment


class SendAgainView(PaymentAction):
    """Have notifications of the payment's order delivered again."""

    def act(self, request: HttpRequest, payment: MpesaPayment, now: datetime) -> MpesaPayment:
        """Send the email whose button was pressed, or all that should have been delivered: what the page offers."""
        pressed, sent = request.POST.get("message"), messages_of_same_order(payment)
        chosen = [each for each in emails(sent) if str(each.pk) == pressed] if pressed else undelivered(sent)
        if resend(chosen, by=request.user, now=now):
            messages.success(request, _("It is on its way. Look here again in a minute."))
        else:
            messages.info(request, _("Nothing was sent again: it was sent a moment ago, or is being sent now."))
        return payment
