"""The two mixins that add M-PESA to a shop's checkout views.

``integration.py`` adds them automatically. With ``AUTO_INTEGRATE`` off, make each the first base of your own view.
Neither changes orders of other methods: placing an order depends on a flag that only our own submission sets.
"""

from __future__ import annotations

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
from oscar.core.loading import get_class

from oscar_mpesa.access import ownership
from oscar_mpesa.access.availability import is_available_to
from oscar_mpesa.checkout import methods
from oscar_mpesa.checkout.basket_currency import BasketCurrencyMixin
from oscar_mpesa.checkout.phone_step import PhoneStepMixin
from oscar_mpesa.checkout.placed_order import PlacedOrderMixin
from oscar_mpesa.checkout.placement import PlacementMixin
from oscar_mpesa.checkout.step_paths import PHONE, PREVIEW, name_of_chooser, name_of_phone_step
from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.method_code import is_mpesa
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaOrder, MpesaPushAttempt
from oscar_mpesa.oscar_adapter.basket_currency import has_foreign_price
from oscar_mpesa.oscar_adapter.payment_methods import has_other_method
from oscar_mpesa.oscar_adapter.placement import make_pending, order_of_basket
from oscar_mpesa.oscar_adapter.rounding_surcharge import add_rounding, is_payable, shillings
from oscar_mpesa.payment_page.messages import refusal_message
from oscar_mpesa.services.exceptions import StartRefused
from oscar_mpesa.services.payments import start_payment
from oscar_mpesa.services.rate_limits import admit_push, lock_for_push
from oscar_mpesa.services.stk_push import send_stk_push

__all__ = ["MpesaPaymentDetailsMixin", "MpesaPaymentMethodMixin"]

UnableToPlaceOrder = get_class("order.exceptions", "UnableToPlaceOrder")

#: How Oscar's navigation numbers the pages of the checkout. The phone is part of the page that asks for it.
PAYMENT_STEP, PREVIEW_STEP = 3, 4


class MpesaPaymentMethodMixin(PlacedOrderMixin, BasketCurrencyMixin):
    """Extend Oscar's ``PaymentMethodView`` to list M-PESA beside the shop's other methods."""

    request: HttpRequest
    checkout_session: Any

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the chooser, skip it if there is only one method, or show the shop's own view if there is none.

        Clears a stored choice of M-PESA if no method is offered, because the shopper could not change it.
        """
        offered = self.mpesa_methods()
        if len(offered) == 1:
            return self._choose(offered[0])
        if offered:
            return self._render_chooser(offered)
        if is_mpesa(self.checkout_session.payment_method()):
            self.checkout_session.pay_by(None)
        response: HttpResponse = super().get(request, *args, **kwargs)  # type: ignore[misc]
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Store the chosen method in the checkout session. A form of the shop's own, on another page, is the shop's."""
        offered = self.mpesa_methods()
        chosen = next((method for method in offered if method.code == request.POST.get("method")), None)
        if chosen is not None:
            return self._choose(chosen)
        if hasattr(super(), "post"):
            response: HttpResponse = super().post(request, *args, **kwargs)  # type: ignore[misc]
            return response
        return self._render_chooser(offered, error=gettext("Choose a way to pay."))

    def mpesa_methods(self) -> list[methods.Method]:
        """Return M-PESA, if it can take this order's total, and then the shop's other methods."""
        total = self.build_submission()["order_total"]
        store_view = apps.get_app_config("checkout").payment_details_view  # type: ignore[attr-defined]
        others = methods.other_methods(store_view)
        is_offered = is_available_to(self.request.user) and total is not None and is_payable(total)
        is_offered = is_offered and not has_foreign_price(self.request.basket)  # type: ignore[attr-defined]
        return [methods.MPESA_METHOD, *others] if is_offered else others

    def _choose(self, method: methods.Method) -> HttpResponse:
        self.checkout_session.pay_by(method.code)
        self.checkout_session._set("mpesa", "chosen_on", "")
        if method is methods.MPESA_METHOD:  # whatever page the shop's own view goes on to
            return redirect(name_of_phone_step())
        if method is methods.STORE_METHOD:  # as the shop's own view goes on
            response: HttpResponse = super().get(self.request)  # type: ignore[misc]
            return response
        return redirect(method.url_name) if method.url_name else self.get_success_response()  # type: ignore[attr-defined]

    def _render_chooser(self, offered: list[methods.Method], error: str = "") -> HttpResponse:
        context = self.get_context_data()  # type: ignore[attr-defined]
        chosen = self.checkout_session.payment_method()
        amount = shillings(context["order_total"]) if methods.MPESA_METHOD in offered else None
        context.update(methods=offered, chosen=chosen, mpesa_amount=amount, error=error, mpesa=get_settings())
        return render(self.request, "oscar_mpesa/payment_method.html", context, status=422 if error else 200)


