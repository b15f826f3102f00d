"""The payment page, its status poll and its actions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.generic import View
from oscar.core.loading import get_class

from oscar_mpesa.access import ownership
from oscar_mpesa.checkout.forms import PhoneForm
from oscar_mpesa.checkout.no_access import OrderPageView
from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.money import AmountRefused
from oscar_mpesa.domain.outcomes import FirstAction
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.oscar_adapter.order_summary import order_summary
from oscar_mpesa.payment_page.messages import refusal_message
from oscar_mpesa.payment_page.page import PaymentPage, payment_page, prompt_expires_at
from oscar_mpesa.payment_page.queries import latest_payment
from oscar_mpesa.services.actors import Role
from oscar_mpesa.services.exceptions import NotPayable, PaymentInProgress, StartRefused
from oscar_mpesa.services.pay_later import reserved_until
from oscar_mpesa.services.pay_links import active_link
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.services.status_query import refresh_payment

OrderPlacementMixin = get_class("checkout.mixins", "OrderPlacementMixin")

#: A browser without scripts refreshes the payment page this many times by itself.
MAX_REFRESHES = 4


def own_payment(request: HttpRequest, public_id: str) -> MpesaPayment:
    """Return the latest payment of an order that the request owns. Raises ``Http404``."""
    payment = latest_payment(public_id)
    ownership.require_owner(request, payment)
    return payment


def payable_payment(request: HttpRequest, public_id: str) -> MpesaPayment:
    """Return the latest payment of an order that the request may pay. Raises ``Http404``."""
    payment = latest_payment(public_id)
    ownership.require_payer(request, payment)
    return payment


def refreshed_payment(request: HttpRequest, public_id: str) -> MpesaPayment:
    """Return ``payable_payment`` after a status check or the expiry of the prompt, if either is due."""
    payment = payable_payment(request, public_id)
    return payable_payment(request, public_id) if refresh_payment(payment, now=timezone.now()) else payment


def page_of(request: HttpRequest, payment: MpesaPayment, now: datetime) -> PaymentPage:
    """Return the payment page as this request may see it."""
    page = payment_page(payment, now=now, shows_number=ownership.typed_number(request, payment.phone_number))
    if ownership.owns(request, payment.mpesa_order):
        return page
    return page.for_payer(started_it=ownership.started_payment(request, payment))


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class PaymentPageView(OrderPageView):
    """Show an order's payment in all of its states. Works without scripts."""

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Refresh the payment if that is due, and show its page."""
        return self.render_page(request, refreshed_payment(request, public_id))

    def render_page(self, request: HttpRequest, payment: MpesaPayment, form: PhoneForm | None = None) -> HttpResponse:
        """Render the page of a payment. Pass an invalid ``form`` to show its errors with status 422."""
        now = timezone.now()
        page = page_of(request, payment, now)
        context: dict[str, Any] = {
            "page": page,
            "primary": FirstAction.OTHER_NUMBER if form else page.primary,
            "sees_order": ownership.may_see_order(request, payment.mpesa_order),
            "is_users": payment.mpesa_order.order.user_id is not None,
            "summary": order_summary(payment.mpesa_order.order) if page.is_owners else None,
            "confirmation_email": getattr(payment, "confirmation_email", ""),
            "public_id": payment.mpesa_order.public_id,
            "form": form or PhoneForm(),
            "later_until": reserved_until(payment.mpesa_order, now=now),
            "link": _pay_link(request, payment.mpesa_order, now),
            "answer_until": prompt_expires_at(payment),
            "now": now,
            "next_refresh": _next_refresh(request),
            "mpesa": get_settings(),
        }
        return render(request, "oscar_mpesa/payment_page.html", context, status=422 if form else 200)


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class PaymentStatusView(View):
    """Tell the payment page's script whether the page has changed."""

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Return ``{"state", "version", "open"}``. Queries Safaricom only when a status check is due.

        Its bare 404 is never cached either, or the page of an owner who signs in later would stop.
        """
        try:
            payment = refreshed_payment(request, public_id)
        except Http404:
            return HttpResponseNotFound()
        page = page_of(request, payment, timezone.now())
        return JsonResponse({"state": page.state, "version": page.version, "open": page.is_open})


class PaymentActionView(OrderPageView):
    """Base of the actions that buttons of the payment page post to."""

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Redirect a GET to the payment page without acting."""
        payable_payment(request, public_id)
        return redirect("checkout:mpesa-payment", public_id)


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class RetryPaymentView(PaymentActionView, PaymentPageView):
    """Send another prompt, to the same phone or to another."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Start another payment for the order, unless one is in progress or the order is paid."""
        payment = latest_payment(public_id)
        actor = ownership.require_payer(request, payment)
        form, is_same_phone = PhoneForm(request.POST), bool(request.POST.get("again"))
        if not is_same_phone and not form.is_valid():
            return self.render_page(request, payment, form)
        phone = None if is_same_phone else form.cleaned_data["phone"]
        try:
            sent = retry_payment(payment.mpesa_order.order, phone=phone, now=timezone.now(), actor=actor)
        except (PaymentInProgress, NotPayable) as refusal:
            messages.info(request, gettext(refusal.sentence))
        except StartRefused as refusal:
            is_payer = actor.role is Role.PAYER
            messages.warning(request, refusal_message(refusal, now=timezone.now(), names_number=not is_payer))
        except AmountRefused as refusal:
            messages.error(request, gettext(refusal.sentence))
        else:
            if actor.role is Role.PAYER:
                ownership.remember_payment(request, sent)
            elif phone is not None:
                ownership.remember_number(request, phone)
        return redirect("checkout:mpesa-payment", public_id)


