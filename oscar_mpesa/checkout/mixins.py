"""The two mixins that put M-Pesa into a shop's checkout views.

``integration.py`` mixes them in by itself. A shop with ``AUTO_INTEGRATE`` off makes each the first base of its own
view. Neither touches an order that is paid in another way: what happens while an order is placed looks at a flag
that only our own submission sets, never at the session's choice alone.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_class

from oscar_mpesa.access import ownership
from oscar_mpesa.access.availability import is_available_to
from oscar_mpesa.access.client_address import client_address
from oscar_mpesa.checkout import methods
from oscar_mpesa.checkout.forms import PhoneForm, kenyan_mobile
from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.oscar_adapter.placement import order_of_basket, require_stock
from oscar_mpesa.oscar_adapter.rounding_surcharge import add_rounding, is_payable, shillings
from oscar_mpesa.payment_page.messages import refusal_message
from oscar_mpesa.services.exceptions import StartRefused
from oscar_mpesa.services.payments import start_payment
from oscar_mpesa.services.rate_limits import check_rate_limits
from oscar_mpesa.services.stk_push import send_stk_push

FailedPreCondition = get_class("checkout.exceptions", "FailedPreCondition")
UnableToPlaceOrder = get_class("order.exceptions", "UnableToPlaceOrder")

NOT_OFFERED = _("This shop cannot take M-PESA right now. Choose another way to pay.")
NOT_FOR_THIS_TOTAL = _("M-PESA cannot take this order's total. Choose another way to pay, or change your basket.")


class MpesaPaymentMethodMixin:
    """Over Oscar's ``PaymentMethodView``: lists M-Pesa beside the shop's other methods."""

    request: HttpRequest
    checkout_session: Any

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The chooser; straight on where there is one method only; the shop's own view where there is none to name.

        A choice of M-Pesa that is not possible any more is forgotten: nobody could unmake it.
        """
        offered = self.mpesa_methods()
        if len(offered) == 1:
            return self._choose(offered[0])
        if offered:
            return self._render_chooser(offered)
        if self.checkout_session.payment_method() == methods.MPESA:
            self.checkout_session.pay_by(None)
        response: HttpResponse = super().get(request, *args, **kwargs)  # type: ignore[misc]
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Keep the choice for this checkout."""
        offered = self.mpesa_methods()
        chosen = next((method for method in offered if method.code == request.POST.get("method")), None)
        if chosen is None:
            return self._render_chooser(offered, error=gettext("Choose a way to pay."))
        return self._choose(chosen)

    def mpesa_methods(self) -> list[methods.Method]:
        """M-Pesa first, if it can take this order, and then the shop's other methods."""
        total = self.build_submission()["order_total"]  # type: ignore[attr-defined]
        store_view = apps.get_app_config("checkout").payment_details_view  # type: ignore[attr-defined]
        others = methods.other_methods(store_view)
        offered = is_available_to(self.request.user) and total is not None and is_payable(total)
        return [methods.MPESA_METHOD, *others] if offered else others

    def _choose(self, method: methods.Method) -> HttpResponse:
        self.checkout_session.pay_by(method.code)
        return redirect(method.url_name) if method.url_name else self.get_success_response()  # type: ignore[attr-defined]

    def _render_chooser(self, offered: list[methods.Method], error: str = "") -> HttpResponse:
        context = self.get_context_data()  # type: ignore[attr-defined]
        chosen = self.checkout_session.payment_method()
        amount = shillings(context["order_total"]) if methods.MPESA_METHOD in offered else None
        context.update(methods=offered, chosen=chosen, mpesa_amount=amount, error=error, mpesa=get_settings())
        return render(self.request, "oscar_mpesa/payment_method.html", context, status=422 if error else 200)