class MpesaPaymentDetailsMixin(PlacementMixin, PhoneStepMixin):
    """Extend Oscar's ``PaymentDetailsView``: enter the phone, place the order, then send the prompt."""

    request: HttpRequest
    checkout_session: Any
    preview: bool
    _mpesa_attempt: MpesaPushAttempt | None = None
    #: The phone of the order that is being placed. The shop's code may clear the session meanwhile.
    _placing_phone: PhoneNumber | None = None

    @property
    def _can_take_total(self) -> bool:
        return super()._can_take_total and not has_foreign_price(self.request.basket)  # type: ignore[attr-defined]

    # Pages: these methods depend on the choice in the session.

    def get_template_names(self) -> list[str]:
        """Return our templates for the phone step and the preview. They extend the shop's own templates."""
        if not self.is_mpesa_possible or (self.preview and self.chosen_on == PREVIEW):
            names: list[str] = super().get_template_names()  # type: ignore[misc]
            return names
        return ["oscar_mpesa/preview.html" if self.preview else "oscar_mpesa/payment_details.html"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the phone, the amount and the shop's template to extend to the shop's context.

        Gateways freeze the basket when they build their page. On a page of ours, the basket stays open.
        """
        basket = self.request.basket  # type: ignore[attr-defined]
        was_open = basket.can_be_edited
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        if self.is_mpesa_possible:
            if was_open and not basket.can_be_edited:
                basket.thaw()
            context.setdefault("mpesa_form", self._phone_form())
            context.update(
                base_template=self._shops_preview() if self.preview else "",
                mpesa_amount=shillings(self._mpesa_total),
                mpesa_phone=self.mpesa_phone,
                mpesa_total=self._mpesa_total,
                mpesa_phone_url=reverse(self.phone_step),
                mpesa_action=reverse(f"checkout:{PHONE if self.is_phone_page else PREVIEW}"),
                mpesa_places_order=self.chosen_on == PREVIEW,
                mpesa_step=PREVIEW_STEP if self.chosen_on == PREVIEW else PAYMENT_STEP,
                mpesa_chooser_url=self._chooser_url,
                mpesa=get_settings(),
            )
        return context

    @property
    def _chooser_url(self) -> str:
        """The page where the shopper can choose another method; empty if M-PESA is the only one."""
        if self.chosen_on:
            return reverse(f"checkout:{self.chosen_on}")
        chooser = name_of_chooser()
        return reverse(chooser) if chooser != name_of_phone_step() and has_other_method() else ""

    def _shops_preview(self) -> str:
        """Return the template that our preview extends. A shop may return one name instead of a list."""
        names: list[str] | str = super().get_template_names()  # type: ignore[misc]
        return names if isinstance(names, str) else names[0]

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """Forbid browsers to cache our pages, because their buttons no longer work once the order is placed."""
        page: HttpResponse = super().render_to_response(context, **kwargs)  # type: ignore[misc]
        if self.is_mpesa_possible:
            add_never_cache_headers(page)
        return page

    def build_submission(self, **kwargs: Any) -> dict[str, Any]:
        """Add the rounding surcharge to Oscar's submission if M-PESA is possible, so that the total is whole."""
        submission: dict[str, Any] = super().build_submission(**kwargs)
        self._mpesa_total = submission["order_total"]
        return add_rounding(submission) if self._mpesa_total is not None and self.is_mpesa_possible else submission

    # Placement: these methods depend on the flag ``_mpesa_placing`` of our own submission.

    def handle_place_order_submission(self, request: HttpRequest) -> HttpResponse:
        """Place the order once, also on a double click, unless a limit refuses its push.

        The rows of the limits are locked first, so the second click waits for the first, and uses up no limit.
        """
        if not self.is_mpesa_step or self._mpesa_placing:
            response: HttpResponse = super().handle_place_order_submission(request)  # type: ignore[misc]
            return response
        phone = self.mpesa_phone
        if phone is None:
            return redirect(self.phone_step)
        if self._has_total_changed(request):
            messages.warning(request, gettext("The total has changed. Please double-check it before you pay."))
            return redirect(f"checkout:{PREVIEW}")
        actor, now = ownership.make_actor(request), timezone.now()
        with transaction.atomic(savepoint=False):
            lock_for_push(phone, actor=actor, now=now)
            placed = order_of_basket(request.basket)  # type: ignore[attr-defined]
            if placed is not None:
                return self._redirect_to_order(placed)
            admission = admit_push(phone, actor=actor, now=now)
            if admission.refusal is not None and admission.refusal.phone is None:
                return self._redirect_after_refusal(admission.refusal)
            self._mpesa_placing, self._placing_phone = True, phone
            self._mpesa_attempt, self._mpesa_refusal = admission.attempt, admission.refusal
            return self.submit_shops_form() if self.chosen_on == PREVIEW else self.submit(**self.build_submission())

    def _has_total_changed(self, request: HttpRequest) -> bool:
        """Compare the total with the preview's. A shop's own preview may not post it."""
        previewed = request.POST.get("mpesa_amount", "")
        return bool(previewed) and previewed != str(shillings(self._mpesa_total))

    def handle_successful_order(self, order: Any) -> Any:
        """Create the payment in the order's transaction, and send the push after the commit.

        Sends no confirmation email. The outbox sends it once the order is paid.
        """
        phone = self._placing_phone
        if phone is None:
            return super().handle_successful_order(order)  # type: ignore[misc]
        now = timezone.now()
        make_pending(order)
        try:
            payment = start_payment(
                order,
                phone=phone,
                now=now,
                language=get_language() or "",
                attempt=self._mpesa_attempt,
            )
        except StartRefused as refusal:
            raise UnableToPlaceOrder(refusal_message(refusal, now=now)) from refusal  # masked, for Oscar logs it
        self._mpesa_payment = payment
        transaction.on_commit(lambda: send_stk_push(payment, now=timezone.now()), robust=True)
        ownership.grant_order(self.request, payment.mpesa_order)
        ownership.remember_number(self.request, phone)
        # Save the session with the order, so that a second click during the push finds the order there.
        self.request.session.modified = False
        self.request.session.save()  # marks cookie-based sessions as modified again
        return redirect("checkout:mpesa-payment", payment.mpesa_order.public_id)

    def _redirect_to_order(self, order: Any) -> HttpResponse:
        mpesa_order = MpesaOrder.objects.filter(order=order).first()
        if mpesa_order is None:
            messages.info(self.request, gettext("Your order has already been placed."))
            return redirect("basket:summary")
        ownership.grant_order(self.request, mpesa_order)
        return redirect("checkout:mpesa-payment", mpesa_order.public_id)
