"""Send the prompt that staff asked for, and say what happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from oscar_mpesa.access.ownership import make_actor
from oscar_mpesa.access.staff_permissions import may_see_full_phones
from oscar_mpesa.dashboard.payments.forms import OtherNumberForm
from oscar_mpesa.dashboard.payments.prompt_offer import start_refusal_text
from oscar_mpesa.domain.money import AmountRefused
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.actors import Role
from oscar_mpesa.services.exceptions import PaymentInProgress, StartRefused
from oscar_mpesa.services.payments import retry_payment


def send_prompt(request: HttpRequest, order: Any, phone: PhoneNumber | None, *, now: datetime) -> MpesaPayment | None:
    """Send a prompt to the typed number or to ``phone``; add a message, and return the payment to show, if any.

    Sends nothing if the order has a newer payment than the page showed.
    """
    newest = MpesaPayment.objects.filter(mpesa_order_id=order.pk).order_by("-pk").first()
    if request.POST.get("newest", "") != (str(newest.pk) if newest else ""):
        messages.info(request, _("A prompt was sent meanwhile; this is it. Nothing more was sent."))
        return newest
    if "prompt-number" in request.POST or phone is None:
        form = OtherNumberForm(request.POST)
        if not form.is_valid():
            show_errors(request, form)
            return None
        phone = form.cleaned_data["number"]
    return _start(request, order, phone, now)


def _start(request: HttpRequest, order: Any, phone: PhoneNumber, now: datetime) -> MpesaPayment | None:
    shows_number, actor = may_see_full_phones(request.user), make_actor(request, Role.STAFF)
    try:
        payment = retry_payment(order, phone=phone, now=now, actor=actor)
    except PaymentInProgress as refusal:
        messages.info(request, start_refusal_text(refusal, now=now, shows_number=shows_number))
        return refusal.payment
    except (StartRefused, AmountRefused) as refusal:
        messages.warning(request, start_refusal_text(refusal, now=now, shows_number=shows_number))
        return None
    _show_sent(request, payment)
    return payment


def _show_sent(request: HttpRequest, payment: MpesaPayment) -> None:
    """Add a message about the prompt by the payment's saved status."""
    payment.refresh_from_db()
    if payment.is_final:
        messages.warning(request, _("The prompt was not sent: %(why)s.") % {"why": _(payment.outcome.meaning)})
    else:
        messages.success(request, _("A new prompt is on its way to the phone."))


def show_errors(request: HttpRequest, form: Any) -> None:
    """Add each error of a form as a message."""
    for errors in form.errors.values():
        for error in errors:
            messages.warning(request, error)