class MpesaPaymentDetailsMixin:
    """Over Oscar's ``PaymentDetailsView``: asks for the phone, places the order first, then sends the prompt."""

    request: HttpRequest
    checkout_session: Any
    preview: bool
    _mpesa_placing = False
    _mpesa_total: Any = None

    # What is shown: the session's choice decides.

    @property
    def is_mpesa_chosen(self) -> bool:
        """The shopper chose M-Pesa and there is something to pay."""
        if self.checkout_session.payment_method() != methods.MPESA:
            return False
        if self._mpesa_total is None:
            self.build_submission()
        return self._mpesa_total is not None and self._mpesa_total.incl_tax > 0

    @property
    def is_mpesa_possible(self) -> bool:
        """It was chosen, is still offered, and takes this total."""
        return self.is_mpesa_chosen and is_available_to(self.request.user) and is_payable(self._mpesa_total)

    def get_template_names(self) -> list[str]:
        """Our phone step and preview, both inside the shop's own pages."""
        names: list[str] = super().get_template_names()  # type: ignore[misc]
        if not self.is_mpesa_possible:
            return names
        return ["oscar_mpesa/preview.html" if self.preview else "oscar_mpesa/payment_details.html"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Oscar's context, with the phone, the amount and the shop's own template to extend."""
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        if self.is_mpesa_possible:
            context.setdefault("mpesa_form", self._phone_form())
            context.update(
                base_template=super().get_template_names()[0],  # type: ignore[misc]
                mpesa_amount=shillings(self._mpesa_total),
                mpesa_phone=self.mpesa_phone,
                mpesa_total=self._mpesa_total,
                mpesa=get_settings(),
            )
        return context

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """A page that no browser keeps: gone back to after the order was placed, its button would be a dead one."""
        page: HttpResponse = super().render_to_response(context, **kwargs)  # type: ignore[misc]
        if self.is_mpesa_possible:
            add_never_cache_headers(page)
        return page

    def build_submission(self, **kwargs: Any) -> dict[str, Any]:
        """Oscar's submission; with M-Pesa chosen its total is whole shillings, the rounding among the surcharges."""
        submission: dict[str, Any] = super().build_submission(**kwargs)  # type: ignore[misc]
        self._mpesa_total = submission["order_total"]
        return add_rounding(submission) if self._mpesa_total is not None and self.is_mpesa_possible else submission

    @property
    def mpesa_phone(self) -> PhoneNumber | None:
        """The number that this checkout's shopper named."""
        msisdn = self.checkout_session._get("mpesa", "phone")
        return PhoneNumber(msisdn=msisdn) if msisdn else None

    def _phone_form(self) -> PhoneForm:
        address = self.get_shipping_address(self.request.basket)  # type: ignore[attr-defined]
        delivery_phone = kenyan_mobile(getattr(address, "phone_number", None))
        data = self.request.POST if self.request.method == "POST" else None
        return PhoneForm(data, delivery_phone=delivery_phone)

    # What is asked before the preview.

    def check_basket_is_not_empty(self, request: HttpRequest) -> None:
        """The second of two clicks on "Place order" finds the basket gone: it leads to the order, not to a warning."""
        if request.method == "POST" and request.POST.get("action") == "place_order" and request.basket.is_empty:  # type: ignore[attr-defined]
            placed = ownership.public_ids_now(request)
            if placed and self.checkout_session.payment_method() == methods.MPESA:
                raise FailedPreCondition(url=reverse("checkout:mpesa-payment", args=[placed[-1]]))
        super().check_basket_is_not_empty(request)  # type: ignore[misc]

    def check_payment_data_is_captured(self, request: HttpRequest) -> None:
        """Without a phone number back to the phone step; with a total that M-Pesa cannot take, to the methods."""
        super().check_payment_data_is_captured(request)  # type: ignore[misc]
        if not self.is_mpesa_chosen:
            return
        if not is_available_to(request.user):
            raise FailedPreCondition(url=reverse("checkout:payment-method"), message=NOT_OFFERED)
        if not self.is_mpesa_possible:
            raise FailedPreCondition(url=reverse("checkout:payment-method"), message=NOT_FOR_THIS_TOTAL)
        if request.method == "GET" and self.mpesa_phone is None:
            raise FailedPreCondition(url=reverse("checkout:payment-details"))

    def handle_payment_details_submission(self, request: HttpRequest) -> HttpResponse:
        """Check the number on the server, keep it for this checkout, and show the preview."""
        if not self.is_mpesa_possible:
            response: HttpResponse = super().handle_payment_details_submission(request)  # type: ignore[misc]
            return response
        form, now = self._phone_form(), timezone.now()
        if not form.is_valid():
            return self._ask_again(form)
        try:
            check_rate_limits(form.cleaned_data["phone"], now=now)
        except StartRefused as refusal:
            return self._ask_again(form, error=refusal_message(refusal, now=now, shows_number=True))
        self.checkout_session._set("mpesa", "phone", form.cleaned_data["phone"].msisdn)
        return redirect("checkout:preview")

    def _ask_again(self, form: PhoneForm, error: str = "") -> HttpResponse:
        page: HttpResponse = self.render_payment_details(self.request, mpesa_form=form, error=error)  # type: ignore[attr-defined]
        page.status_code = 422
        return page

    # What happens while the order is placed: our own submission's flag decides.

    def handle_place_order_submission(self, request: HttpRequest) -> HttpResponse:
        """Place the order once, however often the button was pressed."""
        if not self.is_mpesa_chosen:
            response: HttpResponse = super().handle_place_order_submission(request)  # type: ignore[misc]
            return response
        if self.mpesa_phone is None:
            return redirect("checkout:payment-details")
        if self._total_changed_since_the_preview(request):
            messages.warning(request, gettext("The total has changed. Look at it once more before you pay."))
            return redirect("checkout:preview")
        with transaction.atomic(savepoint=False):
            placed = order_of_basket(request.basket)  # type: ignore[attr-defined]
            if placed is not None:
                return self._lead_to(placed)
            try:
                check_rate_limits(self.mpesa_phone, now=timezone.now(), digest=ownership.session_digest(request))
            except StartRefused as refusal:
                return self._lead_back(refusal)
            self._mpesa_placing = True
            page: HttpResponse = self.submit(**self.build_submission())  # type: ignore[attr-defined]
            return page

    def _total_changed_since_the_preview(self, request: HttpRequest) -> bool:
        """Something was put into the basket in another tab; a preview of the shop's own may not say its total."""
        seen = request.POST.get("mpesa_amount", "")
        return bool(seen) and seen != str(shillings(self._mpesa_total))

    def _lead_back(self, refusal: StartRefused) -> HttpResponse:
        """Nothing was placed yet: to the phone step where another number helps, else to the preview."""
        messages.warning(self.request, refusal_message(refusal, now=timezone.now(), shows_number=True))
        return redirect("checkout:payment-details" if refusal.phone else "checkout:preview")

    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        """Nothing is paid yet when an M-Pesa order is placed."""
        if not self._mpesa_placing:
            super().handle_payment(order_number, total, **kwargs)  # type: ignore[misc]

    def get_initial_order_status(self, basket: Any) -> Any:
        """An M-Pesa order awaits its payment."""
        if self._mpesa_placing:
            return get_settings().PENDING_STATUS
        return super().get_initial_order_status(basket)  # type: ignore[misc]

    def handle_order_placement(self, order_number: str, user: Any, basket: Any, *args: Any, **kwargs: Any) -> Any:
        """All of it or nothing: an error after Oscar's own part leaves no order and no allocated stock."""
        if not self._mpesa_placing:
            return super().handle_order_placement(order_number, user, basket, *args, **kwargs)  # type: ignore[misc]
        with transaction.atomic():
            require_stock(basket, self.request.strategy)  # type: ignore[attr-defined]
            return super().handle_order_placement(order_number, user, basket, *args, **kwargs)  # type: ignore[misc]

    def handle_successful_order(self, order: Any) -> Any:
        """Commit the payment's row with the order; the prompt leaves after the commit, and no mail before the money."""
        if not self._mpesa_placing:
            return super().handle_successful_order(order)  # type: ignore[misc]
        assert self.mpesa_phone is not None
        now = timezone.now()
        try:
            payment = start_payment(
                order,
                phone=self.mpesa_phone,
                now=now,
                language=get_language() or "",
                digest=ownership.session_digest(self.request),
                address=client_address(self.request),
            )
        except StartRefused as refusal:
            raise UnableToPlaceOrder(refusal_message(refusal, now=now)) from refusal  # masked, for Oscar logs it
        transaction.on_commit(partial(send_stk_push, payment, now=timezone.now()), robust=True)
        ownership.grant_order(self.request, payment.mpesa_order)
        ownership.remember_number(self.request, self.mpesa_phone)
        # Saved with the order, not after the push: a second click meanwhile finds the order in its session.
        self.request.session.modified = False
        self.request.session.save()  # a session that lives in its cookie is marked modified by this
        return redirect("checkout:mpesa-payment", payment.mpesa_order.public_id)

    def _lead_to(self, order: Any) -> HttpResponse:
        mpesa_order = MpesaOrder.objects.filter(order=order).first()
        if mpesa_order is None:
            messages.info(self.request, gettext("Your order was placed already."))
            return redirect("basket:summary")
        ownership.grant_order(self.request, mpesa_order)
        return redirect("checkout:mpesa-payment", mpesa_order.public_id)
