"""The waiting page and what can be done there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
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
from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.money import AmountRefused
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.payment_page.messages import refusal_message
from oscar_mpesa.payment_page.state import PaymentPage, latest_payment, payment_page, prompt_expires_at
from oscar_mpesa.services.exceptions import NotPayable, PaymentInProgress, StartRefused
from oscar_mpesa.services.order_tokens import TokenPurpose, make_token
from oscar_mpesa.services.pay_later import reserved_until
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.services.status_query import refresh_payment

OrderPlacementMixin = get_class("checkout.mixins", "OrderPlacementMixin")

#: A browser without scripts looks again by itself so often, then on request only.
REFRESHES = 4


def own_payment(request: HttpRequest, public_id: str) -> MpesaPayment:
    """The latest attempt of the asker's own order; ``Http404`` for anybody else's."""
    payment = latest_payment(public_id)
    ownership.require_owner(request, payment)
    return payment


def payable_payment(request: HttpRequest, public_id: str) -> MpesaPayment:
    """The latest attempt of an order that the asker owns, or came to by a link; ``Http404`` for anybody else's."""
    payment = latest_payment(public_id)
    ownership.require_payer(request, payment)
    return payment


def refreshed(request: HttpRequest, public_id: str) -> MpesaPayment:
    """The same, after what its clock says is due: a question to Safaricom, or its end."""
    payment = payable_payment(request, public_id)
    return payable_payment(request, public_id) if refresh_payment(payment, now=timezone.now()) else payment


def page_of(request: HttpRequest, payment: MpesaPayment, now: datetime) -> PaymentPage:
    """The page of a payment as this page tells it to whoever asks."""
    typed = ownership.typed_number(request, payment.phone_number)
    page = payment_page(payment, now=now, shows_number=typed)
    return page if ownership.owns(request, payment.mpesa_order) else page.for_payer(is_their_phone=typed)


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class PaymentPageView(View):
    """One page for all the states of an order's payment; works without scripts."""

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """The page as things stand now."""
        return self.page(request, refreshed(request, public_id))

    def page(self, request: HttpRequest, payment: MpesaPayment, form: PhoneForm | None = None) -> HttpResponse:
        """Render the page of a payment, with a phone form where another attempt may be made."""
        now = timezone.now()
        context: dict[str, Any] = {
            "page": page_of(request, payment, now),
            "public_id": payment.mpesa_order.public_id,
            "shows_number": ownership.typed_number(request, payment.phone_number),
            "form": form or PhoneForm(),
            "later_until": reserved_until(payment.mpesa_order, now=now),
            "link": _link(request, payment.mpesa_order),
            "answer_until": prompt_expires_at(payment),
            "now": now,
            "look": _next_poll(request),
            "mpesa": get_settings(),
        }
        return render(request, "oscar_mpesa/payment_page.html", context, status=422 if form else 200)


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class PaymentStatusView(View):
    """What the waiting page's script asks for: does the page say something new?"""

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """``{"state", "version", "open"}``; asks Safaricom only when a question is due."""
        page = page_of(request, refreshed(request, public_id), timezone.now())
        return JsonResponse({"state": page.state, "version": page.version, "open": page.is_open})


class PaymentActionView(View):
    """What a button of the waiting page posts to."""

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """A GET carries out no wish: it leads back to the page, for whom there is one."""
        payable_payment(request, public_id)
        return redirect("checkout:mpesa-payment", public_id)


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class RetryPaymentView(PaymentActionView, PaymentPageView):
    """Send the request again, to the same phone or to another."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """One more attempt for the same order, unless one is on its way or the money is there."""
        payment = payable_payment(request, public_id)
        form, again = PhoneForm(request.POST), bool(request.POST.get("again"))
        if not again and not form.is_valid():
            return self.page(request, payment, form)
        phone = payment.phone_number if again else form.cleaned_data["phone"]
        try:
            retry_payment(payment.mpesa_order.order, phone=phone, now=timezone.now())
        except (PaymentInProgress, NotPayable) as refusal:
            messages.info(request, gettext(refusal.sentence))
        except StartRefused as refusal:
            typed = not again or ownership.typed_number(request, phone)
            messages.warning(request, refusal_message(refusal, now=timezone.now(), shows_number=typed))
        except AmountRefused as refusal:
            messages.error(request, gettext(refusal.sentence))
        else:
            if not again:
                ownership.remember_number(request, phone)
        return redirect("checkout:mpesa-payment", public_id)


class FinishCheckoutView(OrderPlacementMixin, PaymentActionView):  # type: ignore[misc, valid-type]
    """From the paid waiting page to Oscar's own thank-you page; a POST, because it ends the checkout session."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Hand the paid order to the thank-you page, with Oscar's ``post_checkout`` in the shopper's own request."""
        payment = own_payment(request, public_id)
        if not payment_page(payment, now=timezone.now()).state.is_paid:
            return redirect("checkout:mpesa-payment", public_id)
        order = payment.mpesa_order.order
        self._end_checkout(request, order)
        response = redirect(self.get_success_url())
        mpesa_order = payment.mpesa_order
        if mpesa_order.result_seen_at is None:
            mpesa_order.result_seen_at = timezone.now()
            mpesa_order.save(update_fields=["result_seen_at"])
            self.send_signal(request, response, order)
        return response

    def _end_checkout(self, request: HttpRequest, order: Any) -> None:
        request.session["checkout_order_id"] = order.pk
        if order.is_anonymous:
            request.session["anon_order_email"] = order.guest_email
        if str(self.checkout_session.get_order_number()) == order.number:
            self.checkout_session.flush()

    def check_skip_conditions(self, request: HttpRequest) -> None:
        """None: the basket is an order already."""

    def check_pre_conditions(self, request: HttpRequest) -> None:
        """None either."""


def _link(request: HttpRequest, mpesa_order: MpesaOrder) -> str:
    """A link by which anybody may pay an order that is kept for later; empty where there is none to pass on."""
    is_kept = mpesa_order.pay_later_at is not None
    if not is_kept or not ownership.owns(request, mpesa_order):
        return ""
    path = reverse("checkout:mpesa-pay-link", args=[make_token(mpesa_order.pk, TokenPurpose.PAY)])
    return request.build_absolute_uri(path)


def _next_poll(request: HttpRequest) -> int:
    """The number of the next refresh of a browser without scripts; 0 when it should stop."""
    asked = request.GET.get("look", "0")
    if not (asked.isascii() and asked.isdecimal()) or len(asked) > 2:
        return 0
    return int(asked) + 1 if int(asked) < REFRESHES else 0