@method_decorator(never_cache, name="dispatch")
class FinishCheckoutView(OrderPlacementMixin, PaymentActionView):  # type: ignore[misc, valid-type]
    """Lead from the paid payment page to Oscar's thank-you page. It is a POST because it ends the checkout session."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """End the checkout of a paid order and send Oscar's ``post_checkout`` signal, once per order."""
        payment = own_payment(request, public_id)
        sees_order = ownership.may_see_order(request, payment.mpesa_order)
        if not sees_order or not payment_page(payment, now=timezone.now()).state.is_paid:
            return redirect("checkout:mpesa-payment", public_id)
        order = payment.mpesa_order.order
        self._end_checkout(request, order)
        response = redirect(self.get_success_url())
        unseen = MpesaOrder.objects.filter(pk=payment.mpesa_order_id, result_seen_at=None)
        if unseen.update(result_seen_at=timezone.now()):  # of two clicks at once, one
            self.send_signal(request, response, order)
        return response

    def _end_checkout(self, request: HttpRequest, order: Any) -> None:
        request.session["checkout_order_id"] = order.pk
        if order.is_anonymous:
            request.session["anon_order_email"] = order.guest_email
        if str(self.checkout_session.get_order_number()) == order.number:
            self.checkout_session.flush()

    def check_skip_conditions(self, request: HttpRequest) -> None:
        """Skip Oscar's conditions, because the basket is an order already."""

    def check_pre_conditions(self, request: HttpRequest) -> None:
        """Skip Oscar's conditions, because the basket is an order already."""


def _pay_link(request: HttpRequest, mpesa_order: MpesaOrder, now: datetime) -> str:
    """Return the order's active payment link for its owner; empty for others, and if there is none."""
    link = active_link(mpesa_order, now=now) if ownership.owns(request, mpesa_order) else None
    return request.build_absolute_uri(reverse("checkout:mpesa-pay-link", args=[link.token])) if link else ""


def _next_refresh(request: HttpRequest) -> int:
    """Return the number of the next refresh without scripts, or 0 to stop."""
    count = request.GET.get("refresh", "0")
    if not (count.isascii() and count.isdecimal()) or len(count) > 2:
        return 0
    return int(count) + 1 if int(count) < MAX_REFRESHES else 0
