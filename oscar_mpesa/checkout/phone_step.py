"""The pages of M-PESA in a shop's checkout: they stay, whatever the shop's own methods do there.

A shop's view may skip the payment details, take a card in ``post`` or redirect a shopper without a card. While M-PESA
is chosen, our methods stand before these. For other methods the shop's run as before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_class

from oscar_mpesa.access.availability import is_available_to
from oscar_mpesa.checkout.forms import PhoneForm
from oscar_mpesa.checkout.placed_order import SecondClickMixin
from oscar_mpesa.checkout.step_paths import (
    PAYMENT_DETAILS,
    PAYMENT_METHOD,
    PHONE,
    PREVIEW,
    name_of_chooser,
    name_of_phone_step,
    paths_of,
)
from oscar_mpesa.domain.method_code import MPESA, is_mpesa
from oscar_mpesa.domain.phone import PhoneNumber, kenyan_mobile
from oscar_mpesa.oscar_adapter.rounding_surcharge import is_payable

CheckoutSessionData = get_class("checkout.utils", "CheckoutSessionData")
CheckoutSessionMixin = get_class("checkout.session", "CheckoutSessionMixin")
FailedPreCondition = get_class("checkout.exceptions", "FailedPreCondition")
PassedSkipCondition = get_class("checkout.exceptions", "PassedSkipCondition")

NOT_OFFERED = _("This shop can't take M-PESA right now. Choose another way to pay.")
NOT_FOR_THIS_TOTAL = _("M-PESA can't take this order's total. Choose another way to pay, or change your basket.")


class OwnRedirect(FailedPreCondition):  # type: ignore[misc, valid-type]
    """A condition of ours is not met."""


class PhoneStepMixin(SecondClickMixin):
    """Answer requests for M-PESA's own pages, and leave all others to the shop's view.

    Our pages are ``payment-details`` and ``preview``. If the shopper chose M-PESA in a form on one of these, that page
    stays the shop's, and the phone is asked for on a page of its own, ``mpesa-phone``. A form on the preview also has
    what the order needs, such as a note. The phone step carries its fields, and then the shop handles them once more.
    """

    preview: bool
    _mpesa_total: Any = None
    _mpesa_placing = False
    _is_answered = False
    _is_shop_choosing = False

    # What the request is for.

    @property
    def is_mpesa_chosen(self) -> bool:
        """Whether the shopper chose M-PESA and the total is not zero."""
        if not is_mpesa(self.checkout_session.payment_method()):
            return False
        if self._mpesa_total is None:
            self.build_submission()  # type: ignore[attr-defined]
        return self._mpesa_total is not None and self._mpesa_total.excl_tax > 0

    @property
    def is_mpesa_step(self) -> bool:
        """Whether M-PESA is chosen and this page is ours."""
        return self._is_our_page and self.is_mpesa_chosen

    @property
    def is_mpesa_possible(self) -> bool:
        """Whether M-PESA is chosen, this page is ours, and M-PESA is available to the user and can take this total."""
        return self.is_mpesa_step and self._can_take_total

    @property
    def _can_take_total(self) -> bool:
        return is_available_to(self.request.user) and is_payable(self._mpesa_total)

    @property
    def _is_our_page(self) -> bool:
        match = self.request.resolver_match
        if match is not None and match.url_name not in {PAYMENT_DETAILS, PREVIEW, PHONE}:
            return False  # another app's view that inherits from the shop's, and takes the payment itself
        if self.is_phone_page or not self.chosen_on:
            return True
        is_form = self.request.method == "POST" and not self._is_placing
        return self.chosen_on == PAYMENT_DETAILS and self.preview and not is_form

    @property
    def chosen_on(self) -> str:
        """The shop's own page on which the shopper chose M-PESA, or an empty string if it was ``payment-method``."""
        return self.checkout_session._get("mpesa", "chosen_on") or ""

    @property
    def mpesa_phone(self) -> PhoneNumber | None:
        """The phone that the shopper entered in this checkout, or None."""
        msisdn = self.checkout_session._get("mpesa", "phone")
        return PhoneNumber(msisdn=msisdn) if msisdn else None

    @property
    def phone_step(self) -> str:
        """The URL name of the page that leads to the phone."""
        if self.chosen_on == PREVIEW:
            return f"checkout:{PREVIEW}"
        return f"checkout:{PHONE}" if self.chosen_on else name_of_phone_step()

    # Guards: those of the shop hold, unless they lead from our page into the payment step again.

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Handle the request without the shop's own ``dispatch`` if that redirects into the payment step."""
        self.checkout_session = CheckoutSessionData(request)
        queue = getattr(messages.get_messages(request), "_queued_messages", [])
        count = len(queue)
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        if self._is_answered or not self._stands_in_the_way(response.headers.get("Location", "")):
            return response
        del queue[count:]  # it asks for what M-PESA does not need
        again: Callable[..., HttpResponseBase] = CheckoutSessionMixin.dispatch
        return again(self, request, *args, **kwargs)

    def check_skip_conditions(self, request: HttpRequest) -> None:
        """Check the shop's conditions, but do not skip our page."""
        if not self.is_phone_page:
            self._check_each(super().check_skip_conditions, self.get_skip_conditions, request)  # type: ignore[misc, attr-defined]

    def check_pre_conditions(self, request: HttpRequest) -> None:
        """Check the shop's conditions, and then ours."""
        self._check_each(super().check_pre_conditions, self.get_pre_conditions, request)  # type: ignore[misc, attr-defined]
        try:
            self._check_ours(request)
        except OwnRedirect:
            self._is_answered = True
            raise

    def _check_each(self, check: Callable[..., None], names: Callable[..., list[str]], request: HttpRequest) -> None:
        """Check the shop's conditions, each also after one that is ignored."""
        if not self._check_one(check, request):
            for name in names(request):
                self._check_one(getattr(self, name), request)

    def _check_one(self, check: Callable[..., None], request: HttpRequest) -> bool:
        try:
            check(request)
        except (FailedPreCondition, PassedSkipCondition) as raised:
            self._require_outside(raised)
            return False
        return True

    def _require_outside(self, raised: Any) -> None:
        if isinstance(raised, OwnRedirect) or not self._stands_in_the_way(raised.url):
            raise raised

    def _stands_in_the_way(self, url: Any) -> bool:
        is_inside = urlsplit(str(url)).path in paths_of(PAYMENT_METHOD, PAYMENT_DETAILS, PREVIEW)
        return is_inside and self.is_mpesa_possible

    def _check_ours(self, request: HttpRequest) -> None:
        """Redirect to the phone step without a phone, or to the methods if M-PESA is not possible any more."""
        if not (self.preview or self.is_phone_page or request.method == "POST"):
            return
        if not self.is_mpesa_step:
            if self.is_phone_page:
                raise OwnRedirect(url=reverse(name_of_chooser()))
            return
        if not self._can_take_total:
            self.checkout_session.pay_by(None)  # else a shop without a chooser would redirect here again
            raise OwnRedirect(url=reverse(name_of_chooser()), message=self._why_not)
        is_too_early = self.chosen_on == PREVIEW if self.is_phone_page else self.mpesa_phone is None
        if request.method == "GET" and is_too_early:
            raise OwnRedirect(url=reverse(self.phone_step))

    @property
    def _why_not(self) -> Any:
        return NOT_FOR_THIS_TOTAL if is_available_to(self.request.user) else NOT_OFFERED

    def check_payment_data_is_captured(self, request: HttpRequest) -> None:
        """Leave the check to the shop for other methods. M-PESA needs only the phone."""
        if not self.is_mpesa_step:
            super().check_payment_data_is_captured(request)  # type: ignore[misc]

    # Answers.

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the phone step or our preview if M-PESA is possible, else the shop's own page."""
        if not self.is_mpesa_possible:
            response: HttpResponse = super().get(request, *args, **kwargs)  # type: ignore[misc]
            return response
        self._is_answered = True
        page: HttpResponse = self.render_to_response(self.get_context_data(**kwargs))  # type: ignore[attr-defined]
        return page

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take the phone, or place the order, or let the shop's own form choose a method."""
        if not self.is_mpesa_step:
            return self._let_shop_choose(request, *args, **kwargs)
        self._is_answered = True
        if self._is_placing and not self.is_phone_page:
            placed: HttpResponse = self.handle_place_order_submission(request)  # type: ignore[attr-defined]
            return placed
        return self.handle_payment_details_submission(request)

    def handle_payment_details_submission(self, request: HttpRequest) -> HttpResponse:
        """Store the number in the checkout session and go on. The limits count when the order is placed."""
        if not self.is_mpesa_step:
            response: HttpResponse = super().handle_payment_details_submission(request)  # type: ignore[misc]
            return response
        form = self._phone_form(request.POST)
        if not form.is_valid():
            page = self._render_phone_step(form)
            page.status_code = 422
            return page
        self.checkout_session._set("mpesa", "phone", form.cleaned_data["phone"].msisdn)
        if self.chosen_on == PREVIEW:  # the shopper has reviewed the order, and pressed the button
            placed: HttpResponse = self.handle_place_order_submission(request)  # type: ignore[attr-defined]
            return placed
        return redirect(f"checkout:{PREVIEW}")

    def _phone_form(self, data: Any = None) -> PhoneForm:
        address = self.get_shipping_address(self.request.basket)  # type: ignore[attr-defined]
        return PhoneForm(data, delivery_phone=kenyan_mobile(getattr(address, "phone_number", None)))

    def _render_phone_step(self, form: PhoneForm) -> HttpResponse:
        ours = {*form.fields, "csrfmiddlewaretoken", "mpesa_amount"}
        kept = [(name, value) for name, values in self.request.POST.lists() for value in values if name not in ours]
        self.preview = False  # a shop may override ``render_payment_details``
        shown = {"mpesa_form": form, "mpesa_kept": kept if self.chosen_on == PREVIEW else []}
        page: HttpResponse = self.render_to_response(self.get_context_data(**shown))  # type: ignore[attr-defined]
        return page

    # A shop that asks for the method on its own payment details or preview.

    def submit_shops_form(self) -> HttpResponse:
        """Let the shop handle its form of the preview once more, now that the order may be placed."""
        self.preview = True
        page: HttpResponse = super().post(self.request)  # type: ignore[misc]
        return page

    def _let_shop_choose(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Let the shop handle its form, and go on to the phone step if it chose M-PESA.

        An earlier choice of M-PESA is hidden meanwhile, so that it is not taken for one of this form.
        """
        session, self._is_shop_choosing = self.checkout_session, True
        was_chosen, page = is_mpesa(session.payment_method()), PREVIEW if self._is_placing else PAYMENT_DETAILS
        if was_chosen:
            session.pay_by(None)
        response: HttpResponse = super().post(request, *args, **kwargs)  # type: ignore[misc]
        if is_mpesa(session.payment_method()) and not self._is_answered and self.is_mpesa_chosen:
            return self.open_phone_step(page)
        is_kept = session._get("payment", "method", MPESA) is None  # not after an order, which clears the session
        is_accepted = self.preview and response.status_code == 200  # the preview of another method
        is_unchosen = is_kept and not is_accepted and session.payment_method() is None
        if was_chosen and page == PAYMENT_DETAILS and is_unchosen:
            session.pay_by(MPESA)
        return response

    def open_phone_step(self, page: str) -> HttpResponse:
        """Ask for the phone, now that the shopper chose M-PESA on a page of the shop."""
        self._is_answered = True
        if not self._can_take_total:
            self.checkout_session.pay_by(None)
            messages.warning(self.request, self._why_not)
            return redirect(f"checkout:{page}")
        self.checkout_session._set("mpesa", "chosen_on", page)
        if page == PAYMENT_DETAILS:
            return redirect(f"checkout:{PHONE}")
        self.is_phone_page = True
        return self._render_phone_step(self._phone_form())

    @property
    def is_phone_due(self) -> bool:
        """Whether the shop's form chose M-PESA in this very request, so that no order may be placed yet."""
        return self._is_shop_choosing and not self._mpesa_placing and self.is_mpesa_chosen
