"""The page of an order that never had a prompt, such as an order by phone, and the prompt that staff send for it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView, View
from oscar.core.loading import get_model

from oscar_mpesa.access.order_pages import may_see_orders
from oscar_mpesa.access.staff_permissions import ACT, RECORD
from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.payments.customer import customer_of
from oscar_mpesa.dashboard.payments.forms import OtherNumberForm
from oscar_mpesa.dashboard.payments.order_panel import panel_of
from oscar_mpesa.dashboard.payments.prompt_offer import prompt_offer
from oscar_mpesa.dashboard.payments.prompts import send_prompt
from oscar_mpesa.dashboard.viewer import viewer_of
from oscar_mpesa.domain.phone import PhoneNumber, kenyan_mobile
from oscar_mpesa.models import MpesaOrder, MpesaPayment

Order = get_model("order", "Order")


@method_decorator(never_cache, name="dispatch")
class OrderView(DashboardMixin, TemplateView):
    """An order without payments; one with payments is shown on the page of the newest. Changes nothing."""

    template_name = "oscar_mpesa/dashboard/payments/order.html"
    tab = "mpesa-payments"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Redirect to the newest payment, or render the page. Raises ``Http404`` without such an order."""
        newest = MpesaPayment.objects.filter(mpesa_order_id=kwargs["pk"]).order_by("-pk").first()
        if newest is not None:
            return redirect("dashboard:mpesa-payment", newest.pk)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the order, its money, the customer and the prompt that may be sent.

        Orders without an M-PESA side are for staff who may send prompts, or see orders in Oscar's dashboard.
        """
        order, user = get_object_or_404(Order, pk=kwargs["pk"]), self.request.user
        mpesa_order = MpesaOrder.objects.filter(pk=order.pk).first()
        if mpesa_order is None and not (user.has_perm(ACT) or may_see_orders(user)):
            raise PermissionDenied
        viewer, phone = viewer_of(user), delivery_phone(order)
        return {
            **super().get_context_data(**kwargs),
            "order": order,
            "panel": panel_of(order, shows_phones=viewer.shows_phones),
            "customer": customer_of(order, phone, viewer),
            "offer": prompt_offer(order, mpesa_order, phone, user=user, newest=None),
            "number_form": OtherNumberForm(),
            "prompt_url": reverse("dashboard:mpesa-order-send-prompt", args=[order.pk]),
            "may_record": user.has_perm(RECORD) and not (mpesa_order is not None and mpesa_order.is_paid),
            "is_test": mpesa_order is not None and mpesa_order.environment != PRODUCTION,
        }


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class OrderPromptView(View):
    """Send a prompt for what an order owes to its delivery phone, or to a typed number."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send it, and redirect to its page; to the order's page if none was sent."""
        order = get_object_or_404(Order, pk=pk)
        payment = send_prompt(request, order, delivery_phone(order), now=timezone.now())
        if payment is None:
            return redirect("dashboard:mpesa-order", order.pk)
        return redirect("dashboard:mpesa-payment", payment.pk)


def delivery_phone(order: Any) -> PhoneNumber | None:
    """Return the phone of the order's delivery address, or None if M-PESA can't send it a prompt."""
    return kenyan_mobile(getattr(order.shipping_address, "phone_number", None))
